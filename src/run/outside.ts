// A step outside any transaction: recorded as started, marked after each statement, recorded as applied.

import type { Changed, Failure } from "../failure.ts";
import type { Outcome } from "./driver.ts";
import {
  causeOf,
  failGroup,
  faultOf,
  interruptedBy,
  nameOf,
  to,
  undoGroup,
  waited,
  type Advance,
} from "./moves.ts";
import type { Outside, State } from "./state.ts";
import { followedBy } from "./trail.ts";

function outsideOf({ group, step, rest, since, seq, done }: Outside): Outside {
  return { group, step, rest, since, seq, done };
}

function statementCount({ step }: Outside): number {
  return step.work.kind === "call" ? 1 : step.work.statements.length;
}

/** The step has begun and cannot be taken back. */
function interrupted(outside: Outside, cause: Failure, changed: Changed): Advance {
  const fault = interruptedBy(outside.step, cause, changed);
  return undoGroup(outside.group.run, { go: "fail", fault });
}

/** That the step is started was written, under the lock. */
export function started(outside: Outside, outcome: Outcome, now: number): Advance {
  if (outcome.is !== "done") {
    return failGroup(outside.group.run, causeOf(outcome), nameOf(outside.step));
  }
  return to({ at: "committing-start", ...outsideOf(outside), waitSince: now, now });
}

function next(outside: Outside, now: number): Advance {
  if (outside.done < statementCount(outside)) return to({ at: "stepping", ...outsideOf(outside) });
  return to({ at: "returning", ...outsideOf(outside), waitSince: now, now });
}

/** The commit of the start was asked for. */
export function startCommitted(
  state: State & { at: "committing-start" },
  outcome: Outcome,
  now: number,
): Advance {
  if (outcome.is === "done") return next({ ...outsideOf(state), since: now }, now);
  const { run } = state.group;
  if (outcome.is === "busy") {
    const locked = waited(run, state.waitSince, now);
    if (locked !== null) return failGroup(run, locked, nameOf(state.step));
    return to({ ...state, now }, { kind: "waiting", elapsedMs: now - state.waitSince });
  }
  return interrupted(state, causeOf(outcome), "unknown");
}

/**
 * Whether it is certain that nothing came of what failed. Of a function nobody knows; a statement may have kept some of
 * its rows (OR FAIL), and one that met an I/O error while it was committed may be durable.
 */
function isWithoutTrace({ step }: Outside, { code, changed }: Failure): boolean {
  if (code.startsWith("interrupted.")) return true;
  return step.work.kind === "script" && code !== "database.io" && changed === "nothing";
}

/** A statement, or the function of a TypeScript migration, was run. */
export function stepped(outside: Outside, outcome: Outcome): Advance {
  if (outcome.is === "done")
    return to({ at: "marking", ...outsideOf(outside), done: outside.done + 1 });
  const cause = causeOf(outcome);
  if (outcome.is !== "failed" || !isWithoutTrace(outside, cause))
    return interrupted(outside, cause, "unknown");
  if (outside.done > 0) return interrupted(outside, cause, "some");
  const fault = faultOf(outside.step, cause);
  return to({ at: "abandoning", run: outside.group.run, step: outside.step, fault });
}

/** How far the step has come was made durable. */
export function marked(outside: Outside, outcome: Outcome, now: number): Advance {
  if (outcome.is !== "done") return interrupted(outside, causeOf(outcome), "some");
  return next(outside, now);
}

/** The lock was asked for again. */
export function returned(
  state: State & { at: "returning" },
  outcome: Outcome,
  now: number,
): Advance {
  if (outcome.is === "busy") {
    const locked = waited(state.group.run, state.waitSince, now);
    if (locked !== null) return interrupted(state, locked, "some");
    return to({ ...state, now }, { kind: "waiting", elapsedMs: now - state.waitSince });
  }
  if (outcome.is !== "begun") return interrupted(state, causeOf(outcome), "some");
  const { step, seq, since } = state;
  const ran = { step, seq, durationMs: Math.round(now - since) };
  return to({ at: "closing", ...outsideOf(state), ran });
}

/** That the step is applied was written, under the lock: now it is committed like any other. */
export function closed(state: State & { at: "closing" }, outcome: Outcome, now: number): Advance {
  if (outcome.is !== "done") return interrupted(state, causeOf(outcome), "some");
  const group = { ...state.group, ran: followedBy(null, state.ran) };
  return to({ at: "committing", group, rest: state.rest, since: now, now });
}

/** The record of the start was taken back, or could not be. */
export function abandoned(state: State & { at: "abandoning" }, outcome: Outcome): Advance {
  const { run, step, fault } = state;
  if (outcome.is === "done") return undoGroup(run, { go: "fail", fault });
  return undoGroup(run, { go: "fail", fault: interruptedBy(step, fault.failure, "unknown") });
}
