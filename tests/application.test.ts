// What follows `--`: on success the process becomes that command, and on failure there is no trace of it.

import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { executable, json, Place, table } from "./rung.ts";

/** A place with one migration. */
function placed(): Place {
  const place = new Place();
  place.write({ "1_a.sql": table("a") });
  return place;
}

const env = { PATH: "/usr/bin:/bin", COLOUR: "blue" };

test("the process becomes the application: process, words, environment, streams and exit status", async () => {
  using place = placed();
  const script = `read line; echo "$line $COLOUR $0 $1 $2"; echo oops >&2; exit 7`;
  const words = ["migrate", "--", "sh", "-c", script, "--json", "a b", "--"];
  const first = await place.rung(words, { env, stdin: "hello\n" });
  expect([first.status, first.stderr]).toEqual([7, "oops\n"]);
  expect(first.stdout).toMatch(/^applied 1 a \(\d+ ms\)\nhello blue --json a b --\n$/);
  const again = await place.rung(words, { env, stdin: "hello\n" });
  expect(again.stdout).toBe("Nothing to apply: rung.db is up to date\nhello blue --json a b --\n");
  const asJson = await place.rung(["migrate", "--json", "--", "echo", "started"], { env });
  const [report = "", said] = asJson.stdout.split("\n");
  expect([json(report)["ok"], said]).toEqual([true, "started"]);
});

test("the application is the same process, with no descriptor of ours and no signal ignored", async () => {
  using place = placed();
  const proc = "echo $$; ls -x /proc/$$/fd; grep -E '^Sig(Ign|Blk)' /proc/$$/status";
  const script = `echo $$; exec "$0" migrate --json -- sh -c "$1"`;
  const child = Bun.spawn(["sh", "-c", script, executable, proc], {
    cwd: place.path,
    env,
    stdin: "ignore",
    stdout: "pipe",
  });
  const [before, , after, open, blocked, ignored] = (await child.stdout.text()).split("\n");
  expect(after).toBe(before);
  expect(open?.trim().split(/\s+/)).toEqual(["0", "1", "2"]);
  expect([blocked, ignored]).toEqual(["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"]);
});

test("a signal ends the application", async () => {
  using place = placed();
  for (const signal of ["SIGTERM", "SIGPIPE", "SIGINT"]) {
    const name = signal.slice("SIG".length);
    const { status } = await place.rung(["migrate", "--", "sh", "-c", `kill -${name} $$; exit 3`], {
      env,
    });
    expect([signal, status === 3]).toEqual([signal, false]);
  }
});

test("a command that cannot be executed is refused before anything runs", async () => {
  using place = placed();
  writeFileSync(place.at("data"), "echo no\n");
  for (const word of ["no-such-command", "./data", "./absent", "/", "data", ""]) {
    const { status, stdout } = await place.rung(["migrate", "--json", "--", word], {
      env: { PATH: `:${place.path}:/usr/bin` },
    });
    const code = "usage.no-such-command";
    expect([status, json(stdout)["error"]]).toEqual([2, expect.objectContaining({ code })]);
  }
  expect(place.list()).toEqual(["data", "migrations"]);
});

test("a script without an interpreter is the shell's, and an empty place of PATH is here", async () => {
  using place = placed();
  writeFileSync(place.at("start"), 'echo "script $1"\n');
  chmodSync(place.at("start"), 0o755);
  const { stdout } = await place.rung(["migrate", "--", "start", "x"], { env: { PATH: "" } });
  expect(stdout).toContain("script x\n");
});

test("after a migrate that failed nothing starts, and its exit status stays", async () => {
  using place = placed();
  place.write({ "2_b.sql": "-- migrate:up\nnonsense;\n" });
  const { status, stdout } = await place.rung(["migrate", "--", "echo", "started"], { env });
  expect([status, stdout.includes("started")]).toEqual([6, false]);
});

test("-- is for migrate, with words, and for real", async () => {
  using place = placed();
  const wrong: readonly (readonly [string, readonly string[]])[] = [
    ["usage.unexpected-argument", ["status", "--json", "--", "echo"]],
    ["usage.unexpected-argument", ["rollback", "--json", "--"]],
    ["usage.unexpected-argument", ["--json", "--", "echo"]],
    ["usage.unexpected-argument", [`{"type":"migrate"}`, "--json", "--", "echo"]],
    ["usage.missing-argument", ["migrate", "--json", "--"]],
    ["usage.invalid-option", ["migrate", "--json", "--dry-run", "--", "echo"]],
  ];
  for (const [code, words] of wrong) {
    const { status, stdout } = await place.rung(words, { env });
    expect([words, status, json(stdout)["error"]]).toEqual([
      words,
      2,
      expect.objectContaining({ code }),
    ]);
  }
  // What stands after -- asks for nothing of ours.
  const text = await place.rung(["status", "--", "echo", "--json"], { env });
  expect([text.status, text.stdout]).toEqual([2, ""]);
  expect(place.list()).toEqual(["migrations"]);
});
