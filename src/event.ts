// Everything that can happen while a command runs, in the order in which it happens.

import type { Failure } from "./failure.ts";
import type { Direction } from "./migration/migration.ts";

/** A migration as events name it. */
export interface MigrationName {
  readonly version: number;
  readonly name: string;
}

/** Where a migration stands when the catalog is held against history. */
export type MigrationState =
  "applied" | "pending" | "out-of-order" | "changed" | "missing" | "interrupted";

/** How far a step outside any transaction came before it was interrupted. */
export interface Interruption {
  readonly direction: Direction;
  /** How many statements are known to be done, of how many. */
  readonly done: number;
  readonly total: number;
  /** The last statement known done; null where none is, or its text is not at hand. */
  readonly lastDone: string | null;
  /** The statement that may have run or not; null where its text is not at hand. */
  readonly inDoubt: string | null;
}

/** One row of a status report; what is only known of an applied migration is null for the others. */
export interface StatusRow extends MigrationName {
  readonly state: MigrationState;
  /** UTC, RFC 3339. */
  readonly appliedAt: string | null;
  readonly durationMs: number | null;
  readonly appliedBy: string | null;
  /** Of an interrupted migration; else null. */
  readonly interruption: Interruption | null;
}

/** What an interrupted migration is settled as. */
export type SettledState = "applied" | "pending";

export type Event =
  /** Another process holds the write lock, or a reader holds up the commit. */
  | { readonly kind: "waiting"; readonly elapsedMs: number }
  /** A step begins to run; nothing of it is durable. */
  | { readonly kind: "running"; readonly direction: Direction; readonly migration: MigrationName }
  /** A step is durable: its commit has returned. */
  | {
      readonly kind: "stepped";
      readonly direction: Direction;
      readonly migration: MigrationName;
      readonly durationMs: number;
    }
  /** How the migrations stand; `catalog` names where they come from. */
  | { readonly kind: "status"; readonly catalog: string; readonly rows: readonly StatusRow[] }
  /** An interrupted migration is settled as asked; durable. */
  | { readonly kind: "settled"; readonly migration: MigrationName; readonly as: SettledState }
  /** The command came to its end. */
  | { readonly kind: "finished" }
  /** The command failed; `migration` is the one at fault, if it is one's. */
  | {
      readonly kind: "failed";
      readonly failure: Failure;
      readonly migration: MigrationName | null;
    };
