// The effects on whole files: a copy of the database is made, or a backup takes its place.

import { dirname } from "node:path";
import { fail, type Result } from "../failure.ts";
import type { CopyWish, DatabaseEffect, Outcome } from "../run/driver.ts";
import { backupFolder, publishBackup, refuseExisting } from "./backup.ts";
import { removeDatabase } from "./copies.ts";
import { fillCopy, prepareCopy } from "./copy.ts";
import { fileKind, noFile, realPath } from "./file.ts";
import { Restoration } from "./restore.ts";

/** An effect on whole files. */
export type FileEffect = Extract<
  DatabaseEffect,
  { readonly do: "prepare-copy" | "fill-copy" | "publish-backup" | "discard-copy" | "restore" }
>;

/** What the effects need to know besides. */
export interface FileWorkSettings {
  readonly path: string;
  readonly date: () => Date;
  readonly by: () => string;
}

function folderFor(path: string, wish: CopyWish): string {
  if (wish.for === "backup") return backupFolder(path, wish);
  return wish.folder ?? dirname(realPath(path));
}

const ownJournal = fail(
  "usage.invalid-option",
  "SQLite would take the backup for a journal of the database.",
  "Give it another name.",
);

function isJournalOf(path: string, file: string | null): boolean {
  if (file === null) return false;
  return ["-journal", "-wal", "-shm"].some((suffix) => realPath(file) === realPath(path) + suffix);
}

function refuseWish(path: string, wish: CopyWish): Result<null> {
  const kind = fileKind(path);
  if (kind !== "file" && kind !== "nothing") return { ok: false, failure: noFile(path, kind) };
  if (wish.for === "rehearsal") return { ok: true, value: null };
  if (kind === "file") return isJournalOf(path, wish.file) ? ownJournal : refuseExisting(wish);
  const text = `There is no database ${path}.`;
  return fail("database.cannot-open", text, "Name the database file with --db.");
}

/** Performs effects on whole files, and remembers a restoration from stage to stage. */
export class FileWork {
  private readonly settings: FileWorkSettings;
  private restoration: Restoration | null = null;

  constructor(settings: FileWorkSettings) {
    this.settings = settings;
  }

  /** Throws what the file system or SQLite reports. */
  perform(effect: FileEffect): Outcome {
    const { path } = this.settings;
    switch (effect.do) {
      case "prepare-copy": {
        const { wish, waitMs } = effect;
        const allowed = refuseWish(path, wish);
        if (!allowed.ok) return { is: "failed", failure: allowed.failure };
        const target = prepareCopy(path, wish.for, folderFor(path, wish), waitMs);
        if (!target.ok) return { is: "failed", failure: target.failure };
        return { is: "prepared", target: target.value };
      }
      case "fill-copy": {
        const { wish, target, waitMs } = effect;
        const filled = fillCopy(path, wish.for, target.path, waitMs);
        return filled.ok ? { is: "done" } : { is: "failed", failure: filled.failure };
      }
      case "publish-backup":
        return this.publish(effect);
      case "discard-copy":
        removeDatabase(effect.target.path);
        return { is: "done" };
      case "restore":
        return this.restore(effect);
    }
  }

  private publish({ wish, target }: FileEffect & { do: "publish-backup" }): Outcome {
    const { path, date } = this.settings;
    const backup = publishBackup(path, target.path, wish, date());
    if (!backup.ok) return { is: "failed", failure: backup.failure };
    return { is: "published", backup: backup.value };
  }

  private restore({ wish, stage }: FileEffect & { do: "restore" }): Outcome {
    const { path, date, by } = this.settings;
    if (stage === "settle") this.restoration = new Restoration(path, wish, date(), by());
    // Before its first stage there is nothing to take back.
    if (this.restoration === null && stage === "discard") return { is: "done" };
    if (this.restoration === null) throw new Error("no restoration was begun");
    const outcome = this.restoration.perform(stage);
    if (stage === "discard" || outcome.is === "restored") this.restoration = null;
    return outcome;
  }
}
