// A group of steps in one transaction: each in its savepoint, then one commit for all.

import type { Event } from "../event.ts";
import { standsAlone, type ReadyStep } from "../plan/step.ts";
import type { Outcome } from "./driver.ts";
import {
  beginning,
  causeOf,
  commitUnknown,
  failGroup,
  failed,
  faultOf,
  finished,
  isEmpty,
  isRecorded,
  lost,
  nameOf,
  queueOf,
  to,
  uncommitted,
  undoGroup,
  waited,
  type Advance,
} from "./moves.ts";
import {
  firstOf,
  type Active,
  type AfterUndo,
  type Fault,
  type Group,
  type Queue,
  type Ran,
  type Run,
  type State,
} from "./state.ts";
import { followedBy, lengthOf, listOf } from "./trail.ts";

/** How long a group of migrations may share a transaction before it is committed. */
const groupMs = 100;

/** The next step of a queue enters the transaction, or starts outside of it; with none left there is nothing to do. */
export function enter(group: Group, queue: Queue, now: number): Advance {
  const step = firstOf(queue);
  if (step === undefined) return undoGroup(group.run, { go: "finish" });
  const rest = { steps: queue.steps, from: queue.from + 1 };
  const { direction, note } = step;
  const running: Event = { kind: "running", direction, migration: nameOf(step) };
  const events: Event[] = note === null ? [running] : [{ kind: "note", text: note }, running];
  const since = now;
  if (step.options.transaction)
    return { state: { at: "entering", group, step, rest, since }, events };
  const seq = seqOf(group, step);
  return { state: { at: "starting", group, step, rest, since, seq, done: 0 }, events };
}

function seqOf(group: Group, step: ReadyStep): number {
  return step.seq ?? group.run.seq + lengthOf(group.ran) + 1;
}

/** The lock is held: a backup comes first, where one is wanted, then the steps. */
export function opened(run: Run, queue: Queue, now: number): Advance {
  const { backup: wish } = run;
  // Of an empty database there is nothing to come back to.
  if (wish !== null && !run.isEmpty) return to({ at: "preparing-backup", run, queue, wish });
  const ready = { ...run, backup: null };
  const group: Group = { run: ready, founding: !run.founded, since: now, ran: null };
  return group.founding ? to({ at: "founding", group, queue }) : enter(group, queue, now);
}

/** A step inside the transaction failed: it is taken back, alone where others have run before it. */
export function faulted(active: Active, outcome: Outcome): Advance {
  const { group, step } = active;
  const fault = faultOf(step, causeOf(outcome));
  const keeps = group.ran !== null && group.run.commit !== "all";
  if (keeps) return to({ at: "undoing-step", group, fault });
  return undoGroup(group.run, { go: "fail", fault });
}

/** Without an answer the savepoint may be gone, and the step with it into the group: only all of that can be taken back. */
export function unleft(state: State & { at: "leaving" }, outcome: Outcome): Advance {
  if (outcome.is !== "lost") return faulted(state, outcome);
  return failGroup(state.group.run, lost, nameOf(state.step));
}

/** The step's savepoint is open. */
export function entered({ group, step, rest }: Active, now: number): Advance {
  const since = now;
  const { work: script } = step;
  if (script.kind === "call") return to({ at: "calling", group, step, rest, since });
  if (script.statements.length === 0) return to({ at: "guarding", group, step, rest, since });
  return to({ at: "executing", group, step, rest, since, script, index: 0 });
}

/** One statement of a script has run. */
export function executed(state: State & { at: "executing" }): Advance {
  const { group, step, rest, since, script } = state;
  const index = state.index + 1;
  if (index === script.statements.length) return to({ at: "guarding", group, step, rest, since });
  return to({ at: "executing", group, step, rest, since, script, index });
}

/** Nothing is lost that was not meant to be. */
export function guarded({ group, step, rest, since }: Active, now: number): Advance {
  const ran: Ran = { step, seq: seqOf(group, step), durationMs: Math.round(now - since) };
  return to({ at: "recording", group, step, rest, since, ran });
}

/** What is to be kept of the step is noted. */
export function recorded({ group, step, rest, since, ran }: State & { at: "recording" }): Advance {
  return to({ at: "leaving", group, step, rest, since, ran });
}

/** The step's savepoint is released: the group goes on, or is committed. */
export function left(state: State & { at: "leaving" }, now: number): Advance {
  const { rest } = state;
  const { run, founding, since } = state.group;
  const group: Group = { run, founding, since, ran: followedBy(state.group.ran, state.ran) };
  const { commit } = run;
  const isLong = commit === "group" && now - since >= groupMs;
  const next = firstOf(rest);
  const isAlone = standsAlone(state.step) || (next !== undefined && standsAlone(next));
  const ends = isEmpty(rest) || commit === "each" || isLong || isAlone;
  if (!ends) return enter(group, rest, now);
  return to({ at: "committing", group, rest, since: now, now });
}

function committed(group: Group, rest: Queue, now: number): Advance {
  let { seq, durable } = group.run;
  const events: Event[] = [];
  for (const ran of listOf(group.ran)) {
    const { step, durationMs } = ran;
    const { direction } = step;
    seq = Math.max(seq, ran.seq);
    durable = followedBy(durable, ran);
    events.push({ kind: "stepped", direction, migration: nameOf(step), durationMs });
  }
  const run: Run = { ...group.run, founded: true, seq, durable };
  if (!isEmpty(rest)) return beginning(run, rest, now, ...events);
  const end = run.fault === null ? finished(run) : failed(run, run.fault);
  return to(end.state, ...events, ...end.events);
}

/** The commit was asked for. */
export function answered(
  state: State & { at: "committing" },
  outcome: Outcome,
  now: number,
): Advance {
  const { group, rest, since } = state;
  if (outcome.is === "done") return committed(group, rest, now);
  if (outcome.is === "busy") {
    const locked = waited(group.run, since, now);
    if (locked !== null)
      return undoGroup(group.run, { go: "fail", fault: uncommitted(group, locked) });
    return to({ ...state, now }, { kind: "waiting", elapsedMs: now - since });
  }
  const cause = outcome.is === "failed" ? outcome.failure : null;
  return to({ at: "settling-commit", group, rest, failure: cause });
}

/** History was read again, on a new connection, after a commit that failed or gave no answer. */
export function settledCommit(
  state: State & { at: "settling-commit" },
  outcome: Outcome,
  now: number,
): Advance {
  const { group, rest, failure: cause } = state;
  if (outcome.is !== "settled") {
    return failed(group.run, { failure: commitUnknown, migration: null });
  }
  const isDurable = listOf(group.ran).every((ran) => isRecorded(ran, outcome.history));
  if (isDurable && cause === null) return committed(group, rest, now);
  // The rows are there, but the sync that makes them durable has failed: a power cut could still take them.
  if (isDurable) return failed(group.run, { failure: commitUnknown, migration: null });
  return failed(group.run, uncommitted(group, cause ?? lost));
}

/** What SQLite gave up along with the step at fault runs again, unless the database itself is what failed. */
function afterLoss(group: Group, fault: Fault): AfterUndo {
  const isDatabase = fault.failure.code.startsWith("database.");
  if (isDatabase) return { go: "fail", fault };
  return { go: "replay", queue: queueOf(listOf(group.ran).map((ran) => ran.step)), fault };
}

/** The step at fault is taken back, or SQLite had given up the whole transaction by itself. */
export function undoneStep(
  state: State & { at: "undoing-step" },
  outcome: Outcome,
  now: number,
): Advance {
  const { group, fault } = state;
  const { run } = group;
  if (outcome.is !== "undone") {
    return to({ at: "settling-undo", run, then: afterLoss(group, fault) });
  }
  if (outcome.transaction === "gone") return undoGroup(run, afterLoss(group, fault));
  const ending: Group = { ...group, run: { ...run, fault } };
  return to({ at: "committing", group: ending, rest: queueOf([]), since: now, now });
}
