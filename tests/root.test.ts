// A root made by hand, as an image without a shell has it: the executable, its libraries, /proc and two devices.

import { afterAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { platformOfFile } from "../src/bundle/runtime.ts";
import { findMusl, muslLoader } from "./musl.ts";
import { executable, json, notRunHere, Place, table } from "./rung.ts";

/** The files of a root, from where they are to where they belong. */
type Contents = readonly (readonly [string, string])[];

function succeeds(...words: readonly [string, ...string[]]): boolean {
  return spawnSync(words[0], words.slice(1)).status === 0;
}

/** A directory that becomes the root of what runs in it. */
class Root {
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

  /** Makes the root; why not, or null. */
  make(contents: Contents): string | null {
    for (const folder of ["proc", "dev", "data"]) {
      mkdirSync(`${this.#path}/${folder}`, { recursive: true });
    }
    for (const [from, to] of contents) {
      mkdirSync(dirname(this.#path + to), { recursive: true });
      // Libraries are often named by links: what they lead to is copied.
      copyFileSync(from, this.#path + to);
    }
    chmodSync(this.#place.path, 0o755);
    chmodSync(`${this.#path}/data`, 0o777);
    this.#place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") }, "root/migrations");
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

  list(): readonly string[] {
    return readdirSync(this.#path).sort();
  }

  run(...words: readonly string[]): {
    readonly status: number | null;
    readonly out: string;
  } {
    const path = process.env["PATH"] ?? "";
    const { status, stdout } = spawnSync("unshare", [...this.#before, this.#path, ...words], {
      encoding: "utf8",
      env: { PATH: path, RUNG_DB: "/data/app.db", RUNG_DIR: "/migrations" },
    });
    return { status, out: stdout };
  }

  applied(): number {
    return this.#place.query("SELECT version FROM rung_history", "root/data/app.db").length;
  }

  platformOf(path: string): string | null {
    return platformOfFile(this.#path + path);
  }

  [Symbol.dispose](): void {
    this.#place[Symbol.dispose]();
  }
}

function runMainJob(root: Root): void {
  const run = (...words: readonly string[]): ReturnType<Root["run"]> => root.run("/rung", ...words);
  const migrated = run("migrate", "--json");
  expect([migrated.status, json(migrated.out)["count"]]).toEqual([0, 2]);
  const back = run("rollback", "--json");
  expect([back.status, json(back.out)["count"]]).toEqual([0, 1]);
  const status = run("status", "--json");
  expect(json(status.out)).toMatchObject({ ok: true, applied: 1, pending: 1 });
  expect(run("status", "--check").status).toBe(1);
  const started = run("migrate", "--json", "--", "/rung", "status", "--json");
  expect(started.status).toBe(0);
  const [report = "", said = ""] = started.out.split("\n");
  expect(json(report)).toMatchObject({ command: "migrate", ok: true, count: 1 });
  expect(json(said)).toMatchObject({ command: "status", applied: 2, pending: 0 });
  expect(run("migrate", "--", "/bin/sh").status).toBe(2);
  expect(root.applied()).toBe(2);
}

/** The files of the libraries that the executable asks for. */
function libraries(): readonly string[] {
  const { stdout } = spawnSync("ldd", [executable], { encoding: "utf8" });
  return [...(stdout ?? "").matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
}

const own = new Root();
afterAll(() => own[Symbol.dispose]());
const name = "the main job in a root of its own, as an unprivileged user";

function makeOwn(): string | null {
  if (process.platform !== "linux") return "chroot is tried on Linux";
  const files = libraries();
  if (files.length === 0) return "ldd names no libraries";
  return own.make([[executable, "/rung"], ...files.map((file) => [file, file] as const)]);
}

const reason = makeOwn();
if (reason !== null) {
  notRunHere(name, reason);
} else {
  test(name, () => {
    const files = own.list().filter((each) => !each.startsWith("lib"));
    expect(files).toEqual(["data", "dev", "migrations", "proc", "rung"]);
    runMainJob(own);
  });
}

const alpine = new Root();
afterAll(() => alpine[Symbol.dispose]());
const muslName = "the build for musl, in a root like Alpine's";

/** The build for musl is made as its users make it, which fetches its runtime. */
async function makeAlpine(): Promise<string | null> {
  if (reason !== null) return reason;
  if (platformOfFile(executable) !== "linux-x64") return "it is tried on Linux for x64 with glibc";
  if (!existsSync(muslLoader) && process.env["RUNG_MUSL"] !== "fetch") {
    return "no loader of musl; RUNG_MUSL=fetch takes it from Debian's package";
  }
  const built = `${alpine.workshop}/rung`;
  mkdirSync(alpine.workshop);
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  const words = ["bundle", "--target", "linux-x64-musl", "--out", built];
  const made = await place.rung(words, { env: { HOME: process.env["HOME"] ?? "" } });
  if (made.stderr.includes("[bundle.runtime]")) return "its runtime cannot be fetched";
  const musl = findMusl(alpine.workshop, built);
  if (typeof musl === "string") return musl;
  return alpine.make([
    [built, "/rung"],
    [musl.loader, muslLoader],
    [musl.library, "/usr/lib/libstdc++.so.6"],
  ]);
}

const muslReason = await makeAlpine();
if (muslReason !== null) {
  notRunHere(muslName, muslReason);
} else {
  test(muslName, () => {
    expect(alpine.list()).toEqual(["data", "dev", "lib", "migrations", "proc", "rung", "usr"]);
    runMainJob(alpine);
  });

  test("the build for musl bundles, and makes nothing that is not for the platform that was asked for", () => {
    const made = alpine.run("/rung", "bundle", "--out", "/data/app", "--json");
    expect([made.status, json(made.out)["ok"]]).toEqual([0, true]);
    expect(alpine.platformOf("/data/app")).toBe("linux-x64-musl");
    const carried = alpine.run("/data/app", "status", "--json");
    expect(json(carried.out)).toMatchObject({ ok: true, applied: 2 });
    // Its runtime takes its own for that of every Linux on the same processor.
    const other = alpine.run(
      "/rung",
      ...["bundle", "--target", "linux-x64", "--out", "/data/other", "--json"],
    );
    expect([other.status, json(other.out)["error"]]).toMatchObject([7, { code: "bundle.runtime" }]);
  });
}
