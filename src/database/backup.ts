// A finished copy -> a backup: named after database, version and time, private, durable; and old ones removed as asked.

import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fail, ok, type Result } from "../failure.ts";
import type { Backup, BackupWish } from "../run/driver.ts";
import { errnoOf, modeOf, publish, syncFolderOf } from "./copies.ts";
import { sizeOf } from "../platform/size.ts";
import { headOf } from "./history.ts";
import { openConnection } from "./sqlite.ts";

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** The folder that a backup of a database goes to: the one asked for, or the one of the file asked for, or beside it. */
export function backupFolder(database: string, { file }: BackupWish): string {
  if (file === null) return dirname(database);
  return isFolder(file) ? file : dirname(file);
}

function existing(file: string): Result<never> {
  const text = `There is a file ${file} already.`;
  return fail("usage.file-exists", text, "Name a new file, or let rung name it.");
}

/** Refuses, before anything is copied, to write over a file. Fails with `usage.file-exists` or `usage.invalid-option`. */
export function refuseExisting({ file, keep }: BackupWish): Result<null> {
  if (file === null || isFolder(file)) return ok(null);
  if (exists(file)) return existing(file);
  if (keep === null) return ok(null);
  const text = "The backups to keep are those that rung names, and this one has a name of yours.";
  return fail("usage.invalid-option", text, "Leave out the file, or name a folder.");
}

/** A time as the names of backups have it: `20260423T120000Z`. */
export function stampOf(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, "");
}

/** A name that is not taken yet: with `-2`, `-3` … where it is. */
export function untaken(name: string): string {
  for (let count = 2, free = name; ; count++) {
    if (!exists(free)) return free;
    free = name.replace(/(\.\w+)?$/, `-${count}$1`);
  }
}

/**
 * The name of a backup, numbered where there are others of its second. A number that was removed is not given again: it
 * would look older than those that are left.
 */
function nextAfter(path: string): string {
  const [start = "", end = ""] = path.split(/(\.backup)$/);
  const numbers = readdirSync(dirname(path))
    .map((each) => join(dirname(path), each))
    .filter((each) => each.startsWith(start) && each.endsWith(end))
    .map((each) => each.slice(start.length, -end.length))
    .filter((number) => /^(?:-\d+)?$/.test(number))
    .map((number) => (number === "" ? 1 : Number(number.slice(1))));
  return numbers.length === 0 ? path : `${start}-${Math.max(...numbers) + 1}${end}`;
}

function headIn(path: string): number {
  const connection = openConnection(path, "write");
  try {
    return headOf(connection);
  } finally {
    connection.close();
  }
}

/** The backups of a database in a folder that were named by us, the latest first. */
function backupsIn(folder: string, database: string): string[] {
  const made = /^\.v(\d+)\.(\d{8}T\d{6}Z)(?:-(\d+))?\.backup$/;
  const name = basename(database);
  return readdirSync(folder)
    .filter((each) => each.startsWith(name))
    .map((each) => ({ each, match: made.exec(each.slice(name.length)) }))
    .filter(({ match }) => match !== null)
    .map(({ each, match }) => {
      const [, head = "", at = "", count = "1"] = match ?? [];
      // As text they sort by time, and within a second as they were made.
      return { each, rank: [at, count.padStart(9, "0"), head.padStart(16, "0")].join(" ") };
    })
    .toSorted((a, b) => (a.rank < b.rank ? 1 : -1))
    .map(({ each }) => join(folder, each));
}

/** Removes all but the latest; the one that was just made stays, whatever the clock says. */
function removeBeyond(keep: number | null, made: string, database: string): readonly string[] {
  if (keep === null) return [];
  const folder = dirname(made);
  const removed = backupsIn(folder, database)
    .slice(keep)
    .filter((each) => each !== made);
  for (const path of removed) rmSync(path, { force: true });
  if (removed.length > 0) syncFolderOf(made);
  return removed;
}

/** Gives a filled copy its name as a backup; durable when it returns. Fails with `usage.file-exists`. */
export function publishBackup(
  database: string,
  copy: string,
  wish: BackupWish,
  date: Date,
): Result<Backup> {
  const { file, keep } = wish;
  const isNamed = file !== null && !isFolder(file);
  const folder = file ?? dirname(database);
  const ours = `${basename(database)}.v${headIn(copy)}.${stampOf(date)}.backup`;
  // A backup is as private as its original, and never more open than to its owner.
  const mode = 0o600 & (modeOf(database) ?? 0o600);
  const bytes = sizeOf(copy);
  for (;;) {
    const path = isNamed ? file : nextAfter(join(folder, ours));
    try {
      publish(copy, path, mode);
      const removed = isNamed ? [] : removeBeyond(keep, path, database);
      return ok({ path, bytes, removed });
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
      if (isNamed) return existing(file);
      // Another backup of this second has taken the name since.
    }
  }
}
