// Our reading of broken foreign keys against SQLite's own, over types, collations and keys of every shape.

import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SchemaFacts } from "../../src/database/facts.ts";
import { Horizon } from "../../src/database/horizon.ts";
import { LiveSchema } from "../../src/database/live.ts";
import { openConnection } from "../../src/database/sqlite.ts";
import { stateOf } from "../../src/database/violations.ts";
import { randomOf, type Random } from "./random.ts";

const directory = mkdtempSync(join(tmpdir(), "rung-violations-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const types = [
  "",
  "INTEGER",
  "TEXT",
  "REAL",
  "NUMERIC",
  "BLOB",
  "TEXT COLLATE NOCASE",
  "COLLATE RTRIM",
];
const values = [
  "1",
  "'1'",
  "'01'",
  "1.0",
  "'1.0'",
  "'a'",
  "'A'",
  "'a '",
  "x'61'",
  "NULL",
  "2",
  "9e15",
  "-0.0",
];

function from(random: Random, list: readonly string[]): string {
  return list[random(list.length)] ?? "";
}

/** A parent and a child of one or two key columns, with rows that match by luck. */
function family(random: Random): string[] {
  const columns = Array.from({ length: 1 + random(2) }, (_, at) => `k${at}`);
  const typed = (): string => columns.map((name) => `${name} ${from(random, types)}`).join(", ");
  const list = columns.join(", ");
  const key = from(random, [`PRIMARY KEY (${list})`, `UNIQUE (${list})`, "CHECK (1)"]);
  const to =
    key.startsWith("PRIMARY") && random(2) === 0 ? "" : `(${columns.toReversed().join(", ")})`;
  const mine = to === "" ? list : columns.toReversed().join(", ");
  const tail = random(2) === 0 ? "" : "WITHOUT ROWID";
  const row = (): string => columns.map(() => from(random, values)).join(", ");
  const rows = (table: string, head: (at: number) => string): string[] =>
    Array.from(
      { length: 12 },
      (_, at) => `INSERT OR IGNORE INTO ${table} VALUES (${head(at)}${row()});`,
    );
  return [
    `CREATE TABLE p (${typed()}, ${key});`,
    `CREATE TABLE c (id INTEGER PRIMARY KEY, ${typed()}, FOREIGN KEY (${mine}) REFERENCES p ${to}) ${tail};`,
    ...rows("p", () => ""),
    ...rows("c", (at) => `${at}, `),
    random(8) === 0 ? "DROP TABLE p;" : "SELECT 1;",
  ];
}

function make(path: string, statements: readonly string[]): void {
  const database = new Database(path);
  database.run("PRAGMA synchronous = OFF");
  for (const sql of statements) {
    try {
      database.run(sql);
    } catch (error) {
      // An INTEGER PRIMARY KEY takes no text: one row less.
      if (!String(error).includes("datatype mismatch")) throw error;
    }
  }
  database.close();
}

/** How many rows SQLite finds broken; its word for a parent without the key. */
function bySqlite(path: string): number | "mismatched" {
  const database = new Database(path);
  try {
    return database.prepare("PRAGMA foreign_key_check(c)").values().length;
  } catch (error) {
    if (error instanceof Error && error.message.includes("foreign key mismatch"))
      return "mismatched";
    throw error;
  } finally {
    database.close();
  }
}

function byUs(path: string): number | "mismatched" {
  const connection = openConnection(path, "write");
  try {
    const live = new LiveSchema(connection);
    const [key] = new SchemaFacts(connection, live).keys();
    if (key === undefined) throw new Error("the child has no key");
    const { standing, orphans } = stateOf(connection, new Horizon(live), key, false);
    return standing === "mismatched"
      ? standing
      : orphans.values().reduce((sum, each) => sum + each, 0);
  } finally {
    connection.close();
  }
}

test("agree on 150 random families", () => {
  const seen = new Set<number | string>();
  for (let seed = 1; seed <= 150; seed++) {
    const path = join(directory, `${seed}.db`);
    const sql = family(randomOf(seed));
    make(path, sql);
    const theirs = bySqlite(path);
    expect({ sql, found: byUs(path) }).toEqual({ sql, found: theirs });
    seen.add(theirs);
  }
  // Enough variety that agreement means something.
  expect(seen.size).toBeGreaterThan(8);
  expect(seen).toContain("mismatched");
  expect(seen).toContain(0);
});
