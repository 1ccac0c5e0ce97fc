// `migrate -- CMD ARGS`: on success the process becomes the application, as if it had been started in its place.

import { expect, test } from "bun:test";
import { chmodSync, symlinkSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { executable, json, notRunHere, Place, table } from "./rung.ts";

const PATH = "/usr/bin:/bin";

function placeWith(files = { "1_a.sql": table("a") }): Place {
  const place = new Place();
  place.write(files);
  return place;
}

test("the application has the same process id, words, environment and standard input, and its status is ours", async () => {
  using place = placeWith();
  const script = `echo "$$ $PPID|$0|$1|$A"; cat; exit 37`;
  const child = Bun.spawn(
    [executable, "migrate", "--json", "--", "sh", "-c", script, "x", "--json"],
    {
      cwd: place.path,
      env: { PATH, A: "a b" },
      stdin: new Blob([`{"type":"rollback"}\n`]),
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect([await child.exited, stderr]).toEqual([37, ""]);
  const [report = "", ...rest] = stdout.split("\n");
  expect(json(report)).toMatchObject({ command: "migrate", ok: true, count: 1 });
  expect(rest).toEqual([`${child.pid} ${process.pid}|x|--json|a b`, `{"type":"rollback"}`, ""]);
  expect(place.applied()).toEqual([1]);
});

test("no descriptor and no ignored signal is left to the application, after TypeScript and in WAL mode too", async () => {
  using place = placeWith();
  place.execute("PRAGMA journal_mode = wal");
  place.write({
    "2_b.ts": `export function up(db) { console.log("said"); db.exec("CREATE TABLE b (x)"); }`,
  });
  const script =
    "for each in /proc/self/fd/*; do echo ${each##*/}; done; cat /proc/self/status; ls";
  const ran = await place.rung(["migrate", "--", "sh", "-c", script], { env: { PATH } });
  expect([ran.status, ran.stderr]).toEqual([0, "said\n"]);
  // The shell itself expands the list, with one descriptor open to read it.
  expect(ran.stdout).toMatch(/^applied 1 .*\napplied 2 .*\n0\n1\n2\n(?:3\n)?Name/);
  for (const kind of ["SigIgn", "SigBlk"]) {
    expect(ran.stdout).toMatch(new RegExp(`^${kind}:\\t0{16}$`, "m"));
  }
  expect(ran.stdout).toEndWith("\nmigrations\nrung.db\n");
});

test("where migrating fails, the application is not started", async () => {
  using place = placeWith({ "1_a.sql": "-- migrate:up\nINSERT INTO nowhere VALUES (1);\n" });
  const ran = await place.rung(["migrate", "--", "touch", "started"], { env: { PATH } });
  expect([ran.status, place.list()]).toEqual([6, ["migrations", "rung.db"]]);
  expect(ran.stderr).toContain("[step.failed]");
});

test("an application that is not to be had is found out before anything runs", async () => {
  using place = placeWith();
  place.write({ plain: "#!/bin/sh\n", "sub/x": "" }, "bin");
  for (const name of ["nowhere", "./nowhere", "bin/plain", "plain", "bin/sub", "sub", ""]) {
    const ran = await place.rung(["migrate", "--json", "--", name], { env: { PATH: "bin" } });
    expect([name, ran.status, json(ran.stdout)]).toMatchObject([
      name,
      2,
      { error: { code: "usage.no-program" } },
    ]);
  }
  expect(place.list()).toEqual(["bin", "migrations"]);
});

test("it is looked up as the system does: PATH in order, the folder itself where a part is empty", async () => {
  using place = placeWith();
  place.write({ "one/app": "nothing", "two/app": "#!/bin/sh\necho two\n" }, "bin");
  chmodSync(place.at("bin/two/app"), 0o755);
  symlinkSync("bin/two/app", place.at("here"));
  for (const [command, path] of [
    ["app", "bin/one:bin/two"],
    ["./here", ""],
    ["here", "/nowhere:"],
  ] as const) {
    const ran = await place.rung(["up", "--", command], { env: { PATH: path } });
    expect([command, ran.status, ran.stdout.endsWith("two\n")]).toEqual([command, 0, true]);
  }
  // What the system cannot run after all is said once the report is out.
  chmodSync(place.at("bin/one/app"), 0o755);
  const ran = await place.rung(["migrate", "--json", "--", "bin/one/app"]);
  expect([ran.status, json(ran.stdout)["ok"]]).toEqual([2, true]);
  expect(ran.stderr).toContain("[usage.no-program]");
});

test("as process 1 the application gets the signals as the system has them", async () => {
  const unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
  const [program = "", ...words] = [...unshare, "true"];
  if (spawnSync(program, words).status !== 0) {
    return notRunHere("the application as process 1", "unshare --pid is not permitted");
  }
  using place = placeWith();
  const ran = await place.rung(["migrate", "--", "cat", "/proc/self/status"], {
    env: { PATH },
    before: unshare,
  });
  expect(ran.status).toBe(0);
  expect(ran.stdout).toMatch(/^Pid:\t1$/m);
  expect(ran.stdout).toMatch(/^SigIgn:\t0{16}\nSigCgt:\t0{16}$/m);
});

test("RUNG_LOCK_TIMEOUT and RUNG_JSON say what their options do, and a wrong value names its variable", async () => {
  using place = placeWith();
  for (const value of ["1", "true", "YES", "on"]) {
    const ran = await place.rung(["status"], { env: { RUNG_JSON: value } });
    expect(json(ran.stdout)).toMatchObject({ command: "status", pending: 1 });
    const unread = await place.rung(["fly"], { env: { RUNG_JSON: value } });
    expect(json(unread.stdout)).toMatchObject({ ok: false });
  }
  for (const value of ["", "0", "false", "No", "off"]) {
    const ran = await place.rung(["status"], { env: { RUNG_JSON: value } });
    expect(ran.stdout).toStartWith("VERSION");
  }
  for (const [variable, value] of [
    ["RUNG_JSON", "maybe"],
    ["RUNG_LOCK_TIMEOUT", "soon"],
  ] as const) {
    for (const words of [["status"], [`{"type":"status"}`]]) {
      const ran = await place.rung(words, { env: { [variable]: value } });
      expect([ran.status, ran.stdout]).toEqual([2, ""]);
      expect(ran.stderr).toContain(`rung: ${variable} must be`);
    }
  }
  await place.rung(["migrate"]);
  await place.rung(["rollback"]);
  const lock = new (await import("bun:sqlite")).Database(place.at("rung.db"));
  lock.run("BEGIN IMMEDIATE");
  // Without the variable these would wait for 30 s and 4 s.
  const env = { RUNG_LOCK_TIMEOUT: "10ms" };
  const [command, message] = await Promise.all([
    place.rung(["migrate", "--json"], { env }),
    place.rung([`{"type":"migrate"}`], { env }),
  ]);
  lock.close();
  expect(json(command.stdout)).toMatchObject({ error: { code: "database.locked" } });
  expect(json(message.stdout)).toMatchObject({ error: "database.locked" });
});
