// A file that is to be restored -> whether it can be: a sound database, whole in this one file.

import { basename } from "node:path";
import { fail, failure, messageOf, ok, type Failure, type Result } from "../failure.ts";
import { integrityOf } from "./copy.ts";
import { databaseFailure } from "./errors.ts";
import { sizeOf } from "../platform/size.ts";
import { bytesAt, fileKind, identityOf } from "./file.ts";
import { headOf } from "./history.ts";
import { logRestore } from "./recording.ts";
import { journalMode } from "./source.ts";
import { openConnection, sqliteCode } from "./sqlite.ts";

/** What is added to the name of a database for the files that may hold a part of it. */
export const journals = ["-journal", "-wal"];

/** With this every database begins (SQLite, "Database File Format"). */
const magic = "SQLite format 3\0";

/** A backup that has been copied to where it is needed, and checked. */
export interface Copy {
  readonly path: string;
  readonly head: number;
  readonly mode: string;
}

const another = "Choose another backup.";

function damaged(file: string, what: string): Failure {
  return failure("database.corrupt", `The backup ${file} is damaged: ${what}.`, another);
}

function noDatabase(file: string): Failure {
  const text = `The backup ${file} is not a SQLite database, or is encrypted.`;
  return failure("database.not-a-database", text, another);
}

function beginsLikeDatabase(file: string): boolean {
  return new TextDecoder().decode(bytesAt(file, 0, magic.length)) === magic;
}

/** Refuses, before anything is touched, what can be seen to be no backup of the live file. Throws what cannot be read. */
export function refuseFile(file: string, live: string): Result<null> {
  const kind = fileKind(file);
  if (kind === "nothing") {
    const text = `There is no backup ${file}.`;
    return fail("database.cannot-open", text, "Name the file of the backup.");
  }
  if (kind !== "file") {
    const text = `The backup ${file} is a ${kind}, not a file.`;
    return fail("database.cannot-open", text, "Name the file of the backup.");
  }
  if (identityOf(file) === identityOf(live)) {
    const text = `${file} is the database itself.`;
    return fail("usage.invalid-option", text, "Name the file of a backup.");
  }
  if (sizeOf(file) === 0) return { ok: false, failure: damaged(file, "it is empty") };
  if (!beginsLikeDatabase(file)) return { ok: false, failure: noDatabase(file) };
  const beside = journals.map((suffix) => file + suffix).find((path) => sizeOf(path) > 0);
  if (beside === undefined) return ok(null);
  return fail(
    "database.not-alone",
    `${file} is not whole without ${beside}.`,
    `Fold it in first, as in sqlite3 ${file} 'PRAGMA journal_mode = DELETE', if nobody uses it.`,
  );
}

/** The failure of a copy that cannot be read, or written: the first is the backup's fault. */
function unreadable(error: unknown, path: string, file: string): Failure | null {
  const found = databaseFailure(error, { path, errno: 0 });
  if (found?.code === "database.not-a-database") return noDatabase(file);
  if (found?.code !== "database.corrupt") return found;
  return damaged(file, `${messageOf(error)} (${sqliteCode(error) ?? "SQLITE_CORRUPT"})`);
}

/**
 * Checks a copy of a file, and notes in its log that it is restored. It checks the copy and not the file, which may lie
 * where nothing can be written.
 */
export function checkCopy(path: string, file: string, at: Date, by: string): Result<Copy> {
  const connection = openConnection(path, "write");
  try {
    const problems = integrityOf(connection);
    const [first] = problems;
    if (first !== undefined) {
      return { ok: false, failure: { ...damaged(file, first), losses: problems } };
    }
    const head = headOf(connection);
    const mode = journalMode(connection);
    logRestore(connection, { file: basename(file), head, at, by });
    return ok({ path, head, mode });
  } catch (error) {
    const found = unreadable(error, path, file);
    if (found === null) throw error;
    return { ok: false, failure: found };
  } finally {
    connection.close();
  }
}
