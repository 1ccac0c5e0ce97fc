// How the effects of a modelled run can go, and what went otherwise than well.

import type { Direction, StepOptions } from "../../src/migration/migration.ts";
import type { ReadyStep } from "../../src/plan/step.ts";
import type { Effect, Outcome } from "../../src/run/driver.ts";
import type { Content } from "./content.ts";

/** A step as far as a test tells one from another. */
export interface Done {
  readonly version: number;
  readonly direction: Direction;
}

/** A step inside its savepoint. */
export interface Current {
  readonly step: ReadyStep;
  readonly before: Content;
  done: number;
  isGuarded: boolean;
  isRecorded: boolean;
}

/** A transaction that is open. */
export interface Transaction {
  content: Content;
  current: Current | null;
  readonly foreignKeys: boolean;
  /** The step outside any transaction that it records the start of. */
  starts: ReadyStep | null;
  readonly ran: (Done & { readonly options: StepOptions })[];
}

/** How an effect can go. */
export type Way =
  | "done"
  /** Nothing happened, and that is said. */
  | "failed"
  /** Nothing happened, as the file cannot be used. */
  | "io"
  /** A part of it happened, and that is said. */
  | "failed-part"
  /** It failed, and SQLite gave up the transaction. */
  | "gone"
  | "io-gone"
  /** It happened, and is said to have failed. */
  | "failed-after"
  | "busy"
  /** No answer, and it did not happen. */
  | "dropped"
  /** No answer, and it happened. */
  | "lost"
  /** No answer, and the transaction is gone. */
  | "lost-gone";

/** An answer that was not the good one. */
export interface Trouble {
  readonly effect: Effect["do"];
  readonly version: number | null;
  readonly way: Way;
  /** How many commits there had been. */
  readonly commits: number;
  /** Whether it was about a step outside any transaction, whose work cannot be taken back. */
  readonly isOutside: boolean;
}

/** Ways that tell of the database itself, not of a migration. */
export const unusable: readonly Way[] = ["io", "io-gone", "lost", "lost-gone", "dropped"];

/** It may have happened or not. */
export const lost: Outcome = { is: "lost" };
/** It happened. */
export const done: Outcome = { is: "done" };
