// A program that uses the database while it is migrated: `write` adds rows of its own, `read` compares history and schema.

import { Database } from "bun:sqlite";

/** What it has seen when its standard input ends. */
export interface Seen {
  /** How often it has written, or read. */
  readonly rounds: number;
  /** How many different numbers of migrations it has met. */
  readonly lengths: number;
  /** What did not agree, one sentence a find. */
  readonly disagreements: readonly string[];
}

/** How many rows of its own each migration of the test makes. */
const rowsMade = 2000;

function valuesOf(database: Database, sql: string): unknown[] {
  const statement = database.prepare(sql);
  try {
    return statement.values().map(([value]) => value);
  } finally {
    statement.finalize();
  }
}

function write(database: Database): void {
  database.run("BEGIN IMMEDIATE");
  database.run("INSERT INTO application (text) VALUES (hex(randomblob(50)))");
  database.run("COMMIT");
}

/** Reads as of one moment; gives the versions that are recorded. */
function read(database: Database, disagree: (text: string) => void): string {
  database.run("BEGIN");
  const tables = valuesOf(database, "SELECT name FROM sqlite_schema WHERE type = 'table'");
  const recorded = tables.includes("rung_history")
    ? valuesOf(database, "SELECT 'made_' || version FROM rung_history ORDER BY 1").join()
    : "";
  const made = tables.map(String).filter((name) => name.startsWith("made_"));
  if (recorded !== made.toSorted().join()) disagree(`recorded ${recorded}, made ${made}`);
  for (const name of made) {
    const [rows] = valuesOf(database, `SELECT count(*) FROM ${name}`);
    if (rows !== rowsMade) disagree(`${name} has ${rows} rows`);
  }
  database.run("COMMIT");
  return recorded;
}

function use(path: string, role: string): () => Seen {
  const database = new Database(path, { create: true, readwrite: true });
  database.run("PRAGMA busy_timeout = 30000");
  database.run("CREATE TABLE IF NOT EXISTS application (row INTEGER PRIMARY KEY, text TEXT)");
  let rounds = 0;
  const lengths = new Set<string>();
  const disagreements: string[] = [];
  const work = (): void => {
    if (role === "write") write(database);
    else lengths.add(read(database, (text) => disagreements.push(text)));
    rounds++;
  };
  work();
  // With a breath in between: SQLite queues nobody, and a writer without one keeps all others out.
  const timer = setInterval(work, 5);
  return () => {
    clearInterval(timer);
    work();
    database.close(true);
    return { rounds, lengths: lengths.size, disagreements };
  };
}

if (import.meta.main) {
  const [path = "", role = ""] = process.argv.slice(2);
  const end = use(path, role);
  console.log("ready");
  // Reading to the end is what keeps this going.
  for await (const _ of Bun.stdin.stream()) continue;
  console.log(JSON.stringify(end()));
}
