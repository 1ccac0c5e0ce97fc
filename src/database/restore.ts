// A backup -> the database at its path, in stages; before and after each of them the old one or the new one is there, whole.

import {
  chmodSync,
  chownSync,
  copyFileSync,
  constants,
  linkSync,
  renameSync,
  rmSync,
  statSync,
  type Stats,
} from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { failure, type Failure } from "../failure.ts";
import type { Restored, RestoreStage, RestoreWish } from "../run/driver.ts";
import { stampOf, untaken } from "./backup.ts";
import { checkCopy, journals, refuseFile, type Copy } from "./candidate.ts";
import {
  createPrivate,
  errnoOf,
  lacksSpace,
  removeAbandoned,
  removeDatabase,
  removeTwins,
  syncFile,
  syncFolderOf,
  temporaryPath,
} from "./copies.ts";
import { databaseFailure, isBusy } from "./errors.ts";
import { sizeOf } from "../platform/size.ts";
import { fileKind, identityOf, noFile, realPath } from "./file.ts";
import { journalMode } from "./source.ts";
import { openConnection, sqliteCode, type Connection } from "./sqlite.ts";
import { usersOf } from "./users.ts";

const letGoMs = 2000;

/** What came of a stage. */
export type StageOutcome =
  | { readonly is: "done" }
  | { readonly is: "restored"; readonly restored: Restored }
  | { readonly is: "busy" }
  | { readonly is: "failed"; readonly failure: Failure };

const done: StageOutcome = { is: "done" };

function failed(found: Failure): StageOutcome {
  return { is: "failed", failure: found };
}

/** Whether an error says that the content of a file is no database, or none that can be read. */
function isBroken(error: unknown): boolean {
  return /^SQLITE_(?:NOTADB|CORRUPT|IOERR|CANTOPEN)/.test(sqliteCode(error) ?? "");
}

/** One restoration, from its first stage to its last. */
export class Restoration {
  private readonly given: string;
  private readonly wish: RestoreWish;
  private readonly date: Date;
  private readonly by: string;
  /** The file itself, where the given path is a link to it. */
  private readonly live: string;
  private copy: Copy | null = null;
  /** Holds the lock on the live database from its settling on; null where there is none, or a broken one. */
  private connection: Connection | null = null;
  private liveMode = "";
  private kept: string | null = null;

  constructor(path: string, wish: RestoreWish, date: Date, by: string) {
    this.given = path;
    this.wish = wish;
    this.date = date;
    this.by = by;
    const file = realPath(path);
    this.live = file === resolve(path) ? path : file;
  }

  /** Carries out one stage. Throws what the file system or SQLite reports. */
  perform(stage: RestoreStage): StageOutcome {
    switch (stage) {
      case "settle":
        return this.settle();
      case "copy":
        return this.makeCopy();
      case "keep":
        return this.keep();
      case "replace":
        return this.replace();
      case "finish":
        return this.finish();
      case "discard":
        return this.discard();
    }
  }

  private makeCopy(): StageOutcome {
    const { file } = this.wish;
    const folder = dirname(this.live);
    removeAbandoned(folder, this.live);
    const lack = lacksSpace(folder, sizeOf(file));
    if (lack !== null) return failed({ ...lack, hint: "Free some space." });
    const path = temporaryPath(folder, this.live);
    createPrivate(path);
    // From now on it is known, and removed if anything fails.
    this.copy = { path, head: 0, mode: "" };
    copyFileSync(file, path, constants.COPYFILE_FICLONE);
    // It came with the backup's permissions, which may be too few to write to it, or too many.
    chmodSync(path, 0o600);
    const checked = checkCopy(path, file, this.date, this.by);
    if (!checked.ok) return failed(checked.failure);
    this.copy = checked.value;
    // It may take long, and later the live file has two names.
    syncFile(path, 0o600);
    return done;
  }

  /**
   * Makes the live file hold all that it is, with no journal beside it, and keeps everybody else out of it. It comes
   * first: on a full disk the log that is folded in may be what leaves no room for the copy.
   */
  private settle(): StageOutcome {
    const allowed = refuseFile(this.wish.file, this.live);
    if (!allowed.ok) return failed(allowed.failure);
    const kind = fileKind(this.live);
    if (kind === "nothing") return done;
    if (kind !== "file") return failed(noFile(this.given, kind));
    const users = usersOf(identityOf(this.live));
    if (users.length > 0) return failed(inUse(this.given, users));
    try {
      probe(this.live);
      this.connection = openConnection(this.live, "write");
      this.liveMode = journalMode(this.connection);
      this.connection.run("PRAGMA journal_mode = DELETE");
      this.connection.run("BEGIN EXCLUSIVE");
    } catch (error) {
      return this.unsettled(error);
    }
    // Played back or folded in by now; what other journal modes leave behind is worth nothing.
    rmSync(`${this.live}-journal`, { force: true });
    return done;
  }

  private unsettled(error: unknown): StageOutcome {
    this.connection?.close();
    this.connection = null;
    if (isBusy(error)) return { is: "busy" };
    const found = databaseFailure(error, { path: this.given, errno: 0 });
    if (found === null || !isBroken(error)) throw error;
    if (this.wish.force) return done;
    const hint = "Replace it as it is, its journals moved away with it, with --force.";
    return failed({ ...found, hint });
  }

  private keep(): StageOutcome {
    const isThere = fileKind(this.live) === "file";
    // One that was killed between here and the replacement has left the live file with two names.
    if (isThere) removeTwins(this.live, `${basename(this.live)}.replaced-`);
    const left = journals.filter((suffix) => fileKind(this.live + suffix) === "file");
    if (this.wish.discard) {
      // Only a live file that is broken, or gone, has any left.
      for (const suffix of [...left, "-shm"]) rmSync(this.live + suffix, { force: true });
      return done;
    }
    if (!isThere && left.length === 0) return done;
    const kept = untaken(`${this.live}.replaced-${stampOf(this.date)}`);
    if (isThere) {
      try {
        linkSync(this.live, kept);
      } catch (error) {
        return failed(noLink(kept, errnoOf(error)));
      }
    }
    this.kept = kept;
    for (const suffix of left) renameSync(this.live + suffix, kept + suffix);
    if (left.length > 0) rmSync(`${this.live}-shm`, { force: true });
    return done;
  }

  private replace(): StageOutcome {
    if (this.copy === null) throw new Error("nothing was copied");
    const { path } = this.copy;
    const like = statSync(this.live, { throwIfNoEntry: false }) ?? statSync(this.wish.file);
    const unowned = takeOwner(path, like);
    if (unowned !== null) return failed(unowned);
    syncFile(path, like.mode & 0o777);
    // Who has come while the copy was made would go on with a file that is replaced.
    const users = usersOf(identityOf(this.live));
    if (users.length > 0) return failed(inUse(this.given, users));
    renameSync(path, this.live);
    return done;
  }

  private finish(): StageOutcome {
    if (this.copy === null) throw new Error("nothing was copied");
    syncFolderOf(this.live);
    this.connection?.close();
    this.connection = null;
    const { head, mode } = this.copy;
    const was = this.liveMode;
    if (this.kept !== null && was === "wal") giveMode(this.kept, was);
    const restored: Restored = {
      file: this.wish.file,
      version: head,
      bytes: sizeOf(this.live),
      kept: this.kept,
      note:
        was === "" || was === mode
          ? null
          : `The journal mode is ${mode}, as in the backup; it was ${was}.`,
    };
    this.copy = null;
    return { is: "restored", restored };
  }

  /** Takes back what the stages before have done; once the database is replaced, nothing of it. */
  private discard(): StageOutcome {
    const connection = this.connection;
    this.connection = null;
    const isReplaced = this.copy !== null && fileKind(this.copy.path) === "nothing";
    if (isReplaced) {
      connection?.close();
      const text = "The database is replaced already.";
      return failed(failure("database.commit-unknown", text, "See rung status."));
    }
    if (this.copy !== null) removeDatabase(this.copy.path);
    this.copy = null;
    this.giveBackKept();
    if (connection !== null) this.letGo(connection);
    return done;
  }

  private giveBackKept(): void {
    const kept = this.kept;
    this.kept = null;
    if (kept === null) return;
    for (const suffix of journals) {
      if (fileKind(kept + suffix) === "file") renameSync(kept + suffix, this.live + suffix);
    }
    rmSync(kept, { force: true });
  }

  /** Gives the live database back as it was settled from, in its journal mode. */
  private letGo(connection: Connection): void {
    try {
      if (connection.inTransaction) connection.run("ROLLBACK");
      // Others may be waiting for the lock that was just let go of.
      connection.run(`PRAGMA busy_timeout = ${letGoMs}`);
      if (this.liveMode === "wal") connection.run("PRAGMA journal_mode = WAL");
    } finally {
      connection.close();
    }
  }
}

/**
 * Reads a database that has a log, as no more than a reader: whoever may write would fold the log in when he closes a
 * file that he cannot read, and both would be lost.
 */
function probe(path: string): void {
  if (sizeOf(`${path}-wal`) === 0) return;
  const connection = openConnection(path, "read");
  try {
    connection.get("SELECT count(*) FROM sqlite_schema");
  } finally {
    connection.close();
  }
}

/** The owner of the file that is replaced, where we may give files away: else the application could not open it. */
function takeOwner(path: string, like: Stats): Failure | null {
  const { uid, gid } = statSync(path);
  if (uid === like.uid && gid === like.gid) return null;
  try {
    chownSync(path, like.uid, like.gid);
    return null;
  } catch (error) {
    const text = `The backup cannot be given to the owner and group of the database: ${errnoOf(error)}.`;
    return failure("database.copy-failed", text, "Run the command as its owner, or as root.");
  }
}

/** What was settled is in the mode that it had, so that it can be restored as it was; without, it is whole all the same. */
function giveMode(path: string, mode: "wal"): void {
  try {
    const connection = openConnection(path, "write");
    try {
      connection.run(`PRAGMA journal_mode = ${mode}`);
    } finally {
      connection.close();
    }
  } catch {
    return;
  }
}

function inUse(path: string, users: readonly number[]): Failure {
  const [first] = users;
  const who = users.length === 1 ? `process ${first} has` : `processes ${users.join(", ")} have`;
  return failure(
    "database.in-use",
    `The database ${path} cannot be replaced: ${who} it open.`,
    "Stop what uses it, and run the command again.",
  );
}

function noLink(kept: string, errno: string): Failure {
  return failure(
    "database.copy-failed",
    `The database cannot be kept as ${kept}: ${errno}.`,
    "Move it away by hand first, or replace it for good with --discard.",
  );
}
