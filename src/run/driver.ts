// What the run asks of a database, one effect at a time, and what can come of it.

import type { Failure } from "../failure.ts";
import type { Amendment } from "../plan/amend.ts";
import type { TableContents } from "../plan/contents.ts";
import type { RowChange } from "../plan/rehearsal.ts";
import type { SchemaObject } from "../plan/schema.ts";
import type { History, Interest, LogEntry } from "../plan/history.ts";
import type { Call, ReadyStep, Step } from "../plan/step.ts";
import type { Statement } from "../migration/statements.ts";

/** A backup as it is wished for. */
export interface BackupWish {
  readonly for: "backup";
  /** The file, or the folder, that it is to go to; null for a name of ours beside the database. */
  readonly file: string | null;
  /** How many backups with names of ours are to be left; null for all. */
  readonly keep: number | null;
}

/** A copy to try a plan on. */
export interface RehearsalWish {
  readonly for: "rehearsal";
  /** Where it is to lie meanwhile; null for beside the database. */
  readonly folder: string | null;
}

/** What a copy of the database is wanted for. */
export type CopyWish = BackupWish | RehearsalWish;

/** A copy that is about to be made: an empty file that nobody else knows, and how many bytes it will take at most. */
export interface CopyTarget {
  readonly path: string;
  readonly bytes: number;
}

/** A backup that was made. */
export interface Backup {
  readonly path: string;
  readonly bytes: number;
  /** Older backups that had to go. */
  readonly removed: readonly string[];
}

/** The stages of a restoration in their order; "discard" takes back those before, as long as nothing is replaced. */
export type RestoreStage = "settle" | "copy" | "keep" | "replace" | "finish" | "discard";

/** A restoration as it is wished for. */
export interface RestoreWish {
  readonly file: string;
  /** Replace even a database that is too broken to be opened. */
  readonly force: boolean;
  /** Do not keep what is replaced. */
  readonly discard: boolean;
}

/** A restoration that is done. */
export interface Restored {
  readonly file: string;
  /** The head of the restored database; 0 for none. */
  readonly version: number;
  readonly bytes: number;
  /** Where the replaced database is kept; null where there was none, or it was not to be kept. */
  readonly kept: string | null;
  readonly note: string | null;
}

/** One thing to do. All but `load` and `wait` are the database's. */
export type Effect =
  /**
   * Read history, without a lock. Where a database that holds nothing is sure to be written to, an empty file counts as
   * none, and what cannot be opened may be told as late as it is written to.
   */
  | ({ readonly do: "look"; readonly willWrite?: boolean } & Interest)
  /** Load the modules of TypeScript steps. */
  | { readonly do: "load"; readonly steps: readonly Step[] }
  /** Let some time pass. */
  | { readonly do: "wait"; readonly ms: number }
  /** Take the write lock, waiting at most `waitMs`, and read history under it; `foreignKeys` are enforced from then on. */
  | { readonly do: "begin"; readonly waitMs: number; readonly foreignKeys: boolean }
  /** Create our own tables. */
  | { readonly do: "found" }
  /** Open the step's savepoint. */
  | { readonly do: "enter"; readonly step: ReadyStep }
  | { readonly do: "execute"; readonly step: ReadyStep; readonly statement: Statement }
  | { readonly do: "call"; readonly step: ReadyStep; readonly work: Call }
  /** Check that nothing was lost that the step did not mean to lose. */
  | { readonly do: "guard"; readonly step: ReadyStep }
  /** Enter the step for history and log, where it is to be written before the commit at the latest. */
  | {
      readonly do: "record";
      readonly step: ReadyStep;
      readonly seq: number;
      readonly durationMs: number;
    }
  /** Release the step's savepoint. */
  | { readonly do: "leave"; readonly step: ReadyStep }
  /** Write into history that a step outside any transaction is about to run. */
  | { readonly do: "start"; readonly step: ReadyStep; readonly seq: number }
  /** Make durable how many statements of such a step are done. */
  | { readonly do: "mark"; readonly step: ReadyStep; readonly done: number }
  /** Make durable that such a step, of which nothing has run, was never started. */
  | { readonly do: "abandon"; readonly step: ReadyStep }
  /** Change history alone. */
  | { readonly do: "amend"; readonly amendment: Amendment }
  /** Read the schema as it is. */
  | { readonly do: "survey" }
  /** Read the audit trail. */
  | { readonly do: "read-log" }
  /** Make room for a copy of the database. */
  | { readonly do: "prepare-copy"; readonly wish: CopyWish; readonly waitMs: number }
  /** Fill it with the database as it is committed. */
  | {
      readonly do: "fill-copy";
      readonly wish: CopyWish;
      readonly target: CopyTarget;
      readonly waitMs: number;
    }
  /** Give a filled copy its name as a backup, durably. */
  | { readonly do: "publish-backup"; readonly wish: BackupWish; readonly target: CopyTarget }
  /** Remove a copy that is needed no more. */
  | { readonly do: "discard-copy"; readonly target: CopyTarget }
  /** Put a backup in the database's place, one stage at a time. */
  | { readonly do: "restore"; readonly wish: RestoreWish; readonly stage: RestoreStage }
  /** Tell the size of the database, and what the last step has changed and was allowed to lose. */
  | { readonly do: "measure" }
  /** Check the database as a whole. */
  | { readonly do: "check" }
  /** Write what was entered, and make the group durable, waiting at most `waitMs` for readers. */
  | { readonly do: "commit"; readonly waitMs: number }
  /** Take back the current step, or all that is not durable. */
  | { readonly do: "undo"; readonly scope: "step" | "group" }
  /** Leave the connection behind, whatever its state, and read history anew. */
  | { readonly do: "settle" }
  /** The schema as the steps on this connection have left it: what they changed was followed, and is not read anew. */
  | { readonly do: "recall" }
  /** Give rows to the tables that have too few, on a scratch database. */
  | { readonly do: "seed" }
  /** Read the rows of all tables; from then on what steps touch is noted. */
  | { readonly do: "read-rows" };

/** What came of an effect. */
export type Outcome =
  | { readonly is: "done" }
  | { readonly is: "looked"; readonly history: History }
  | { readonly is: "surveyed"; readonly objects: readonly SchemaObject[] }
  | { readonly is: "log-read"; readonly entries: readonly LogEntry[] }
  | { readonly is: "loaded"; readonly steps: readonly ReadyStep[] }
  /** `history` is null where nobody else has written since it was last read. */
  | { readonly is: "begun"; readonly history: History | null }
  /** "gone": SQLite had already given up the whole transaction. */
  | { readonly is: "undone"; readonly transaction: "open" | "gone" }
  | { readonly is: "settled"; readonly history: History }
  | { readonly is: "prepared"; readonly target: CopyTarget }
  | { readonly is: "published"; readonly backup: Backup }
  | { readonly is: "restored"; readonly restored: Restored }
  | {
      readonly is: "measured";
      readonly bytes: number;
      readonly rows: readonly RowChange[];
      readonly allowed: readonly string[];
    }
  /** What is wrong with the database, a sentence each. */
  | { readonly is: "checked"; readonly problems: readonly string[] }
  /** The lock was not to be had within `waitMs`; nothing has changed. */
  | { readonly is: "busy" }
  | { readonly is: "failed"; readonly failure: Failure }
  /** No answer: the effect may have happened or not. */
  | { readonly is: "lost" }
  /** With the tables that could not be seeded, one sentence each. */
  | { readonly is: "seeded"; readonly notes: readonly string[] }
  /** A table that nothing has touched since it was last read is the same object as then. */
  | { readonly is: "rows-read"; readonly tables: readonly TableContents[] };

/** The effects that a database performs. */
export type DatabaseEffect = Exclude<Effect, { readonly do: "load" | "wait" }>;

/** Runs work whose time is not the run's own. */
export type Apart = <T>(work: () => T) => T;

/** A database that performs effects. It never throws for what a user's SQL or file can cause. */
export interface Driver {
  perform(effect: DatabaseEffect): Outcome | Promise<Outcome>;
  close(): void;
}
