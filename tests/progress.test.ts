// Progress of what takes long: a line on a terminal, gone before anything else is written; nothing in a pipe.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { appendFileSync, writeFileSync } from "node:fs";
import type { Activity } from "../src/activity.ts";
import { progressOf } from "../src/report/progress.ts";
import { activityOf } from "../src/run/activity.ts";
import { start, type RunRequest } from "../src/run/state.ts";
import { executable, notRunHere, Place, root, table } from "./rung.ts";
import { noTerminal, Terminal } from "./terminal.ts";

const unavailable = noTerminal();

/** A test that needs a terminal. */
function onTerminal(name: string, body: () => Promise<void>): void {
  if (unavailable === null) test.concurrent(name, body);
  else notRunHere(name, unavailable);
}

function counting(rows: number): string {
  return `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${rows}) SELECT count(*) FROM c`;
}

/** A migration whose second statement takes long enough, even where this machine is more than twice as fast then as it is here. */
function slowMigration(): string {
  using database = new Database(":memory:");
  const sample = 100_000;
  const times = Array.from({ length: 5 }, () => {
    const before = performance.now();
    database.query(counting(sample)).all();
    return performance.now() - before;
  });
  const rows = Math.round((sample * 2500) / Math.min(...times));
  return `-- migrate:up\nCREATE TABLE b (n);\n\nINSERT INTO b\n  ${counting(rows)};\n`;
}

const slow = slowMigration();

function lock(place: Place): Database {
  const database = new Database(place.at("rung.db"));
  database.run("CREATE TABLE IF NOT EXISTS here (x)");
  database.run("BEGIN IMMEDIATE");
  return database;
}

onTerminal("a long statement is shown, and erased before the result", async () => {
  using place = new Place();
  place.write({ "0001_a.sql": table("a"), "0002_fill.sql": slow, "0003_c.sql": table("c") });
  await using terminal = new Terminal([executable, "migrate"], { cwd: place.path, columns: 80 });
  await terminal.shows("2 fill (2/3): statement 2 of 2 (0002_fill.sql:4) INSERT INTO b WITH");
  expect(await terminal.end()).toBe(0);
  for (const line of terminal.drawn) expect(line.length).toBeLessThan(80);
  expect(terminal.drawn[0]).toMatch(/…, \d+ s$/);
  expect(terminal.screen).toEqual([
    expect.stringMatching(/^applied 1 a \(.*\)$/),
    expect.stringMatching(/^applied 2 fill \(.*\)$/),
    expect.stringMatching(/^applied 3 c \(.*\)$/),
    "",
  ]);
});

test.concurrent("the same in a pipe writes nothing but the result", async () => {
  using place = new Place();
  place.write({ "0002_fill.sql": slow });
  const { status, stdout, stderr } = await place.rung(["migrate"]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^applied 2 fill \([^\n\u001b\r]*\)\n$/);
});

onTerminal("what is done within a second shows nothing", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  await using terminal = new Terminal([executable, "migrate"], { cwd: place.path, columns: 80 });
  expect(await terminal.end()).toBe(0);
  expect(terminal.text).toMatch(/^applied 1 a \(\d+ ms\)\r\n$/);
});

onTerminal("waiting for a lock is shown, on a narrow terminal too", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  using other = lock(place);
  const at = { cwd: place.path };
  const command = [executable, "migrate"];
  await using wide = new Terminal(command, { ...at, columns: 80, env: { NO_COLOR: "1" } });
  await using narrow = new Terminal(command, { ...at, columns: 24 });
  await Promise.all([
    wide.shows("waiting for another process's lock, 1 s"),
    narrow.shows("waiting for anoth…, 1 s"),
  ]);
  other.run("COMMIT");
  expect([await wide.end(), await narrow.end()]).toEqual([0, 0]);
  for (const line of narrow.drawn) expect(line.length).toBeLessThan(24);
  const screens = [wide.screen, narrow.screen].map((lines) => lines.join("\n")).sort();
  expect(screens).toEqual([
    expect.stringMatching(/^Nothing to apply: rung\.db is up to date\n$/),
    expect.stringMatching(/^applied 1 a \(\d+ ms\)\n$/),
  ]);
});

onTerminal(
  "a first look that has to wait is shown, where nothing is left to do as well",
  async () => {
    using place = new Place();
    place.write({ "1_a.sql": table("a") });
    await place.rung(["migrate"]);
    using other = new Database(place.at("rung.db"));
    other.run("BEGIN EXCLUSIVE");
    await using terminal = new Terminal([executable, "migrate"], { cwd: place.path, columns: 80 });
    await terminal.shows("reading history (another process may hold a lock)");
    other.run("ROLLBACK");
    expect(await terminal.end()).toBe(0);
    expect(terminal.screen[0]).toBe("Nothing to apply: rung.db is up to date");
  },
);

onTerminal(
  "a failure and JSON find an empty line; a dumb terminal gets no line at all",
  async () => {
    using place = new Place();
    place.write({ "1_a.sql": table("a") });
    using _other = lock(place);
    const at = { cwd: place.path, columns: 400 };
    const command = [executable, "migrate", "--lock-timeout", "1500ms"];
    await using plain = new Terminal(command, at);
    await using json = new Terminal([...command, "--json"], at);
    await using dumb = new Terminal(command, { ...at, env: { TERM: "dumb" } });
    const ends = await Promise.all([plain.end(), json.end(), dumb.end()]);
    expect(ends).toEqual([5, 5, 5]);
    expect(plain.screen[0]).toMatch(/^rung: The database is locked/);
    expect(json.screen).toEqual([expect.stringMatching(/^\{"command":"migrate","ok":false,/), ""]);
    expect(dumb.text).not.toContain("\u001b[K");
  },
);

const patient = `import { existsSync } from "node:fs";
export function up(db) {
  db.exec("CREATE TABLE t (x)");
  db.run("INSERT INTO t VALUES (1), (2)");
  db.run("UPDATE t SET x = 3");
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync("heard")) Atomics.wait(pause, 0, 0, 5);
  console.log("halfway");
  while (!existsSync("go")) Atomics.wait(pause, 0, 0, 5);
}
`;

onTerminal(
  "a TypeScript migration shows what it has run and changed, around what it prints",
  async () => {
    using place = new Place();
    place.write({ "1_t.ts": patient });
    await using terminal = new Terminal([executable, "migrate"], { cwd: place.path, columns: 80 });
    await terminal.shows("1 t, 3 statements, 4 rows, 1 s");
    writeFileSync(place.at("heard"), "");
    await terminal.shows("1 t, 3 statements, 4 rows, 2 s");
    writeFileSync(place.at("go"), "");
    expect(await terminal.end()).toBe(0);
    expect(terminal.screen).toEqual(["halfway", expect.stringMatching(/^applied 1 t \(.*\)$/), ""]);
  },
);

const copying = `import { existsSync } from "node:fs";
import { ProgressLine } from "${root}/src/platform/progress.ts";
const line = new ProgressLine();
line.show({ text: "copying to 写し.db", file: { path: "写し.db", totalBytes: 1048576 } });
const pause = new Int32Array(new SharedArrayBuffer(4));
while (!existsSync("go")) Atomics.wait(pause, 0, 0, 5);
line.end();
console.log("copied");
process.exitCode = 3;
`;

onTerminal("a file that grows is shown in bytes", async () => {
  using place = new Place();
  place.write({ "copying.ts": copying, "写し.db": new Uint8Array(1024) }, ".");
  const command = [process.execPath, "copying.ts"];
  await using terminal = new Terminal(command, { cwd: place.path, columns: 80 });
  await terminal.shows("copying to 写し.db, 1.0 KiB of 1.0 MiB, 1 s");
  appendFileSync(place.at("写し.db"), new Uint8Array(523_264));
  await terminal.shows("copying to 写し.db, 512.0 KiB of 1.0 MiB");
  writeFileSync(place.at("go"), "");
  expect(await terminal.end()).toBe(3);
  expect(terminal.screen).toEqual(["copied", ""]);
});

const request: RunRequest = {
  command: { type: "rollback", down: "recorded", dry_run: false, detail: false },
  catalog: { origin: "directory", label: "migrations", migrations: [] },
  commit: "group",
  lockTimeoutMs: 1000,
};

test("a lock is waited for once the first attempt was in vain", () => {
  const state = start(request, 5);
  expect(activityOf(state)).toEqual({ is: "reading" });
  if (state.at !== "looking") throw new Error("a run begins with a look");
  const beginning = {
    at: "beginning",
    run: state.run,
    queue: { steps: [], from: 0 },
    since: 5,
  } as const;
  expect(activityOf({ ...beginning, now: 5 })).toBeNull();
  expect(activityOf({ ...beginning, now: 1005 })).toEqual({ is: "waiting", since: 5 });
});

test("no name and no statement can steer the terminal, and one line is what each is", () => {
  const migration = { version: 1, name: "a\u001b[2J" };
  const at = { file: "m/1_a\r.sql", line: 2, column: 1 };
  const one = { number: 1, of: 1 };
  const activity: Activity = {
    ...{ is: "executing", direction: "down", migration, place: one, since: 7 },
    ...{ statement: "SELECT\n\t'\u009b2J'", statementPlace: one, at },
  };
  expect(progressOf(activity)).toEqual({
    text: "rolling back 1 a\\u001b[2J: statement (1_a .sql:2) SELECT '\\u009b2J'",
    since: 7,
  });
});
