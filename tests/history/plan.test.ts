// A plan: complete before anything runs, shown with all that a reader has to know, without a lock or a trace.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { chmodSync, copyFileSync, readFileSync } from "node:fs";
import { notRunHere, Place } from "../rung.ts";
import { done, everything, listOf, refused, report, sql, tables } from "./asking.ts";

const telling = {
  ...tables(1, 1),
  "0002_kid.sql": sql(
    "CREATE TABLE kid (id REFERENCES t1);\n\n-- a word\nCREATE VIEW v AS SELECT id\n  FROM kid;\nDROP TABLE t1;",
    "DROP VIEW v;\nDROP TABLE kid;",
    "allow:lost-objects,foreign-keys",
    "foreign_keys:on",
  ),
  "0003_vacuum.sql": sql("VACUUM;", "SELECT 1;", "transaction:false"),
};

test("plan shows statements with their lines, options, and what the guard watches", async () => {
  using place = new Place();
  place.write(telling);
  const lines = await done(place, "plan");
  expect(lines.join("\n")).toBe(
    [
      "would apply 1 t1 (migrations/0001_t1.sql)",
      "  line 2:",
      "    CREATE TABLE t1 (id INTEGER PRIMARY KEY)",
      "  guarded: foreign keys of t1",
      "would apply 2 kid (migrations/0002_kid.sql allow:foreign-keys,lost-objects)",
      "  line 2:",
      "    CREATE TABLE kid (id REFERENCES t1)",
      "  line 5:",
      "    CREATE VIEW v AS SELECT id",
      "      FROM kid",
      "  line 7:",
      "    DROP TABLE t1",
      "  guarded: foreign keys of kid; v compiles; rows, indexes and triggers of t1; foreign keys to t1; views and triggers compile",
      "would apply 3 vacuum (migrations/0003_vacuum.sql transaction:false)",
      "  line 2:",
      "    VACUUM",
    ].join("\n"),
  );
  expect(await done(place, "migrate --dry-run")).toEqual(lines);
  expect(place.list()).toEqual(["migrations"]);
});

test("plan --json and the message hold the same: statements, lines, options, watches, drift, notes", async () => {
  using place = new Place();
  place.write(telling);
  const printed = await report(place, "plan --steps 2");
  const { replies } = await place.send([{ type: "plan", steps: 2, msg_id: 1 }]);
  expect(replies[0]).toEqual({
    type: "planned",
    in_reply_to: 1,
    count: 2,
    steps: printed["steps"],
    drift: [],
    notes: [],
  });
  expect(printed).toMatchObject({ command: "plan", ok: true, count: 2, drift: [], notes: [] });
  expect(listOf(printed, "steps")[1]).toEqual({
    direction: "up",
    version: 2,
    name: "kid",
    file: "migrations/0002_kid.sql",
    options: { transaction: true, foreign_keys: false, allow: ["foreign-keys", "lost-objects"] },
    statements: [
      { sql: "CREATE TABLE kid (id REFERENCES t1)", line: 2, column: 1 },
      { sql: "CREATE VIEW v AS SELECT id\n  FROM kid", line: 5, column: 1 },
      { sql: "DROP TABLE t1", line: 7, column: 1 },
    ],
    watches: expect.arrayContaining(["rows, indexes and triggers of t1"]),
    note: null,
  });
});

test("plan --rollback shows the recorded down with its options, and notes a file that differs", async () => {
  using place = new Place();
  place.write(tables(1, 1));
  const name = "0002_kid.sql";
  const kid = sql("CREATE TABLE kid (id);", "DROP TABLE kid;", "", "foreign_keys:on");
  place.write({ [name]: kid });
  await done(place, "migrate");
  place.write({ [name]: kid.replace("DROP TABLE kid", "DROP TABLE IF EXISTS kid") });
  const lines = await done(place, "plan --rollback");
  expect(lines.slice(0, 4)).toEqual([
    "would roll back 2 kid (migrations/0002_kid.sql (down, as recorded) foreign_keys:on)",
    expect.stringContaining("  note: The down in migrations/0002_kid.sql differs"),
    "  line 2:",
    "    DROP TABLE kid",
  ]);
  expect((await done(place, "plan --rollback --down catalog")).join()).toContain("IF EXISTS");
  expect(await done(place, "rollback --dry-run")).toEqual(lines);
});

test("plan and --dry-run take no write lock: another process holds it all along", async () => {
  using place = new Place();
  place.write(tables(1, 3));
  await done(place, "migrate --to 2");
  using other = new Database(place.at("rung.db"));
  other.run("BEGIN IMMEDIATE");
  for (const words of [
    "plan",
    "migrate --dry-run",
    "plan --rollback",
    "rollback --dry-run --to 0",
    "redo --dry-run",
  ]) {
    const lines = await done(place, `${words} --lock-timeout 0`);
    expect(lines[0]).toStartWith("would ");
  }
});

test("plan on a file that may not be written, in a directory that may not: the bytes stay as they were", async () => {
  if (process.getuid?.() === 0 && Bun.which("setpriv") === null) {
    return notRunHere("plan on a read-only file", "root, and no setpriv");
  }
  using place = new Place();
  place.write(tables(1, 3));
  await done(place, "migrate --to 2");
  const bytes = readFileSync(place.at("rung.db"));
  chmodSync(place.at("rung.db"), 0o444);
  chmodSync(place.path, 0o555);
  const before =
    process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  const run = async (...words: string[]): Promise<string> =>
    (await place.rung(words, { before })).stdout;
  expect(await run("plan")).toStartWith("would apply 3 t3");
  expect(await run("redo", "--dry-run")).toStartWith("would roll back 2 t2");
  expect(await run("status")).toContain("2 applied, 1 pending");
  chmodSync(place.path, 0o755);
  expect(place.list()).toEqual(["migrations", "rung.db"]);
  expect(readFileSync(place.at("rung.db")).equals(bytes)).toBe(true);
});

test("plan on a log that a crash left behind plays nothing back into the file", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  await done(place, "migrate --to 1");
  place.execute("PRAGMA journal_mode = WAL");
  using other = new Database(place.at("rung.db"));
  other.run("INSERT INTO t1 DEFAULT VALUES");
  for (const end of ["", "-wal"])
    copyFileSync(place.at(`rung.db${end}`), place.at(`left.db${end}`));
  const bytes = readFileSync(place.at("left.db"));
  for (const words of ["plan", "migrate --dry-run", "rollback --dry-run"]) {
    expect((await done(place, `${words} --db left.db`))[0]).toStartWith("would ");
  }
  expect(readFileSync(place.at("left.db")).equals(bytes)).toBe(true);
});

test("a down missing in the middle: rollback --to is refused whole, plan says so too", async () => {
  using place = new Place();
  place.write({ ...tables(1, 4), "0003_t3.sql": "-- migrate:up\nCREATE TABLE t3 (id);\n" });
  await done(place, "migrate");
  const before = everything(place);
  for (const words of [
    "rollback --to 1",
    "rollback --steps 3",
    "plan --rollback --to 1",
    "redo --steps 2",
  ]) {
    const { status, code, text } = await refused(place, words);
    expect([status, code, text]).toEqual([4, "history.irreversible", "Version 3 t3 has no down."]);
  }
  expect(everything(place)).toBe(before);
  expect(await done(place, "rollback --to 3")).toEqual(["rolled back 4 t4"]);
});

test("a module that doesn't load, or a file that can't be read as SQL: nothing before it has run", async () => {
  using place = new Place();
  place.write({ ...tables(1, 2), "0003_code.ts": "export const up = 1;\n" });
  for (const words of ["migrate", "plan", "migrate --dry-run"]) {
    const { status, code } = await refused(place, words);
    expect([status, code]).toEqual([3, "catalog.module"]);
  }
  expect(place.list()).toEqual(["migrations"]);
  expect(await done(place, "migrate --to 2")).toEqual(["applied 1 t1", "applied 2 t2"]);
  place.write({ "0003_code.ts": "export function up() {}\n" });
  await done(place, "migrate");
  expect((await refused(place, "rollback --to 1")).code).toBe("history.irreversible");
  expect(place.applied()).toEqual([1, 2, 3]);
});

test("what --commit all will refuse, its dry run refuses", async () => {
  using place = new Place();
  place.write(telling);
  const dry = await refused(place, "migrate --commit all --dry-run");
  expect(dry).toEqual(await refused(place, "migrate --commit all"));
  expect([dry.status, dry.code]).toEqual([2, "usage.invalid-option"]);
  expect(place.list()).toEqual(["migrations"]);
});

test("what --strict will refuse, its dry run refuses; without it the plan stands below the warning", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  await done(place, "migrate --to 1");
  place.execute("CREATE INDEX by_hand ON t1 (id)");
  const { status, code } = await refused(place, "migrate --strict --dry-run");
  expect([status, code]).toEqual([4, "schema.drifted"]);
  const { stdout, stderr } = await place.rung(["plan"]);
  expect(stdout).toStartWith("would apply 2 t2");
  expect(stderr).toContain("index by_hand has been added");
});
