// Databases as applications and crashes leave them, and what is seen when one is looked at afterwards.

import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How a database is left behind. */
export const leftovers = [
  /** In rollback-journal mode, closed. */
  "delete",
  /** In WAL mode, closed. */
  "wal",
  /** In WAL mode by a process that was killed: the latest rows are in the log only. */
  "killed in wal",
  /** In rollback-journal mode by a process that was killed in a transaction: the journal must be played back. */
  "hot journal",
  /** A file that is no database any more, with a log beside it. */
  "broken",
  /** Nothing, but for a log that somebody forgot. */
  "log alone",
] as const;
export type Leftover = (typeof leftovers)[number];

/** A database of 40 rows that say `text`, open. */
function filled(path: string, mode: "DELETE" | "WAL", text: string): Database {
  const database = new Database(path, { create: true, readwrite: true });
  database.run(`PRAGMA journal_mode = ${mode}`);
  database.run("CREATE TABLE t (row INTEGER PRIMARY KEY, text TEXT)");
  const numbers = "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)";
  database.run(`${numbers} INSERT INTO t (text) SELECT '${text} ' || hex(zeroblob(400)) FROM n`);
  return database;
}

function copyAll(from: string, to: string): void {
  for (const suffix of ["", "-wal", "-journal"]) {
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}

/** Makes a database at a path, with rows that say `text`, left behind in this way. */
export function leave(leftover: Leftover, path: string, text: string): void {
  const folder = `${path}.making`;
  mkdirSync(folder);
  const made = join(folder, "made");
  const isLogged = leftover !== "delete" && leftover !== "hot journal";
  const database = filled(made, isLogged ? "WAL" : "DELETE", text);
  if (leftover === "broken") {
    // With its first page in the log, SQLite could make a database of that alone.
    database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    database.run("UPDATE t SET text = upper(text) WHERE row = 20");
  }
  if (leftover === "hot journal") {
    // A cache of a few pages is written out, journal first, while the transaction is still open.
    database.run("PRAGMA cache_size = 2");
    database.run("BEGIN");
    database.run("UPDATE t SET text = 'never committed ' || text");
  }
  if (leftover === "delete" || leftover === "wal") database.close(true);
  copyAll(made, path);
  if (leftover === "broken") writeFileSync(path, "no database at all".repeat(500));
  if (leftover === "log alone") rmSync(path);
  if (leftover === "hot journal") database.run("ROLLBACK");
  if (leftover !== "delete" && leftover !== "wal") database.close(true);
  rmSync(folder, { recursive: true });
}

/** What its rows say, and its journal mode; what is wrong with it instead, if anything is. */
export function look(path: string): string {
  if (!existsSync(path)) return "nothing";
  // On a copy, so that looking plays nothing back that the next one should find.
  const folder = `${path}.looked`;
  mkdirSync(folder);
  const copy = join(folder, "copy");
  try {
    copyAll(path, copy);
    return read(copy);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(path: string): string {
  let database: Database | null = null;
  try {
    database = new Database(path, { create: false, readwrite: true });
    const values = (sql: string): unknown[] => (database?.query(sql).values() ?? []).flat();
    const [sound] = values("PRAGMA integrity_check");
    if (sound !== "ok") return `damaged: ${String(sound)}`;
    const texts = values("SELECT DISTINCT substr(text, 1, instr(text, ' ') - 1) FROM t");
    const [rows] = values("SELECT count(*) FROM t");
    return `${String(rows)} rows say ${texts.join(" and ")}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    database?.close();
  }
}

/** The journal mode of a database. */
export function modeOf(path: string): unknown {
  using database = new Database(path, { create: false, readwrite: true });
  return database.query("PRAGMA journal_mode").values().flat()[0];
}
