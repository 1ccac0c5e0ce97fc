// The executable in a root with nothing but its libraries, /proc and two devices: with glibc, and with musl.

import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { platformOfFile } from "../src/bundle/runtime.ts";
import { findMusl, muslLoader } from "./musl.ts";
import { ownLibraries, Root, type RanInside } from "./root.ts";
import { executable, json, notRunHere, Place, table } from "./rung.ts";

const migrations = { "1_a.sql": table("a"), "2_b.sql": table("b") };
const environment = { RUNG_DB: "/data/app.db", RUNG_DIR: "/migrations" };

function runMainJob(root: Root): void {
  const run = (...words: readonly string[]): RanInside =>
    root.run(["/rung", ...words], environment);
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
  expect(root.query("SELECT version FROM rung_history", "/data/app.db")).toHaveLength(2);
}

const own = new Root();
afterAll(() => own[Symbol.dispose]());
const name = "the main job in a root of its own, as an unprivileged user";
own.write("/migrations", migrations);
const reason = own.make([["/rung", executable], ...ownLibraries()]);
if (reason !== null) {
  notRunHere(name, reason);
} else {
  test(name, () => {
    expect(own.list()).toEqual(["data", "dev", "migrations", "proc", "rung"]);
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
  using place = new Place();
  place.write(migrations);
  const words = ["bundle", "--target", "linux-x64-musl", "--out", built];
  const made = await place.rung(words, { env: { HOME: process.env["HOME"] ?? "" } });
  if (made.stderr.includes("[bundle.runtime]")) return "its runtime cannot be fetched";
  const musl = findMusl(alpine.workshop, built);
  if (typeof musl === "string") return musl;
  alpine.write("/migrations", migrations);
  return alpine.make([
    ["/rung", built],
    [muslLoader, musl.loader],
    ["/usr/lib/libstdc++.so.6", musl.library],
  ]);
}

const muslReason = await makeAlpine();
if (muslReason !== null) {
  notRunHere(muslName, muslReason);
} else {
  test(muslName, () => {
    expect(alpine.list()).toEqual(["data", "dev", "migrations", "proc", "rung", "usr"]);
    runMainJob(alpine);
  });

  test("the build for musl bundles, and makes nothing that is not for the platform that was asked for", () => {
    const bundle = ["/rung", "bundle", "--json", "--dir", "/migrations", "--out"];
    const made = alpine.run([...bundle, "/data/app"]);
    expect([made.status, json(made.out)["ok"]]).toEqual([0, true]);
    expect(platformOfFile(alpine.at("/data/app"))).toBe("linux-x64-musl");
    const carried = alpine.run(["/data/app", "status", "--json"], { RUNG_DB: "/data/app.db" });
    expect(json(carried.out)).toMatchObject({ ok: true, applied: 2 });
    // Its runtime takes its own for that of every Linux on the same processor.
    const other = alpine.run([...bundle, "/data/other", "--target", "linux-x64"]);
    expect([other.status, json(other.out)["error"]]).toMatchObject([7, { code: "bundle.runtime" }]);
  });
}
