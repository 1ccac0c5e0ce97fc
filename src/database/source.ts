// A database that is copied -> a connection to look at it by, which leaves its files as they are.

import { statSync } from "node:fs";
import { dirname } from "node:path";
import { fail, failure, type Failure, type Result } from "../failure.ts";
import type { CopyWish } from "../run/driver.ts";
import { databaseFailure } from "./errors.ts";
import { sizeOf } from "../platform/size.ts";
import { bytesAt, isAllowed, realPath } from "./file.ts";
import { openConnection, sqliteCode, type Connection, type OpenMode } from "./sqlite.ts";

/** A rehearsal changes nothing, not even what a crash has left half done; a backup may. */
export type CopyPurpose = CopyWish["for"];

/** Where a database says how it is to be read, and what it says in WAL mode (SQLite, "Database File Format"). */
const readVersion = { at: 19, ofWal: 2 } as const;

/** Whether a database is in WAL mode, by its file alone: see `bytesAt`. */
function isInWalMode(path: string): boolean {
  return bytesAt(path, readVersion.at, 1)[0] === readVersion.ofWal;
}

function mayWrite(path: string): boolean {
  return isAllowed(path, "write") && isAllowed(dirname(realPath(path)), "write");
}

/**
 * Read-only where a log or journal is in use, as closing would checkpoint the one and opening play back the other; else
 * not, as reading alone would leave the files of a log behind. Who may not write leaves them, or cannot make them and
 * cannot read: without a log, the file by itself is all that is committed, as long as nobody changes it.
 */
function modeFor(path: string, purpose: CopyPurpose): OpenMode {
  const isLogged = sizeOf(`${path}-wal`) > 0;
  const isJournaled = sizeOf(`${path}-journal`) > 0;
  if (isLogged || (isJournaled && purpose === "rehearsal")) return "read";
  // What may not even be read is left to SQLite, which says so.
  const isFixed = !mayWrite(path) && isAllowed(path, "read");
  return isFixed && isInWalMode(path) ? "unchanging" : "write";
}

/** The journal mode of a database: delete, wal … */
export function journalMode(connection: Connection): string {
  return String(connection.get("PRAGMA journal_mode")?.["journal_mode"] ?? "");
}

/** Differs once a file was written to. */
function stateOf(path: string): string {
  const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

/** Reads a file as if nobody could write to it, and takes what comes of that for nothing if somebody has. */
export function asUnchanging<T>(path: string, read: () => Result<T>): Result<T> {
  const before = stateOf(path);
  const found = read();
  if (stateOf(path) === before) return found;
  const text = `The database ${path} was written to while it was copied.`;
  return fail("database.locked", text, "Run the command again.");
}

function hotJournal(path: string): Failure {
  return failure(
    "database.hot-journal",
    `A crash has left the database ${path} in the middle of a transaction.`,
    "Run rung status, or let its application open it: either takes back what was not committed.",
  );
}

function sourceFailure(error: unknown, path: string): Failure | null {
  if (sqliteCode(error)?.startsWith("SQLITE_READONLY_ROLLBACK") === true) return hotJournal(path);
  return databaseFailure(error, { path, errno: 0 });
}

/** Runs something on the database that is copied, on a connection of its own; tells it the journal mode. */
export function onSource<T>(
  path: string,
  purpose: CopyPurpose,
  waitMs: number,
  use: (connection: Connection, mode: string) => Result<T>,
): Result<T> {
  const look = (mode: OpenMode): Result<T> => {
    const connection = openConnection(path, mode);
    try {
      connection.run(`PRAGMA busy_timeout = ${Math.round(waitMs)}`);
      // Read as unchanging, SQLite takes it for one in DELETE mode.
      return use(connection, mode === "unchanging" ? "wal" : journalMode(connection));
    } finally {
      connection.close();
    }
  };
  try {
    const mode = modeFor(path, purpose);
    return mode === "unchanging" ? asUnchanging(path, () => look(mode)) : look(mode);
  } catch (error) {
    const found = sourceFailure(error, path);
    if (found === null) throw error;
    return { ok: false, failure: found };
  }
}
