// What a rehearsal found: the plan, run on a copy, as plain data. Pure.

import type { MigrationName } from "../migration/migration.ts";
import type { Difference } from "./difference.ts";

/** How many rows a table had before a step and has after it; null where it was not there. */
export interface RowChange {
  readonly table: string;
  readonly before: number | null;
  readonly after: number | null;
}

/** One migration that ran on the copy and was durable there. */
export interface RehearsedStep extends MigrationName {
  readonly durationMs: number;
  readonly rows: readonly RowChange[];
  readonly schema: readonly Difference[];
  /** The size of the database before and after, in bytes. */
  readonly size: { readonly before: number; readonly after: number };
  /** What it lost as its marker line allows, a sentence each. */
  readonly allowed: readonly string[];
}

/** How long others could not have written. */
export interface LockTime {
  readonly totalMs: number;
  readonly longestMs: number;
  /** How often the lock was taken. */
  readonly times: number;
}

/** What a run on a copy came to. */
export interface Rehearsal {
  /** The copy: how large it was and how long it took to make. */
  readonly copy: { readonly bytes: number; readonly durationMs: number };
  readonly steps: readonly RehearsedStep[];
  readonly lock: LockTime;
  /** What is wrong with the copy afterwards, a sentence each; null where it could not be checked. */
  readonly problems: readonly string[] | null;
}
