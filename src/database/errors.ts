// What SQLite reports -> a failure of ours, where it is the database itself that cannot be used.

import * as v from "valibot";
import { failure, type Failure, type FailureCode, messageOf } from "../failure.ts";
import { sizeOf } from "../platform/size.ts";
import { nodeOs } from "../platform/system.ts";
import { sqliteCode } from "./sqlite.ts";

type Entry = readonly [code: FailureCode, sentence: string, hint: string];

const full: Entry = [
  "database.full",
  "cannot grow: the disk or a quota is full",
  "Free some space.",
];

/** By SQLite's primary result code (SQLite, "Result and Error Codes"). */
function entryOfPrimary(code: string): Entry | undefined {
  switch (code) {
    case "SQLITE_BUSY":
      return [
        "database.locked",
        "is locked by another process",
        "Run the command again once the other is done, or wait longer with --lock-timeout.",
      ];
    case "SQLITE_CANTOPEN":
      return [
        "database.cannot-open",
        "cannot be opened",
        "Check that its folder exists and that you may write there.",
      ];
    case "SQLITE_PERM":
    case "SQLITE_AUTH":
      return ["database.cannot-open", "cannot be opened", "Check its permissions."];
    case "SQLITE_NOTADB":
      return [
        "database.not-a-database",
        "is not a SQLite database, or is encrypted",
        "Check the path given with --db.",
      ];
    case "SQLITE_CORRUPT":
      return [
        "database.corrupt",
        "is damaged",
        "Run PRAGMA integrity_check on it, and restore a backup.",
      ];
    case "SQLITE_READONLY":
      return [
        "database.read-only",
        "cannot be written",
        "Check the permissions of the file and of its folder.",
      ];
    case "SQLITE_FULL":
      return full;
    case "SQLITE_IOERR":
      return [
        "database.io",
        "met an I/O error",
        "Check the disk; what is not recorded was not applied.",
      ];
    case "SQLITE_NOMEM":
      return ["database.no-memory", "needs more memory than there is", "Free some memory."];
    default:
      return undefined;
  }
}

const tooLarge: Entry = [
  "database.size-limit",
  "cannot grow: a file may not become larger here",
  "Raise the limit on the size of files (ulimit -f), or move the database to a file system with a higher one.",
];

/** An extended code begins with its primary one. */
function entryOf(code: string): Entry | undefined {
  const [, primary = ""] = /^(SQLITE_[A-Z]+)/.exec(code) ?? [];
  return entryOfPrimary(primary);
}

/** Whether SQLite could not take a lock in the time it had. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error)?.startsWith("SQLITE_BUSY") ?? false;
}

/** A database at work. */
export interface UsedDatabase {
  readonly path: string;
  /** The system's error number behind its last failure; 0 where none is known. */
  readonly errno: number;
}

/** The largest size that this process may give a file, in bytes. */
function sizeLimit(): number {
  const report: unknown = process.report.getReport();
  const limits = v.object({ file_size_blocks: v.object({ soft: v.unknown() }) });
  const read = v.safeParse(v.object({ userLimits: limits }), report);
  const limit = read.success ? read.output.userLimits.file_size_blocks.soft : null;
  return typeof limit === "number" ? limit : Infinity;
}

/** Whether a file of the database is as large as it may become. SQLite keeps no error number of its log. */
function isAtLimit(path: string): boolean {
  const limit = sizeLimit();
  const files = [path, `${path}-wal`, `${path}-journal`];
  return files.some((file) => sizeOf(file) >= limit);
}

/** What the system means where SQLite can only say that it met an I/O error; undefined where it is no more than that. */
function systemEntry(code: string, { path, errno }: UsedDatabase): Entry | undefined {
  if (!code.startsWith("SQLITE_IOERR")) return undefined;
  const { EDQUOT, EFBIG } = nodeOs().constants.errno;
  if (errno === EDQUOT) return full;
  const isWrite = code === "SQLITE_IOERR_WRITE";
  return errno === EFBIG || (isWrite && isAtLimit(path)) ? tooLarge : undefined;
}

/** The failure that an error stands for when the database cannot be used; null when the statement is to blame. */
export function databaseFailure(error: unknown, database: UsedDatabase): Failure | null {
  const { path } = database;
  const code = sqliteCode(error);
  const entry = code === null ? undefined : (systemEntry(code, database) ?? entryOf(code));
  if (code === null || entry === undefined) return null;
  const [ours, sentence, hint] = entry;
  return failure(ours, `The database ${path} ${sentence} (${code}: ${messageOf(error)}).`, hint);
}
