// Each migration begins with the same connection: what one sets or makes for the while never reaches the next.

import { describe, expect, test } from "bun:test";
import { attempt, attemptTs, expectApplied, Place } from "./harness.ts";

/** Pragmas that SQLite lets a migration set, each with a value that is not its default. */
const settings = {
  analysis_limit: "7",
  automatic_index: "OFF",
  busy_timeout: "17",
  cache_size: "77",
  cache_spill: "OFF",
  cell_size_check: "ON",
  checkpoint_fullfsync: "ON",
  count_changes: "ON",
  defer_foreign_keys: "ON",
  empty_result_callbacks: "ON",
  full_column_names: "ON",
  fullfsync: "ON",
  ignore_check_constraints: "ON",
  journal_size_limit: "4096",
  legacy_alter_table: "ON",
  max_page_count: "5000",
  mmap_size: "65536",
  query_only: "ON",
  read_uncommitted: "ON",
  recursive_triggers: "ON",
  reverse_unordered_selects: "ON",
  secure_delete: "ON",
  short_column_names: "OFF",
  soft_heap_limit: "900000000",
  threads: "2",
  trusted_schema: "OFF",
};
const names = Object.keys(settings);

/** Writes down what the connection is like: every pragma, how LIKE compares, and the TEMP objects. */
const look = `export function up(db) {
  const seen = [];
  for (const name of ${JSON.stringify(names)}) seen.push([name, Object.values(db.get("PRAGMA " + name))[0]]);
  seen.push(["like", Object.values(db.get("SELECT 'a' LIKE 'A'"))[0]]);
  seen.push(["temp", Object.values(db.get("SELECT count(*) FROM temp.sqlite_schema"))[0]]);
  db.exec("CREATE TABLE seen (name, value)");
  for (const [name, value] of seen) db.run("INSERT INTO seen VALUES (?, ?)", name, value);
}`;
const setup = "CREATE TABLE real (x); INSERT INTO real VALUES (1);";
const nothing = "-- migrate:up\nSELECT 1;\n";

function seenAfter(first: string, name = "001_first.sql"): string[] {
  const place = new Place(setup);
  const ran = place.migrate({ [name]: first, "002_look.ts": look });
  expect(ran).toEqual({ exit: 0, count: 2, error: null });
  return place.rows("SELECT name, value FROM seen");
}

const usual = seenAfter(nothing);

describe("a pragma of one migration", () => {
  test.each(Object.entries(settings))("%s = %s is not seen by the next", (name, value) => {
    const set = `PRAGMA ${name} = ${value}`;
    expect(seenAfter(`-- migrate:up\n${set};`)).toEqual(usual);
  });

  test("all at once are not seen by the next, in SQL and in TypeScript", () => {
    const lines = Object.entries(settings).map(([name, value]) => `PRAGMA ${name} = ${value};`);
    // Last, as it forbids all that follows.
    const sorted = lines.toSorted(
      (a, b) => Number(a.includes("query_only")) - Number(b.includes("query_only")),
    );
    const all = `-- migrate:up\nPRAGMA case_sensitive_like = 1;\n${sorted.join("\n")}`;
    expect(seenAfter(all)).toEqual(usual);
    const ts = `export function up(db) { db.exec(${JSON.stringify(all)}); }`;
    expect(seenAfter(ts, "001_first.ts")).toEqual(usual);
  });

  test.each([
    "PRAGMA case_sensitive_like(1)",
    "PRAGMA main.cache_size(5)",
    'PRAGMA "query_only" = 1',
    "/* so */ pragma -- or\n [recursive_triggers] = yes",
    "EXPLAIN PRAGMA query_only = 1",
    "EXPLAIN QUERY PLAN PRAGMA ignore_check_constraints = 1",
  ])("%s is reset, however it is written", (set) => {
    expect(seenAfter(`-- migrate:up\n${set};`)).toEqual(usual);
  });

  test.each(["get", "all", "run", "iterate"])("is reset when set by db.%s", (method) => {
    const call = (sql: string): string =>
      `[...(Object(db.${method}(${JSON.stringify(sql)})).next ? db.${method}(${JSON.stringify(sql)}) : [])];`;
    const body = `${call("PRAGMA case_sensitive_like = 1")} ${call("PRAGMA query_only = 1")}`;
    expect(seenAfter(`export function up(db) { ${body} }`, "001_first.ts")).toEqual(usual);
  });

  test("does change that migration", () => {
    const sql =
      "CREATE TABLE t (x CHECK (x > 0)); PRAGMA ignore_check_constraints = 1; INSERT INTO t VALUES (-1);";
    const tried = attempt("", sql);
    expectApplied(tried);
    expect(tried.place.rows("SELECT x FROM t")).toEqual(["-1"]);
  });

  test("is reset before a failed group is run again", () => {
    const place = new Place(
      `${setup} CREATE TRIGGER undo BEFORE DELETE ON real BEGIN SELECT raise(ROLLBACK, 'no'); END;`,
    );
    const fault =
      "PRAGMA recursive_triggers = 1; PRAGMA case_sensitive_like = 1; CREATE TEMP TABLE t (x); DELETE FROM real;";
    const ran = place.migrate({ "001_look.ts": look, "002_fault.sql": `-- migrate:up\n${fault}` });
    expect(ran.count).toBe(1);
    expect(ran.error?.changed).toBe("some");
    expect(place.rows("SELECT name, value FROM seen")).toEqual(usual);
  });

  test.each(["user_version", "application_id"])("%s persists, as it is the database's", (name) => {
    const place = new Place(setup);
    place.migrate({ "001_a.sql": `-- migrate:up\nPRAGMA ${name} = 42;`, "002_b.sql": nothing });
    expect(place.rows(`PRAGMA ${name}`)).toEqual(["42"]);
    place.migrate({ "003_c.sql": `-- migrate:up\nPRAGMA ${name} = 43; SELECT nothing;` });
    expect(place.rows(`PRAGMA ${name}`)).toEqual(["42"]);
  });
});

describe("a pragma that could not be reset", () => {
  test.each([
    "PRAGMA hard_heap_limit = 100000000",
    "EXPLAIN PRAGMA writable_schema = 1",
    "EXPLAIN QUERY PLAN PRAGMA main.schema_version = 9",
    'PRAGMA "writable_schema" = 1',
    "EXPLAIN PRAGMA foreign_keys = 1",
  ])("%s is refused before anything runs", (pragma) => {
    const { ran } = attempt(setup, `CREATE TABLE made (x); ${pragma};`);
    expect(ran.error?.code).toBe("catalog.forbidden");
    const typed = attemptTs(
      setup,
      `db.exec("CREATE TABLE made (x)"); db.get(${JSON.stringify(pragma)});`,
    );
    expect(typed.ran.error?.code).toBe("step.forbidden");
    expect(typed.after).toEqual(typed.before);
  });
});

describe("TEMP objects of one migration", () => {
  test.each([
    "CREATE TEMP TABLE real AS SELECT 2 AS x;",
    "CREATE TEMP VIEW real AS SELECT 2 AS x;",
    "CREATE TEMP TRIGGER t AFTER INSERT ON real BEGIN DELETE FROM real; END;",
    "CREATE TEMP TABLE a (x); CREATE TEMP TRIGGER t AFTER DELETE ON a BEGIN DELETE FROM main.real; END; INSERT INTO a VALUES (1);",
    "CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES ('x'); CREATE VIRTUAL TABLE temp.r USING rtree(id, a, b);",
    'CREATE TEMP TABLE "a `b"" c" (x PRIMARY KEY) WITHOUT ROWID; CREATE INDEX temp.i ON "a `b"" c" (x);',
  ])("%s", (sql) => {
    expect(seenAfter(`-- migrate:up\n${sql}`)).toEqual(usual);
  });

  test("with references among them, under foreign_keys:on", () => {
    const sql = `CREATE TEMP TABLE p (id INTEGER PRIMARY KEY); CREATE TEMP TABLE c (p REFERENCES p);
      INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);`;
    expect(seenAfter(`-- migrate:up foreign_keys:on\n${sql}`)).toEqual(usual);
  });
});
