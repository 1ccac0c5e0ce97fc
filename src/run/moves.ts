// The moves that many states share: to begin, to take back, to finish, to fail.

import type { Event } from "../event.ts";
import type { MigrationName } from "../migration/migration.ts";
import { failure, type Changed, type Failure } from "../failure.ts";
import type { History } from "../plan/history.ts";
import type { ReadyStep, Step } from "../plan/step.ts";
import type { Outcome } from "./driver.ts";
import type { AfterUndo, Fault, Group, Queue, Run, State } from "./state.ts";
import { listOf } from "./trail.ts";

/** A state, and the events that led into it. */
export interface Advance {
  readonly state: State;
  readonly events: readonly Event[];
}

/** Moves to a state. */
export function to(state: State, ...events: Event[]): Advance {
  return { state, events };
}

/** What is known of an effect that was never answered. */
export const lost = failure(
  "database.io",
  "The database gave no answer.",
  "Run the command again: what is durable is recorded, and the rest was taken back.",
);

/** A commit that failed, and yet is there, or that nothing could be found out about. */
export const commitUnknown = failure(
  "database.commit-unknown",
  "Whether the last commit is durable could not be found out.",
  "Run rung status once the disk is well again: it tells what is recorded.",
  { changed: "unknown" },
);

/** The failure behind an outcome that was not hoped for. */
export function causeOf(outcome: Outcome): Failure {
  return outcome.is === "failed" ? outcome.failure : lost;
}

/** A step by the name of its migration. */
export function nameOf(step: Step): MigrationName {
  return { version: step.version, name: step.name };
}

/** The fault of a step that failed and is taken back; where a down of today's file differs, that is a way out. */
export function faultOf(step: ReadyStep, cause: Failure): Fault {
  const hint = "Mend it, or use the down of its file instead, which differs: --down catalog.";
  const isOldDown = step.direction === "down" && step.kind === "sql" && step.note !== null;
  return { failure: isOldDown ? { ...cause, hint } : cause, migration: nameOf(step) };
}

/** A queue of steps of which none has run. */
export function queueOf(steps: readonly ReadyStep[]): Queue {
  return { steps, from: 0 };
}

/** Whether a queue has come to its end. */
export function isEmpty(queue: Queue): boolean {
  return queue.from >= queue.steps.length;
}

/** The run has come to its end. */
export function finished(run: Run): Advance {
  return to({ at: "finished", run }, { kind: "finished" });
}

/** Asked again, a redo that came half way would undo yet another migration. */
function hintBy(run: Run, { failure: { changed, hint } }: Fault): string {
  const isHalf = run.request.command.type === "redo" && run.durable !== null;
  if (!isHalf || changed !== "nothing") return hint;
  return "What was undone is pending now: mend the cause, then run rung migrate.";
}

function changedBy(run: Run, fault: Fault): Changed {
  const { changed } = fault.failure;
  return changed === "nothing" && run.durable !== null ? "some" : changed;
}

/** The run has failed; what it says of `changed` counts what is durable. */
export function failed(run: Run, fault: Fault): Advance {
  const { migration } = fault;
  const hint = hintBy(run, fault);
  const final = { failure: { ...fault.failure, hint, changed: changedBy(run, fault) }, migration };
  return to({ at: "failed", run, fault: final }, { kind: "failed", ...final });
}

/** Takes the lock for what is next. */
export function beginning(run: Run, queue: Queue, now: number, ...events: Event[]): Advance {
  return to({ at: "beginning", run, queue, since: now, now }, ...events);
}

const interruptedHint =
  "Run rung status: it shows how far the migration came. Finish or undo the rest by hand, then settle it with rung repair.";

/** The fault of a step outside any transaction that has begun and cannot be taken back: it stays recorded as started. */
export function interruptedBy(step: ReadyStep, cause: Failure, changed: Changed): Fault {
  const failure = { ...cause, changed, hint: interruptedHint };
  return { failure, migration: nameOf(step) };
}

/** The fault of a commit that was not made: it is nobody's, unless it left a step outside any transaction as started. */
export function uncommitted({ ran }: Group, cause: Failure): Fault {
  const outside = listOf(ran).find(({ step }) => !step.options.transaction);
  if (outside === undefined) return { failure: cause, migration: null };
  return interruptedBy(outside.step, cause, cause.changed === "unknown" ? "unknown" : "some");
}

/** Takes back all that is not durable. */
export function undoGroup(run: Run, then: AfterUndo): Advance {
  return to({ at: "undoing-group", run, then });
}

/** Takes back all that is not durable, and fails. */
export function failGroup(
  run: Run,
  cause: Failure,
  migration: MigrationName | null = null,
): Advance {
  return undoGroup(run, { go: "fail", fault: { failure: cause, migration } });
}

/** The failure to give up with when a lock was waited for long enough; null while it wasn't. */
export function waited(run: Run, since: number, now: number): Failure | null {
  return now - since < run.request.lockTimeoutMs ? null : lockedFor(now - since);
}

/** The failure of having waited for a lock in vain. */
export function lockedFor(milliseconds: number): Failure {
  return failure(
    "database.locked",
    `The database is locked by another process, and was for ${Math.round(milliseconds)} ms.`,
    "Run the command again once the other is done, or wait longer with --lock-timeout.",
  );
}

/** Whether history shows a step as done that was given this order of application. */
export function isRecorded(ran: { step: ReadyStep; seq: number }, history: History): boolean {
  const { version, direction } = ran.step;
  const row = history.rows.find((each) => each.version === version && each.seq === ran.seq);
  return direction === "up" ? row?.state === "applied" : row === undefined;
}
