// One consistent copy of a database as it is committed, in three parts: made ready, filled, and given to its purpose.

import { resolve } from "node:path";
import { failure, messageOf, ok, type Failure, type Result } from "../failure.ts";
import type { CopyTarget } from "../run/driver.ts";
import { createPrivate, lacksSpace, removeAbandoned, temporaryPath } from "./copies.ts";
import { databaseFailure } from "./errors.ts";
import { fileKind, realPath } from "./file.ts";
import { onSource, type CopyPurpose } from "./source.ts";
import { openConnection, sqliteCode, type Connection } from "./sqlite.ts";

function numberOf(connection: Connection, pragma: string): number {
  const [value] = Object.values(connection.get(`PRAGMA ${pragma}`) ?? {});
  return Number(value ?? 0);
}

/** The size of a database in bytes, free pages included. */
export function databaseSize(connection: Connection): number {
  return numberOf(connection, "page_count") * numberOf(connection, "page_size");
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
  // Whatever links led here, the next one is to know a copy that was left behind.
  const file = realPath(path);
  removeAbandoned(folder, file);
  const lack = lacksSpace(folder, size.value);
  if (lack !== null) return { ok: false, failure: lack };
  const target = temporaryPath(folder, file);
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
  return onSource(path, purpose, waitMs, (connection, mode) => {
    try {
      // Durable once it is given its name: see publish.
      connection.all("VACUUM INTO ?", resolve(target));
      keepMode(mode, target);
      return ok(null);
    } catch (error) {
      const found = fillFailure(error, target);
      if (found === null) throw error;
      return { ok: false, failure: found };
    }
  });
}

/** In KiB: enough for an index to stay at hand while every row of its table is looked up in it. */
const checkingCache = 16_384;

/** How many sentences are told of a damaged database; of those that are not told there may be many more. */
const toldProblems = 20;

/**
 * What a check of a whole database finds wrong with it, a sentence each; none where it is sound. Rows that no CHECK or
 * NOT NULL would let in today are the content of a sound database (SQLite, "PRAGMA integrity_check").
 */
export function integrityOf(connection: Connection): readonly string[] {
  const cache = numberOf(connection, "cache_size");
  connection.run("PRAGMA ignore_check_constraints = ON");
  connection.run(`PRAGMA cache_size = -${checkingCache}`);
  try {
    const found = connection.all("PRAGMA integrity_check(100000)");
    return (
      found
        // Of the pages of a database SQLite tells in one row of many lines.
        .flatMap((row) => String(Object.values(row)[0] ?? "").split("\n"))
        .filter((sentence) => !sentence.startsWith("*** in database "))
        .filter((sentence) => sentence !== "ok" && !sentence.startsWith("NULL value in "))
        .slice(0, toldProblems)
    );
  } finally {
    connection.run("PRAGMA ignore_check_constraints = OFF");
    connection.run(`PRAGMA cache_size = ${cache}`);
  }
}
