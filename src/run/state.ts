// The states of a run, each with the one effect that it awaits.

import type { CommitMode } from "../command.ts";
import type { MigrationName } from "../migration/migration.ts";
import type { Failure } from "../failure.ts";
import type { PlanRequest } from "../plan/plan.ts";
import type { ReadyStep, Script, Step } from "../plan/step.ts";
import type { BackupWish, CopyTarget, Effect } from "./driver.ts";
import type { Trail } from "./trail.ts";

/** How long to wait before looking again at a step that another process is running. */
const glanceMs = 100;
/** How long one attempt waits for a lock before the run looks up again. */
const attemptMs = 1000;

/** What a run is started with. */
export interface RunRequest extends PlanRequest {
  readonly commit: CommitMode;
  readonly lockTimeoutMs: number;
  /** The backup to make before anything is changed, if one is wanted. */
  readonly backup?: BackupWish;
}

/** A step that has run, durable or not. */
export interface Ran {
  readonly step: ReadyStep;
  readonly seq: number;
  readonly durationMs: number;
}

/** Steps in order, of which those from `from` on are still to run. */
export interface Queue {
  readonly steps: readonly ReadyStep[];
  readonly from: number;
}

/** The step that is next, if there is one. */
export function firstOf(queue: Queue): ReadyStep | undefined {
  return queue.steps[queue.from];
}

/** Why a run will end in failure, and on account of which migration. */
export interface Fault {
  readonly failure: Failure;
  readonly migration: MigrationName | null;
}

/** What holds for the whole run. */
export interface Run {
  readonly request: RunRequest;
  readonly commit: CommitMode;
  readonly durable: Trail<Ran>;
  readonly founded: boolean;
  /** Whether the database held nothing at all when history was last read. */
  readonly isEmpty: boolean;
  /** The last order of application that history knows. */
  readonly seq: number;
  /** Known already: what the run will fail with once the steps before are durable. */
  readonly fault: Fault | null;
  /** The backup that is still to be made, under the lock and before anything is changed; null for none. */
  readonly backup: BackupWish | null;
}

/** A backup in the making, with the steps that wait for it. */
export interface BackingUp {
  readonly run: Run;
  readonly queue: Queue;
  readonly wish: BackupWish;
}

/** A transaction that is open. */
export interface Group {
  readonly run: Run;
  readonly founding: boolean;
  readonly since: number;
  readonly ran: Trail<Ran>;
}

/** A step at work inside a group. */
export interface Active {
  readonly group: Group;
  readonly step: ReadyStep;
  readonly rest: Queue;
  readonly since: number;
}

/** A step at work outside any transaction. */
export interface Outside extends Active {
  readonly seq: number;
  /** How many of its statements are known to be done. */
  readonly done: number;
}

export type State =
  | { readonly at: "looking"; readonly run: Run; readonly since: number }
  /** Another process is in the middle of a step that holds no lock; then it is time to look again. */
  | {
      readonly at: "waiting";
      readonly run: Run;
      readonly since: number;
      readonly now: number;
    }
  | { readonly at: "loading"; readonly run: Run; readonly steps: readonly Step[] }
  | {
      readonly at: "beginning";
      readonly run: Run;
      readonly queue: Queue;
      readonly since: number;
      readonly now: number;
    }
  /** The lock is held: the backup is made on another connection, so that nothing can be written in between. */
  | ({ readonly at: "preparing-backup" } & BackingUp)
  | ({ readonly at: "filling-backup"; readonly target: CopyTarget } & BackingUp)
  | ({ readonly at: "publishing-backup"; readonly target: CopyTarget } & BackingUp)
  /** The backup was not made: what there is of it goes, and nothing is changed. */
  | {
      readonly at: "discarding-backup";
      readonly run: Run;
      readonly target: CopyTarget;
      readonly failure: Failure;
    }
  | { readonly at: "founding"; readonly group: Group; readonly queue: Queue }
  | ({ readonly at: "entering" } & Active)
  | ({ readonly at: "executing"; readonly script: Script; readonly index: number } & Active)
  | ({ readonly at: "calling" } & Active)
  | ({ readonly at: "guarding" } & Active)
  | ({ readonly at: "recording"; readonly ran: Ran } & Active)
  | ({ readonly at: "leaving"; readonly ran: Ran } & Active)
  | {
      readonly at: "committing";
      readonly group: Group;
      readonly rest: Queue;
      readonly since: number;
      readonly now: number;
    }
  /** A step outside any transaction is recorded as started, while the lock is still held. */
  | ({ readonly at: "starting" } & Outside)
  | ({
      readonly at: "committing-start";
      readonly waitSince: number;
      readonly now: number;
    } & Outside)
  /** Its statement `done` runs, then is marked as done; each is durable at once. */
  | ({ readonly at: "stepping" } & Outside)
  | ({ readonly at: "marking" } & Outside)
  /** All is done: the lock is taken again, to record it. */
  | ({ readonly at: "returning"; readonly waitSince: number; readonly now: number } & Outside)
  | ({ readonly at: "closing"; readonly ran: Ran } & Outside)
  /** Its first statement failed: nothing has happened, and the record of its start is taken back. */
  | {
      readonly at: "abandoning";
      readonly run: Run;
      readonly step: ReadyStep;
      readonly fault: Fault;
    }
  /** The step at fault is taken back; what ran before it in the group stays. */
  | { readonly at: "undoing-step"; readonly group: Group; readonly fault: Fault }
  /** The whole group is taken back; `then` is where to go from there. */
  | { readonly at: "undoing-group"; readonly run: Run; readonly then: AfterUndo }
  /** The commit of a group failed or gave no answer: history tells whether it is durable. */
  | {
      readonly at: "settling-commit";
      readonly group: Group;
      readonly rest: Queue;
      readonly failure: Failure | null;
    }
  /** Taking back did not work: the connection is left behind, which takes back all that is not durable. */
  | { readonly at: "settling-undo"; readonly run: Run; readonly then: AfterUndo }
  | { readonly at: "finished"; readonly run: Run }
  | { readonly at: "failed"; readonly run: Run; readonly fault: Fault };

/** Where to go once a group is taken back. */
export type AfterUndo =
  | { readonly go: "finish" }
  | { readonly go: "fail"; readonly fault: Fault }
  /** Look again: another process is running a step that holds no lock. */
  | { readonly go: "look" }
  | { readonly go: "reload"; readonly steps: readonly Step[] }
  /** Run again what SQLite gave up with the step at fault, one commit each, before failing. */
  | { readonly go: "replay"; readonly queue: Queue; readonly fault: Fault };

/** A run of which nothing is done or known yet. */
export function runOf(request: RunRequest): Run {
  const { commit, backup = null } = request;
  const fresh = { durable: null, founded: false, isEmpty: true, seq: 0, fault: null };
  return { request, commit, backup, ...fresh };
}

/** The state in which a run begins, at `now` (milliseconds, monotonic). */
export function start(request: RunRequest, now: number): State {
  return { at: "looking", run: runOf(request), since: now };
}

function workOf(step: ReadyStep, index: number): Effect {
  const { work } = step;
  if (work.kind === "call") return { do: "call", step, work };
  const statement = work.statements[index];
  if (statement === undefined) throw new Error("a script was run beyond its end");
  return { do: "execute", step, statement };
}

function waitOf(run: Run, since: number, now: number): number {
  return Math.max(0, Math.min(attemptMs, since + run.request.lockTimeoutMs - now));
}

/** What is to be applied is planned without the rows of what is. */
function lookFor({ command, catalog }: RunRequest): Effect {
  return command.type === "migrate" ? { do: "look", catalog, wantsRows: false } : { do: "look" };
}

/** The one effect that a state awaits; null at the end. */
export function effectOf(state: State): Effect | null {
  switch (state.at) {
    case "looking":
      return lookFor(state.run.request);
    case "loading":
      return { do: "load", steps: state.steps };
    case "beginning":
      return {
        do: "begin",
        waitMs: waitOf(state.run, state.since, state.now),
        foreignKeys: firstOf(state.queue)?.options.foreignKeys ?? false,
      };
    case "preparing-backup":
      return { do: "prepare-copy", wish: state.wish, waitMs: attemptMs };
    case "filling-backup":
      return { do: "fill-copy", wish: state.wish, target: state.target, waitMs: attemptMs };
    case "publishing-backup":
      return { do: "publish-backup", wish: state.wish, target: state.target };
    case "discarding-backup":
      return { do: "discard-copy", target: state.target };
    case "founding":
      return { do: "found" };
    case "entering":
      return { do: "enter", step: state.step };
    case "executing":
      return workOf(state.step, state.index);
    case "calling":
      return workOf(state.step, 0);
    case "starting":
      return { do: "start", step: state.step, seq: state.seq };
    case "stepping":
      return workOf(state.step, state.done);
    case "marking":
      return { do: "mark", step: state.step, done: state.done };
    case "committing-start":
      return { do: "commit", waitMs: waitOf(state.group.run, state.waitSince, state.now) };
    case "returning":
      return {
        do: "begin",
        waitMs: waitOf(state.group.run, state.waitSince, state.now),
        foreignKeys: state.step.options.foreignKeys,
      };
    case "abandoning":
      return { do: "abandon", step: state.step };
    case "waiting":
      return { do: "wait", ms: Math.min(glanceMs, waitOf(state.run, state.since, state.now)) };
    case "guarding":
      return { do: "guard", step: state.step };
    case "recording":
    case "closing": {
      const { seq, durationMs } = state.ran;
      return { do: "record", step: state.step, seq, durationMs };
    }
    case "leaving":
      return { do: "leave", step: state.step };
    case "committing":
      return { do: "commit", waitMs: waitOf(state.group.run, state.since, state.now) };
    case "undoing-step":
      return { do: "undo", scope: "step" };
    case "undoing-group":
      return { do: "undo", scope: "group" };
    case "settling-commit":
    case "settling-undo":
      return { do: "settle" };
    case "finished":
    case "failed":
      return null;
  }
}

/** Whether a run can be stopped instead of the effect that this state awaits, and leave nothing half known behind. */
export function canStop({ at }: State): boolean {
  const isUndoing = at === "undoing-step" || at === "undoing-group" || at === "abandoning";
  const isSettling = at === "settling-commit" || at === "settling-undo";
  const isRecordingOutside =
    at === "committing-start" || at === "marking" || at === "returning" || at === "closing";
  // Stopped there, the copy would be left behind.
  const isCopying =
    at === "filling-backup" || at === "publishing-backup" || at === "discarding-backup";
  return !isUndoing && !isSettling && !isRecordingOutside && !isCopying;
}
