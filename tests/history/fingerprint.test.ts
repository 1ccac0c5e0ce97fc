// Fingerprints and the kept list: following step by step comes to what reading everything comes to, by any route.

import { expect, test } from "bun:test";
import { foundHistory } from "../../src/database/recording.ts";
import { driftOf, keptSchema, liveSchema } from "../../src/database/schema.ts";
import { SchemaTracker } from "../../src/database/tracker.ts";
import { Ledger } from "../../src/database/ledger.ts";
import { LiveSchema } from "../../src/database/live.ts";
import { openConnection, type Connection } from "../../src/database/sqlite.ts";
import { touchOf } from "../../src/migration/touch.ts";
import { splitStatements } from "../../src/migration/statements.ts";
import { differences, schemaText } from "../../src/plan/schema.ts";
import { Place } from "../rung.ts";
import { done, sql, tables } from "./asking.ts";

/** Numbers that look random and are the same every time (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const name = (kind: string, pick: (below: number) => number): string => `${kind}${pick(4)}`;

/** A statement that may well fail: what it names may be there or not. */
function statement(pick: (below: number) => number): string {
  const t = name("t", pick);
  const all = [
    `CREATE TABLE ${t} (id INTEGER PRIMARY KEY, c0, c1 REFERENCES ${name("t", pick)})`,
    `CREATE TABLE IF NOT EXISTS ${t} (id, c0)`,
    `CREATE INDEX ${name("i", pick)} ON ${t} (c0)`,
    `CREATE VIEW ${name("v", pick)} AS SELECT c0 FROM ${t}`,
    `CREATE TRIGGER ${name("r", pick)} AFTER DELETE ON ${t} BEGIN DELETE FROM ${name("t", pick)}; END`,
    `CREATE VIRTUAL TABLE ${name("f", pick)} USING fts5(c0)`,
    `CREATE VIRTUAL TABLE ${name("f", pick)} USING rtree(id, a, b)`,
    `CREATE TEMP TABLE ${name("t", pick)} (id)`,
    `DROP TABLE ${t}`,
    `DROP TABLE ${name("f", pick)}`,
    `DROP INDEX ${name("i", pick)}`,
    `DROP VIEW ${name("v", pick)}`,
    `DROP TRIGGER ${name("r", pick)}`,
    `ALTER TABLE ${t} RENAME TO ${name("t", pick)}`,
    `ALTER TABLE ${name("f", pick)} RENAME TO ${name("f", pick)}`,
    `ALTER TABLE ${t} RENAME COLUMN c0 TO c2`,
    `ALTER TABLE ${t} ADD COLUMN c${pick(4)}`,
    `ALTER TABLE ${t} DROP COLUMN c${pick(4)}`,
    `INSERT INTO ${t} (c0) VALUES (1)`,
  ];
  return all[pick(all.length)] ?? "SELECT 1";
}

function succeeds(connection: Connection, text: string): boolean {
  try {
    connection.run(text);
    return true;
  } catch {
    return false;
  }
}

/** Runs one migration of a few statements, noted as the guard's watch would; tells by what route it is followed. */
function migration(
  connection: Connection,
  live: LiveSchema,
  pick: (below: number) => number,
): "create" | "drop" | "any" {
  const done = new Set<string>();
  for (let count = 1 + pick(4); count > 0; count--) {
    const text = statement(pick);
    const split = splitStatements({ text, file: "x.sql", line: 1 });
    const [first] = split.ok ? split.value : [];
    if (first === undefined) throw new Error(`This is no statement: ${text}`);
    const touch = touchOf(first);
    done.add(touch.does === "rename" ? "alter" : touch.does);
    live.note(touch);
    succeeds(connection, text);
    // The guard looks at the schema between some statements and not between others.
    if (pick(3) === 0) expect([...live.all()]).toEqual([...new LiveSchema(connection).all()]);
  }
  if (done.has("alter") || (done.has("create") && done.has("drop"))) return "any";
  return done.has("drop") ? "drop" : "create";
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`sequence ${seed}: after every migration, what was followed is what reading everything gives`, () => {
    const pick = random(seed);
    const connection = openConnection("scratch", "memory");
    try {
      const ledger = new Ledger(connection);
      foundHistory(connection);
      const live = new LiveSchema(connection);
      const tracker = new SchemaTracker(connection, live, ledger);
      const seen = new Set<string>();
      for (let step = 0; step < 120; step++) {
        seen.add(migration(connection, live, pick));
        // A step's temporary objects go away with it.
        for (let at = 0; at < 4; at++) connection.run(`DROP TABLE IF EXISTS temp.t${at}`);
        tracker.follow();
        const fresh = new LiveSchema(connection);
        expect([...live.all()]).toEqual([...fresh.all()]);
        expect(tracker.fingerprint).toBe(new SchemaTracker(connection, fresh, ledger).fingerprint);
        // Whether what is to be kept is written after each step or after many is the same.
        if (step % 3 === 0) {
          ledger.write();
          expect(differences(keptSchema(connection), liveSchema(connection))).toEqual([]);
        }
      }
      expect(liveSchema(connection).length).toBeGreaterThan(3);
      expect([...seen].sort()).toEqual(["any", "create", "drop"]);
    } finally {
      connection.close();
    }
  });
}

for (const seed of [11, 12, 13, 14]) {
  test(`sequence ${seed}: an index and a column by hand stay drift, whatever migrations do around them`, () => {
    const pick = random(seed);
    const connection = openConnection("scratch", "memory");
    try {
      connection.run("CREATE TABLE mine (id, c0)");
      const ledger = new Ledger(connection);
      foundHistory(connection);
      new SchemaTracker(connection, new LiveSchema(connection), ledger).keepAll();
      connection.run("CREATE INDEX hand ON mine (id)");
      connection.run("ALTER TABLE mine ADD COLUMN hand");
      const live = new LiveSchema(connection);
      const tracker = new SchemaTracker(connection, live, ledger);
      for (let step = 0; step < 40; step++) {
        migration(connection, live, pick);
        if (pick(3) === 0) {
          live.note({ does: "alter", table: "mine" });
          connection.run(`ALTER TABLE mine ADD COLUMN s${step}`);
        }
        for (let at = 0; at < 4; at++) connection.run(`DROP TABLE IF EXISTS temp.t${at}`);
        tracker.follow();
        ledger.write();
        const found = driftOf(connection, null).map(({ kind, name }) => `${kind} ${name}`);
        expect(found).toEqual(["added hand", "changed mine"]);
      }
    } finally {
      connection.close();
    }
  });
}

const fingerprint = (place: Place): unknown =>
  place.query("SELECT fingerprint AS f FROM rung_history ORDER BY seq DESC LIMIT 1")[0]?.["f"];

test("the same schema has the same fingerprint by any route, another one another", async () => {
  const up = [
    "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price);\nCREATE INDEX by_name ON item (name);",
    "CREATE TABLE item (id INTEGER PRIMARY KEY);\nALTER TABLE item ADD COLUMN name TEXT;\nCREATE INDEX by_name ON item (name);\nALTER TABLE item ADD COLUMN price;",
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, title TEXT, price);\nALTER TABLE thing RENAME TO item;\nALTER TABLE item RENAME COLUMN title TO name;\nCREATE INDEX IF NOT EXISTS by_name ON item (name);",
    "create table `item` (\n  id integer primary key, -- the number\n  [name] text, price\n);\nCREATE INDEX by_name ON item (name);",
    "CREATE TABLE old (x);\nCREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price);\nCREATE INDEX by_name ON item (name);\nDROP TABLE old;",
  ];
  const found = new Set<unknown>();
  for (const text of up) {
    using place = new Place();
    place.write({ "1_item.sql": sql(text, "DROP TABLE item;") });
    await done(place, "migrate");
    found.add(fingerprint(place));
  }
  expect(found.size).toBe(1);
  expect([...found][0]).toMatch(/^[0-9a-f]{64}$/);
  using place = new Place();
  place.write({
    "1_item.sql": sql(`${up[0]}\nCREATE INDEX more ON item (id);`, "DROP TABLE item;"),
  });
  await done(place, "migrate");
  expect(found.has(fingerprint(place))).toBe(false);
});

test("each version has the same fingerprint, whatever is committed together", async () => {
  const fingerprints: unknown[] = [];
  for (const commit of ["group", "each"]) {
    using place = new Place();
    place.write({
      "1_t.sql":
        "-- migrate:up\nCREATE TABLE t (x);\nCREATE INDEX i ON t (x);\nCREATE TABLE u (x);",
      "2_index.sql": "-- migrate:up\nDROP INDEX i;",
      "3_table.sql": "-- migrate:up\nDROP TABLE t;\nDROP TABLE u;",
      "4_again.sql": "-- migrate:up\nCREATE TABLE IF NOT EXISTS t (y);\nCREATE INDEX i ON t (y);",
      "5_none.sql": "-- migrate:up\nCREATE TABLE IF NOT EXISTS t (z);",
    });
    await done(place, `migrate --commit ${commit}`);
    fingerprints.push(place.query("SELECT version, fingerprint FROM rung_history ORDER BY seq"));
  }
  expect(fingerprints[0]).toEqual(fingerprints[1]);
});

test("the schema is the same text before and after a whole way down and up", async () => {
  using place = new Place();
  place.write({
    ...tables(1, 2),
    "0003_view.sql": sql(
      "CREATE VIEW v AS\n  SELECT id -- all\n  FROM t1 -- of them\n;",
      "DROP VIEW v;",
    ),
    "0004_rename.sql": sql("ALTER TABLE t2 RENAME TO people;", "ALTER TABLE people RENAME TO t2;"),
    "0005_rebuild.sql": sql(
      "CREATE TABLE n (id INTEGER PRIMARY KEY, x REFERENCES people);\nINSERT INTO n (id) SELECT id FROM t1;\nDROP TABLE t1;\nALTER TABLE n RENAME TO t1;",
      "CREATE TABLE n (id INTEGER PRIMARY KEY);\nINSERT INTO n (id) SELECT id FROM t1;\nDROP TABLE t1;\nALTER TABLE n RENAME TO t1;",
    ),
    "0006_words.sql": sql("CREATE VIRTUAL TABLE w USING fts5(a);", "DROP TABLE w;"),
    "0007_column.sql": sql(
      "ALTER TABLE people ADD COLUMN more DEFAULT 'It''s';",
      "ALTER TABLE people DROP COLUMN more;",
    ),
  });
  await done(place, "migrate");
  const first = await done(place, "schema");
  expect(first.join("\n")).toContain(
    "CREATE TABLE people (id INTEGER PRIMARY KEY, more DEFAULT 'It''s');",
  );
  for (const target of [6, 4, 3, 0]) {
    await done(place, `rollback --to ${target}`);
    expect(await done(place, "schema")).toEqual(await done(place, `schema --at ${target}`));
    await done(place, "migrate");
    expect(await done(place, "schema")).toEqual(first);
  }
  expect(await done(place, "schema --at 7")).toEqual(first);
  const { stdout } = await place.rung(["schema"]);
  place.execute(stdout, "copy.db");
  expect(await done(place, "schema --db copy.db")).toEqual(first);
});

test("a dump frees names of needless quotes, and nothing else of anything", () => {
  const table = (text: string): string =>
    schemaText([{ type: "table", name: "t", table: "t", sql: text }]).trimEnd();
  for (const [text, shown] of [
    [`CREATE TABLE "t" (a REFERENCES "u")`, `CREATE TABLE t (a REFERENCES u);`],
    [`CREATE TABLE "order" (a)`, `CREATE TABLE "order" (a);`],
    [`CREATE TABLE "two words" (a)`, `CREATE TABLE "two words" (a);`],
    [`CREATE TABLE t ("select", b DEFAULT "x")`, `CREATE TABLE t ("select", b DEFAULT "x");`],
    [`CREATE TABLE t (a) -- "t"`, `CREATE TABLE t (a) -- "t"\n;`],
  ] as const) {
    expect([text, table(text)]).toEqual([text, shown]);
  }
});
