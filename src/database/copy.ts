// A database -> a consistent copy of it under a name of its own, whole or absent.

import { statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fail, failure, ok, type Failure, type Result } from "../failure.ts";
import { databaseFailure, messageOf } from "./errors.ts";
import { createPrivate, modeOf, removeDatabase } from "./files.ts";
import { openConnection, type Connection } from "./sqlite.ts";

/** The size of a database, in bytes. */
export function databaseSize(connection: Connection): number {
  const pages = Number(connection.get("PRAGMA page_count")?.["page_count"] ?? 0);
  const bytes = Number(connection.get("PRAGMA page_size")?.["page_size"] ?? 0);
  return pages * bytes;
}

/** The journal mode of a database: "delete", "wal" … */
export function journalMode(connection: Connection): string {
  return String(connection.get("PRAGMA journal_mode")?.["journal_mode"] ?? "delete");
}

/** What an error while copying means. */
export function copyFailure(error: unknown, path: string): Failure {
  const known = databaseFailure(error, path);
  if (known !== null) return known;
  const text = `The copy ${path} cannot be written: ${messageOf(error)}.`;
  return failure("database.copy-failed", text, "Check the folder, its permissions and its space.");
}

function checkSpace(connection: Connection, target: string): Result<null> {
  const wanted = databaseSize(connection);
  const { bavail, bsize } = statfsSync(dirname(resolve(target)));
  const free = bavail * bsize;
  if (free >= wanted) return ok(null);
  return fail(
    "database.full",
    `A copy needs ${wanted} bytes, and there are ${free} where ${target} would be.`,
    "Free some space, or name another place.",
  );
}

/**
 * Writes a consistent copy of what a connection sees to `target`, which must not exist (SQLite, "VACUUM INTO"). The
 * copy has the journal mode of the original and is for its owner only. Nothing is left behind where it fails; it is
 * not yet durable where it succeeds.
 */
export function copyInto(connection: Connection, target: string, source: string): Result<null> {
  try {
    const space = checkSpace(connection, target);
    if (!space.ok) return space;
    createPrivate(target, modeOf(source));
    const statement = connection.prepare("VACUUM INTO ?");
    try {
      statement.run(resolve(target));
    } finally {
      statement.finalize();
    }
    keepJournalMode(target, journalMode(connection));
    return ok(null);
  } catch (error) {
    removeDatabase(target);
    return { ok: false, failure: copyFailure(error, target) };
  }
}

/** VACUUM INTO always makes a database in DELETE mode. */
function keepJournalMode(path: string, mode: string): void {
  if (mode !== "wal") return;
  const copy = openConnection(path, "write");
  try {
    copy.run("PRAGMA journal_mode = WAL");
  } finally {
    copy.close();
  }
}
