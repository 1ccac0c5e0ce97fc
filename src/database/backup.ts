// A database -> a backup of it, named after database, version and time; older ones are removed as asked.

import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fail, ok, type Result } from "../failure.ts";
import { copyFailure, copyInto } from "./copy.ts";
import { publish, removeDatabase, removeStale, temporaryPath } from "./files.ts";
import type { Connection } from "./sqlite.ts";
import { existsSync } from "node:fs";

/** How a backup is asked for. */
export interface BackupRequest {
  /** The database that is copied. */
  readonly path: string;
  /** Where to; null for a name of its own beside the database. */
  readonly file: string | null;
  /** How many of the backups with names of their own to keep, this one included; null for all. */
  readonly keep: number | null;
  readonly date: Date;
}

/** What a backup has made, and what it has removed. */
export interface BackupMade {
  readonly file: string;
  readonly removed: readonly string[];
}

function backupName(path: string, head: number, date: Date): string {
  const stamp = date.toISOString().replace(/[-:.]/g, "");
  return `${path}.v${head}.${stamp}.backup`;
}

/** The backups of a database with names of their own, newest first. */
function backupsOf(path: string): readonly string[] {
  const directory = dirname(resolve(path));
  const start = `${basename(path)}.v`;
  return readdirSync(directory)
    .filter(
      (name) =>
        name.startsWith(start) && /^\d+\.\d{8}T\d{9}Z\.backup$/.test(name.slice(start.length)),
    )
    .sort((a, b) => (stampOf(a) < stampOf(b) ? 1 : -1))
    .map((name) => join(dirname(path), name));
}

function stampOf(name: string): string {
  return name.split(".").at(-2) ?? "";
}

function removeOlder(path: string, keep: number | null): readonly string[] {
  if (keep === null) return [];
  const older = backupsOf(path).slice(keep);
  for (const file of older) rmSync(file, { force: true });
  return older;
}

/**
 * Makes a backup of what a connection sees: copied, synced, and renamed into place, so that a backup that has its name
 * is whole. Fails with `database.*`; an existing file is never replaced.
 */
export function makeBackup(
  connection: Connection,
  head: number,
  request: BackupRequest,
): Result<BackupMade> {
  const { path, keep, date } = request;
  const file = request.file ?? backupName(path, head, date);
  if (existsSync(file)) {
    return fail(
      "database.copy-failed",
      `There is a file at ${file} already.`,
      "Choose another name.",
    );
  }
  removeStale(file, "backup");
  const temporary = temporaryPath(file, "backup");
  const copied = copyInto(connection, temporary, path);
  if (!copied.ok) return copied;
  try {
    publish(temporary, file);
    return ok({ file, removed: removeOlder(path, keep) });
  } catch (error) {
    removeDatabase(temporary);
    return { ok: false, failure: copyFailure(error, file) };
  }
}
