// A root made by hand, as an image without a shell has it: what is put there, /proc, two devices, and nothing else.

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { executable, Place, type Files, type Row } from "./rung.ts";

/** Files by where they belong, from where they are. */
export type Contents = readonly (readonly [to: string, from: string])[];

/** What came of a process in it. */
export interface RanInside {
  readonly status: number | null;
  readonly out: string;
  readonly error: string;
}

function succeeds(...words: readonly [string, ...string[]]): boolean {
  return spawnSync(words[0], words.slice(1)).status === 0;
}

/** The libraries that the executable under test asks for; none where that cannot be told. */
export function ownLibraries(): Contents {
  if (process.platform !== "linux") return [];
  const { stdout } = spawnSync("ldd", [executable], { encoding: "utf8" });
  const paths = [...(stdout ?? "").matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
  return paths.map((path) => [path, path]);
}

/** A directory that becomes the root of what runs in it, as an unprivileged user. */
export class Root implements Disposable {
  readonly #place = new Place();
  readonly #path = this.#place.at("root");
  /** What goes before a program and its words; the mount is this process's own, and gone with it, however it ends. */
  readonly #before = [
    "--mount",
    "/bin/sh",
    "-c",
    `mount -t proc proc "$0/proc" && exec chroot --userspec=65534:65534 "$@"`,
    this.#path,
  ];

  /** A folder for what is needed to make the root. */
  readonly workshop = this.#place.at("workshop");

  constructor() {
    mkdirSync(this.workshop);
  }

  /** Makes the root, with folders that its user may write to; why not, or null. */
  make(contents: Contents, writable: readonly string[] = ["/data"]): string | null {
    if (process.platform !== "linux") return "chroot is tried on Linux";
    if (contents.length < 2) return "ldd names no libraries";
    for (const folder of ["/proc", "/dev", ...writable]) {
      mkdirSync(this.#path + folder, { recursive: true });
    }
    for (const [to, from] of contents) {
      mkdirSync(dirname(this.#path + to), { recursive: true });
      // Libraries are often named by links: what they lead to is copied.
      copyFileSync(from, this.#path + to);
    }
    chmodSync(this.#place.path, 0o755);
    for (const folder of writable) chmodSync(this.#path + folder, 0o777);
    for (const [name, minor] of [
      ["null", "3"],
      ["urandom", "9"],
    ] as const) {
      if (!succeeds("mknod", "-m", "666", `${this.#path}/dev/${name}`, "c", "1", minor)) {
        return "mknod is not permitted";
      }
    }
    // The same with a root that has all: what then fails in ours is no matter of what is permitted.
    const isPermitted = succeeds("unshare", ...this.#before, "/", "/bin/sh", "-c", ":");
    return isPermitted ? null : "a mount, or chroot as somebody else, is not permitted";
  }

  write(folder: string, files: Files): void {
    this.#place.write(files, `root${folder}`);
  }

  /** What is there, but for the folders of libraries. */
  list(): readonly string[] {
    return readdirSync(this.#path)
      .filter((name) => !name.startsWith("lib"))
      .sort();
  }

  /** The path of a file in it, as it is outside. */
  at(path: string): string {
    return this.#path + path;
  }

  run(
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    input = "",
  ): RanInside {
    const { PATH = "" } = process.env;
    const ran = spawnSync("unshare", [...this.#before, this.#path, ...words], {
      encoding: "utf8",
      env: { PATH, ...environment },
      input,
    });
    return { status: ran.status, out: ran.stdout, error: ran.stderr };
  }

  query(sql: string, file: string): Row[] {
    return this.#place.query(sql, `root${file}`);
  }

  [Symbol.dispose](): void {
    this.#place[Symbol.dispose]();
  }
}
