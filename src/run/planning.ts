// From the first look to the lock: the plan is made, its modules loaded, and made again if history has moved.

import type { Event } from "../event.ts";
import { lastSeq, type History } from "../plan/history.ts";
import { checkTogether, plan, type DoneStep } from "../plan/plan.ts";
import { standsAlone, type ReadyStep, type Step } from "../plan/step.ts";
import type { Outcome } from "./driver.ts";
import { opened } from "./group.ts";
import {
  beginning,
  causeOf,
  failGroup,
  failed,
  finished,
  queueOf,
  to,
  undoGroup,
  waited,
  type Advance,
} from "./moves.ts";
import {
  firstOf,
  runOf,
  type AfterUndo,
  type Queue,
  type Run,
  type RunRequest,
  type State,
} from "./state.ts";
import { listOf } from "./trail.ts";

function isReady(step: Step): step is ReadyStep {
  return step.work.kind !== "module";
}

/** The steps, where each of them is at hand; null where a module must be loaded first. */
function readySteps(steps: readonly Step[]): readonly ReadyStep[] | null {
  const found: ReadyStep[] = [];
  for (const step of steps) {
    if (!isReady(step)) return null;
    found.push(step);
  }
  return found;
}

function doneSteps(run: Run): readonly DoneStep[] {
  const done: DoneStep[] = [];
  for (const { step } of listOf(run.durable)) {
    done.push({ direction: step.direction, version: step.version });
  }
  return done;
}

/** What is to be said of a history before anything is done on top of it. */
function warnings(history: History): readonly Event[] {
  return history.drift.length === 0 ? [] : [{ kind: "drift", differences: history.drift }];
}

function withHistory(run: Run, history: History): Run {
  const { founded, vacant } = history;
  return { ...run, founded, seq: lastSeq(history), isEmpty: vacant && !founded };
}

/** Every step is at hand: what can be refused is refused now, before anything runs. */
export function ready(run: Run, steps: readonly ReadyStep[], now: number): Advance {
  const { command } = run.request;
  const together = checkTogether(command, steps);
  if (!together.ok) return failGroup(run, together.failure);
  // A redo that fails is to leave nothing undone behind, as far as its steps can be taken back together.
  const isWhole = command.type === "redo" && !steps.some(standsAlone);
  return beginning(isWhole ? { ...run, commit: "all" } : run, queueOf(steps), now);
}

function prepared(run: Run, steps: readonly Step[], now: number): Advance {
  const atHand = readySteps(steps);
  return atHand === null ? to({ at: "loading", run, steps }) : ready(run, atHand, now);
}

/** The state in which a run begins whose steps are planned already, where nobody else can write. */
export function startPlanned(
  request: RunRequest,
  steps: readonly Step[],
  standing: Pick<Run, "founded" | "seq">,
  now: number,
): State {
  return prepared({ ...runOf(request), ...standing }, steps, now).state;
}

/** History has been read without a lock. */
export function looked(state: State & { at: "looking" }, outcome: Outcome, now: number): Advance {
  const { run, since } = state;
  if (outcome.is !== "looked") return failGroup(run, causeOf(outcome));
  const steps = plan(run.request, outcome.history, doneSteps(run));
  if (!steps.ok) {
    // The only failure of a plan that passes by itself: a step that another process is running right now.
    const isPassing = steps.failure.code === "database.locked";
    if (!isPassing || waited(run, since, now) !== null) {
      return failed(run, { failure: steps.failure, migration: null });
    }
    return to({ at: "waiting", run, since, now }, { kind: "waiting", elapsedMs: now - since });
  }
  const next =
    steps.value.length === 0
      ? finished(run)
      : prepared(withHistory(run, outcome.history), steps.value, now);
  return { ...next, events: [...warnings(outcome.history), ...next.events] };
}

function keyOf({ direction, version }: DoneStep): string {
  return `${direction} ${version}`;
}

/** Of a new plan, the steps at its beginning that a replay has left to do; what was planned after them had failed. */
function stillToReplay(steps: readonly Step[], { steps: given, from }: Queue): readonly Step[] {
  const left = new Set(given.slice(from).map(keyOf));
  const end = steps.findIndex((step) => !left.has(keyOf(step)));
  return end < 0 ? steps : steps.slice(0, end);
}

/** Somebody else has written since the plan was made: it is made again, with the modules that are loaded already. */
function replanned(run: Run, queue: Queue, history: History, now: number): Advance {
  const { fault } = run;
  const end: AfterUndo = fault === null ? { go: "finish" } : { go: "fail", fault };
  const steps = plan(run.request, history, doneSteps(run));
  if (!steps.ok) {
    if (fault !== null) return undoGroup(run, end);
    if (steps.failure.code === "database.locked") return undoGroup(run, { go: "look" });
    return failGroup(run, steps.failure);
  }
  const wanted = fault === null ? steps.value : stillToReplay(steps.value, queue);
  if (wanted.length === 0) return undoGroup(run, end);
  const known = new Map(queue.steps.map((step) => [keyOf(step), step]));
  const fresh = wanted.map((step): Step => {
    const same = known.get(keyOf(step));
    return isReady(step) || same === undefined ? step : { ...same, seq: step.seq };
  });
  // A transaction that was begun for one kind of step does not serve for the other.
  const isFit = fresh[0]?.options.foreignKeys === firstOf(queue)?.options.foreignKeys;
  // What is pending by now may be what one commit for all cannot hold.
  const together = checkTogether(run.request.command, fresh.filter(isReady));
  if (!together.ok) return failGroup(run, together.failure);
  const informed = withHistory(run, history);
  const atHand = isFit ? readySteps(fresh) : null;
  if (atHand === null) return undoGroup(informed, { go: "reload", steps: fresh });
  return opened(informed, queueOf(atHand), now);
}

/** The lock was asked for. */
export function begun(state: State & { at: "beginning" }, outcome: Outcome, now: number): Advance {
  const { run, queue, since } = state;
  if (outcome.is === "begun") {
    if (outcome.history === null) return opened(run, queue, now);
    return replanned(run, queue, outcome.history, now);
  }
  if (outcome.is !== "busy") return failGroup(run, causeOf(outcome));
  const locked = waited(run, since, now);
  if (locked !== null) return failGroup(run, locked);
  return to({ ...state, now }, { kind: "waiting", elapsedMs: now - since });
}

/** All that was not durable is taken back. */
export function undone(run: Run, then: AfterUndo, now: number): Advance {
  switch (then.go) {
    case "finish":
      return finished(run);
    case "fail":
      return failed(run, then.fault);
    case "look":
      return to({ at: "looking", run, since: now });
    case "reload":
      return prepared(run, then.steps, now);
    case "replay":
      return beginning({ ...run, commit: "each", fault: then.fault }, then.queue, now);
  }
}
