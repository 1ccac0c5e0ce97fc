// A root made by hand, as an image without a shell has it: the executable, its libraries, /proc and two devices.

import { afterAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { executable, json, notRunHere, Place, table } from "./rung.ts";

const place = new Place();
const newRoot = place.at("root");

/** What goes before a program and its words; the mount is this process's own, and gone with it, however it ends. */
const before = [
  "--mount",
  "/bin/sh",
  "-c",
  `mount -t proc proc "$0/proc" && exec chroot --userspec=65534:65534 "$@"`,
  newRoot,
];

function succeeds(...words: readonly [string, ...string[]]): boolean {
  return spawnSync(words[0], words.slice(1)).status === 0;
}

/** The files of the libraries that the executable asks for. */
function libraries(): readonly string[] {
  const { stdout } = spawnSync("ldd", [executable], { encoding: "utf8" });
  return [...(stdout ?? "").matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
}

/** Copies what the path leads to: libraries are often named by links. */
function put(from: string, to: string): void {
  mkdirSync(dirname(`${newRoot}${to}`), { recursive: true });
  copyFileSync(from, `${newRoot}${to}`);
}

/** Makes the root; why not, or null. */
function make(): string | null {
  const files = libraries();
  if (files.length === 0) return "ldd names no libraries";
  mkdirSync(`${newRoot}/proc`, { recursive: true });
  put(executable, "/rung");
  for (const file of files) put(file, file);
  mkdirSync(`${newRoot}/dev`);
  mkdirSync(`${newRoot}/data`);
  chmodSync(place.path, 0o755);
  chmodSync(`${newRoot}/data`, 0o777);
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") }, "root/migrations");
  for (const [name, minor] of [
    ["null", "3"],
    ["urandom", "9"],
  ] as const) {
    if (!succeeds("mknod", "-m", "666", `${newRoot}/dev/${name}`, "c", "1", minor)) {
      return "mknod is not permitted";
    }
  }
  // The same with a root that has all: what then fails in ours is no matter of what is permitted.
  const isPermitted = succeeds("unshare", ...before, "/", "/bin/sh", "-c", ":");
  return isPermitted ? null : "a mount, or chroot as somebody else, is not permitted";
}

function run(...words: readonly string[]): {
  readonly status: number | null;
  readonly out: string;
} {
  const path = process.env["PATH"] ?? "";
  const { status, stdout } = spawnSync("unshare", [...before, newRoot, "/rung", ...words], {
    encoding: "utf8",
    env: { PATH: path, RUNG_DB: "/data/app.db", RUNG_DIR: "/migrations" },
  });
  return { status, out: stdout };
}

const name = "the main job in a root of its own, as an unprivileged user";
const reason = process.platform === "linux" ? make() : "chroot is tried on Linux";
afterAll(() => place[Symbol.dispose]());
if (reason !== null) {
  place[Symbol.dispose]();
  notRunHere(name, reason);
} else {
  test(name, () => {
    expect(
      readdirSync(newRoot)
        .filter((each) => !each.startsWith("lib"))
        .sort(),
    ).toEqual(["data", "dev", "migrations", "proc", "rung"]);
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
    expect(place.query("SELECT version FROM rung_history", "root/data/app.db")).toHaveLength(2);
  });
}
