// What SQLite reports -> a failure of ours, where it is the database itself that cannot be used.

import { failure, type Failure, type FailureCode } from "../failure.ts";
import { sqliteCode } from "./sqlite.ts";

type Entry = readonly [code: FailureCode, sentence: string, hint: string];

/** By SQLite's primary result code (SQLite, "Result and Error Codes"); an extended code begins with it. */
const entries: Readonly<Record<string, Entry>> = {
  SQLITE_BUSY: [
    "database.locked",
    "is locked by another process",
    "Run the command again once the other is done, or wait longer with --lock-timeout.",
  ],
  SQLITE_CANTOPEN: [
    "database.cannot-open",
    "cannot be opened",
    "Check that its folder exists and that you may write there.",
  ],
  SQLITE_PERM: ["database.cannot-open", "cannot be opened", "Check its permissions."],
  SQLITE_AUTH: ["database.cannot-open", "cannot be opened", "Check its permissions."],
  SQLITE_NOTADB: [
    "database.not-a-database",
    "is not a SQLite database, or is encrypted",
    "Check the path given with --db.",
  ],
  SQLITE_CORRUPT: [
    "database.corrupt",
    "is damaged",
    "Run PRAGMA integrity_check on it, and restore a backup.",
  ],
  SQLITE_READONLY: [
    "database.read-only",
    "cannot be written",
    "Check the permissions of the file and of its folder.",
  ],
  SQLITE_FULL: ["database.full", "cannot grow: the disk or a quota is full", "Free some space."],
  SQLITE_IOERR: [
    "database.io",
    "met an I/O error",
    "Check the disk; what is not recorded was not applied.",
  ],
  SQLITE_NOMEM: ["database.no-memory", "needs more memory than there is", "Free some memory."],
};

function entryOf(code: string): Entry | undefined {
  const [, primary = ""] = /^(SQLITE_[A-Z]+)/.exec(code) ?? [];
  return entries[primary];
}

/** Whether SQLite could not take a lock in the time it had. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error)?.startsWith("SQLITE_BUSY") ?? false;
}

/** What an error says, in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The failure that an error stands for when the database cannot be used; null when the statement is to blame. */
export function databaseFailure(error: unknown, path: string): Failure | null {
  const code = sqliteCode(error);
  const entry = code === null ? undefined : entryOf(code);
  if (code === null || entry === undefined) return null;
  const [ours, sentence, hint] = entry;
  return failure(ours, `The database ${path} ${sentence} (${code}: ${messageOf(error)}).`, hint);
}
