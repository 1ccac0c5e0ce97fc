// A backup -> in the place of the live database: at any moment either the old one is there, or the new one, whole.

import {
  chmodSync,
  existsSync,
  linkSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { fail, failure, ok, type Failure, type Result } from "../failure.ts";
import { copyFailure, copyInto } from "./copy.ts";
import { databaseFailure, isBusy, messageOf } from "./errors.ts";
import {
  companions,
  modeOf,
  publish,
  removeDatabase,
  removeStale,
  syncDirectoryOf,
  temporaryPath,
} from "./files.ts";
import { openConnection, type Connection } from "./sqlite.ts";

/** How a restore is asked for. */
export interface RestoreRequest {
  readonly backup: string;
  readonly live: string;
  /** Replace a live database that is too broken to be settled. */
  readonly isForced: boolean;
  /** Do not keep the replaced file. */
  readonly isDiscarding: boolean;
  readonly waitMs: number;
  readonly date: Date;
  readonly by: string;
}

/** What a restore has done. */
export interface Restored {
  /** Where the replaced database is now; null where there was none, or it was not to be kept. */
  readonly replaced: string | null;
}

function unsound(path: string, what: string): Result<never> {
  const text = `The backup ${path} is no sound database: ${what}.`;
  return fail("database.corrupt", text, "Choose another backup.");
}

/** Copies the backup beside the live database, checked, and with the restore in its log. */
function prepare(request: RestoreRequest, temporary: string): Result<null> {
  const { backup, date, by } = request;
  let source: Connection;
  try {
    if (statSync(backup, { throwIfNoEntry: false })?.isFile() !== true) {
      const text = `There is no backup file at ${backup}.`;
      return fail("database.cannot-open", text, "Check the path of the backup.");
    }
    source = openConnection(backup, "read");
  } catch (error) {
    return { ok: false, failure: copyFailure(error, backup) };
  }
  try {
    const check = source.get("PRAGMA integrity_check(1)")?.["integrity_check"];
    if (check !== "ok") return unsound(backup, String(check));
    const copied = copyInto(source, temporary, backup);
    if (!copied.ok) return copied;
  } catch (error) {
    return unsound(backup, messageOf(error));
  } finally {
    source.close();
  }
  return recordRestore(temporary, date.toISOString(), by, backup);
}

function recordRestore(path: string, at: string, by: string, backup: string): Result<null> {
  const copy = openConnection(path, "write");
  try {
    const log = copy.get("SELECT 1 FROM sqlite_schema WHERE name = 'rung_log'");
    if (log !== null) {
      const sql = "INSERT INTO rung_log (at, event, name, by) VALUES (?, 'restore', ?, ?)";
      copy.all(sql, at, backup, by);
    }
    return ok(null);
  } catch (error) {
    return { ok: false, failure: copyFailure(error, path) };
  } finally {
    copy.close();
  }
}

/** Processes, other than this one, that have a file open, as far as /proc shows. */
function usersOf(path: string): readonly number[] {
  const target = resolve(path);
  const users: number[] = [];
  if (!existsSync("/proc")) return users;
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const directory = join("/proc", entry, "fd");
      const isOpen = readdirSync(directory).some(
        (fd) => readlinkSync(join(directory, fd)) === target,
      );
      if (isOpen) users.push(pid);
    } catch {
      // Gone by now, or not ours to look at.
    }
  }
  return users;
}

function inUse(path: string, why: string): Failure {
  return failure(
    "database.in-use",
    `The database ${path} is in use: ${why}.`,
    "Stop what uses it, and try again.",
  );
}

/**
 * Settles the live database: whatever its journals hold is in the file itself, and they are gone, so that one rename
 * replaces all of it. The connection that is given back holds it against everybody else.
 */
function settle(live: string, waitMs: number): Result<Connection> {
  const connection = openConnection(live, "write");
  try {
    connection.run(`PRAGMA busy_timeout = ${Math.round(waitMs)}`);
    // SQLite refuses this while any other connection has a WAL database open.
    const mode = connection.get("PRAGMA journal_mode = DELETE")?.["journal_mode"];
    if (mode !== "delete") {
      connection.close();
      return { ok: false, failure: inUse(live, `its journal mode stays ${String(mode)}`) };
    }
    connection.run("BEGIN EXCLUSIVE");
    return ok(connection);
  } catch (error) {
    connection.close();
    if (isBusy(error)) return { ok: false, failure: inUse(live, messageOf(error)) };
    return { ok: false, failure: databaseFailure(error, live) ?? copyFailure(error, live) };
  }
}

function replacedName(live: string, date: Date): string {
  const stamp = date.toISOString().replace(/[-:.]/g, "");
  return `${live}.replaced-${stamp}`;
}

/** Takes the journals of a database that cannot be settled out of the way: they must never be played into another. */
function moveJournals(live: string, replaced: string, isDiscarding: boolean): void {
  for (const suffix of companions) {
    const journal = `${live}${suffix}`;
    if (!existsSync(journal)) continue;
    if (isDiscarding) rmSync(journal);
    else renameSync(journal, `${replaced}${suffix}`);
  }
  syncDirectoryOf(live);
}

function replace(request: RestoreRequest, temporary: string): Result<Restored> {
  const { live, isForced, isDiscarding, waitMs, date } = request;
  if (!existsSync(live)) {
    publish(temporary, live);
    return ok({ replaced: null });
  }
  const users = usersOf(live);
  if (users.length > 0) {
    return { ok: false, failure: inUse(live, `process ${users.join(", ")} has it open`) };
  }
  const replaced = replacedName(live, date);
  const settled = settle(live, waitMs);
  if (!settled.ok) {
    const isBroken = settled.failure.code !== "database.in-use";
    if (!isBroken || !isForced) {
      const hint = isBroken ? "Replace it all the same with --force." : settled.failure.hint;
      return { ok: false, failure: { ...settled.failure, hint } };
    }
    moveJournals(live, replaced, isDiscarding);
  }
  try {
    chmodSync(temporary, modeOf(live));
    if (!isDiscarding) linkSync(live, replaced);
    publish(temporary, live);
  } finally {
    if (settled.ok) settled.value.close();
  }
  return ok({ replaced: isDiscarding ? null : replaced });
}

/** Puts a backup in the place of the live database. Safe to kill at any moment. Fails with `database.*`. */
export function restoreDatabase(request: RestoreRequest): Result<Restored> {
  const { live } = request;
  removeStale(live, "restore");
  const temporary = temporaryPath(live, "restore");
  try {
    const prepared = prepare(request, temporary);
    return prepared.ok ? replace(request, temporary) : prepared;
  } catch (error) {
    return { ok: false, failure: copyFailure(error, live) };
  } finally {
    removeDatabase(temporary);
  }
}
