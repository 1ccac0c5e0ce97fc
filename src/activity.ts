// What a run is doing at a moment, for a person who watches it.

import type { Position } from "./failure.ts";
import type { MigrationName } from "./migration/migration.ts";

/** Which of several things, counted from 1. */
export interface Place {
  readonly number: number;
  readonly of: number;
}

/** The step at work, and since when (milliseconds, monotonic). */
export interface AtWork {
  readonly direction: "up" | "down";
  readonly migration: MigrationName;
  readonly place: Place;
  readonly since: number;
}

/** What takes the time. */
export type Activity =
  /** History is read, which another process can hold up. */
  | { readonly is: "reading" }
  /** Another process holds a lock. */
  | { readonly is: "waiting"; readonly since: number }
  | ({
      readonly is: "executing";
      readonly statement: string;
      readonly statementPlace: Place;
      readonly at: Position;
    } & AtWork)
  /** The function of a TypeScript migration runs. */
  | ({ readonly is: "calling" } & AtWork)
  | ({ readonly is: "guarding" } & AtWork)
  | { readonly is: "committing"; readonly since: number }
  | { readonly is: "undoing" }
  /** A file grows towards a size that is known. */
  | { readonly is: "copying"; readonly path: string; readonly totalBytes: number }
  /** A whole database is checked. */
  | { readonly is: "checking" }
  /** A backup is brought back. */
  | { readonly is: "restoring"; readonly stage: "copy" | "settle" | "keep" | "replace" | "finish" };

/** Where a run says what it is about to do. */
export type Watch = (activity: Activity) => void;
