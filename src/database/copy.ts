// One consistent copy of a database as it is committed, in three parts: made ready, filled, and given to its purpose.

import { readlinkSync, realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { failure, messageOf, ok, type Failure, type Result } from "../failure.ts";
import type { CopyTarget, CopyWish } from "../run/driver.ts";
import { createPrivate, lacksSpace, removeAbandoned, temporaryPath } from "./copies.ts";
import { databaseFailure } from "./errors.ts";
import { sizeOf } from "../platform/size.ts";
import { fileKind } from "./file.ts";
import { openConnection, sqliteCode, type Connection } from "./sqlite.ts";

/** A rehearsal changes nothing, not even what a crash has left half done; a backup may. */
type CopyPurpose = CopyWish["for"];

/**
 * A connection to look by, which leaves the files as they are: read-only where a log or journal is in use, as closing
 * would checkpoint the one and opening play back the other; else not, as reading alone would leave files behind.
 */
function openSource(path: string, purpose: CopyPurpose, waitMs: number): Connection {
  const isLogged = sizeOf(`${path}-wal`) > 0;
  const isJournaled = sizeOf(`${path}-journal`) > 0;
  const isFrozen = isLogged || (isJournaled && purpose === "rehearsal");
  const connection = openConnection(path, isFrozen ? "read" : "write");
  connection.run(`PRAGMA busy_timeout = ${Math.round(waitMs)}`);
  return connection;
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

/** Runs something on the database that is copied, on a connection of its own. */
function onSource<T>(
  path: string,
  purpose: CopyPurpose,
  waitMs: number,
  use: (connection: Connection) => Result<T>,
): Result<T> {
  let connection: Connection | null = null;
  try {
    connection = openSource(path, purpose, waitMs);
    return use(connection);
  } catch (error) {
    const found = sourceFailure(error, path);
    if (found === null) throw error;
    return { ok: false, failure: found };
  } finally {
    connection?.close();
  }
}

function numberOf(connection: Connection, pragma: string): number {
  const [value] = Object.values(connection.get(`PRAGMA ${pragma}`) ?? {});
  return Number(value ?? 0);
}

/** The size of a database in bytes, free pages included. */
export function databaseSize(connection: Connection): number {
  return numberOf(connection, "page_count") * numberOf(connection, "page_size");
}

/** The journal mode of a database: delete, wal … */
export function journalMode(connection: Connection): string {
  return String(connection.get("PRAGMA journal_mode")?.["journal_mode"] ?? "");
}

/** Where a link leads, though there is nothing; null for what is no link. */
function linkedFrom(path: string): string | null {
  try {
    return resolve(realpathSync(dirname(path)), readlinkSync(path));
  } catch {
    return null;
  }
}

/** As many links as the kernel follows. */
const mostLinks = 40;

/** The file behind a path, as SQLite would open or create it: where links lead, be there a file or not. */
export function realPath(path: string, links = mostLinks): string {
  try {
    return realpathSync(resolve(path));
  } catch {
    const next = links > 0 ? linkedFrom(resolve(path)) : null;
    return next === null ? resolve(path) : realPath(next, links - 1);
  }
}

/** Makes room for a copy in a folder: what dead processes left there is removed, an empty file is created. */
export function prepareCopy(
  path: string,
  purpose: CopyPurpose,
  folder: string,
  waitMs: number,
): Result<CopyTarget> {
  // Of none, a rehearsal has an empty copy.
  const isThere = fileKind(path) === "file";
  const size = isThere
    ? onSource(path, purpose, waitMs, (connection) => ok(databaseSize(connection)))
    : ok(0);
  if (!size.ok) return size;
  removeAbandoned(folder, path);
  const lack = lacksSpace(folder, size.value);
  if (lack !== null) return { ok: false, failure: lack };
  const target = temporaryPath(folder, path);
  createPrivate(target);
  return ok({ path: target, bytes: size.value });
}

/** In WAL mode like its original; a copy that VACUUM makes never is. */
function keepMode(mode: string, target: string): void {
  if (mode !== "wal") return;
  const copy = openConnection(target, "write");
  try {
    copy.run("PRAGMA journal_mode = WAL");
  } finally {
    copy.close();
  }
}

function fillFailure(error: unknown, target: string): Failure | null {
  const code = sqliteCode(error) ?? "";
  if (code.startsWith("SQLITE_FULL")) return databaseFailure(error, { path: target, errno: 0 });
  const isSource = /^SQLITE_(?:BUSY|CORRUPT|NOTADB|READONLY|IOERR_READ)/.test(code);
  if (code === "" || isSource) return null;
  return failure(
    "database.copy-failed",
    `${target} cannot be made: ${messageOf(error)}.`,
    "Check the disk, and that this SQLite knows every collation and function of the schema.",
  );
}

/** Fills a copy with the database as it is committed. */
export function fillCopy(
  path: string,
  purpose: CopyPurpose,
  target: string,
  waitMs: number,
): Result<null> {
  if (fileKind(path) === "nothing") return ok(null);
  return onSource(path, purpose, waitMs, (connection) => {
    try {
      // Durable once it is given its name: see publish.
      connection.all("VACUUM INTO ?", resolve(target));
      keepMode(journalMode(connection), target);
      return ok(null);
    } catch (error) {
      const found = fillFailure(error, target);
      if (found === null) throw error;
      return { ok: false, failure: found };
    }
  });
}

/** How many sentences are told of a damaged database; of those that are not told there may be many more. */
const toldProblems = 20;

/**
 * What a check of a whole database finds wrong with it, a sentence each; none where it is sound. Rows that no CHECK or
 * NOT NULL would let in today are the content of a sound database (SQLite, "PRAGMA integrity_check").
 */
export function integrityOf(connection: Connection): readonly string[] {
  connection.run("PRAGMA ignore_check_constraints = ON");
  try {
    const found = connection.all("PRAGMA integrity_check(100000)");
    return found
      .map((row) => String(Object.values(row)[0] ?? ""))
      .filter((sentence) => sentence !== "ok" && !sentence.startsWith("NULL value in "))
      .slice(0, toldProblems);
  } finally {
    connection.run("PRAGMA ignore_check_constraints = OFF");
  }
}
