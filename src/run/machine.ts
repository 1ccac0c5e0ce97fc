// State x outcome -> the next state, and the events that led there. Pure: the run's only decisions.

import type { Event, MigrationName } from "../event.ts";
import { failure, type Failure } from "../failure.ts";
import { lastSeq, type History } from "../plan/history.ts";
import { plan, type ReadyStep, type Step } from "../plan/plan.ts";
import type { Outcome } from "./driver.ts";
import type { Active, AfterUndo, Fault, Group, Queue, Ran, Run, State } from "./state.ts";

/** How long a group of migrations may share a transaction before it is committed. */
const groupMs = 100;

/** A state, and the events that led into it. */
export interface Advance {
  readonly state: State;
  readonly events: readonly Event[];
}

function to(state: State, ...events: Event[]): Advance {
  return { state, events };
}

const lost = failure(
  "database.io",
  "The database gave no answer.",
  "Run the command again: what is durable is recorded, and the rest was taken back.",
);

function nameOf(step: Step): MigrationName {
  return { version: step.version, name: step.name };
}

function isReady(step: Step): step is ReadyStep {
  return step.work.kind !== "module";
}

function finished(run: Run): Advance {
  return to({ at: "finished", run }, { kind: "finished" });
}

function failed(run: Run, fault: Fault): Advance {
  const { migration } = fault;
  const durable = run.durable.length > 0 ? "some" : "nothing";
  const changed = fault.failure.changed === "unknown" ? "unknown" : durable;
  const final = { failure: { ...fault.failure, changed }, migration } as const;
  return to({ at: "failed", run, fault: final }, { kind: "failed", ...final });
}

function queueOf(steps: readonly ReadyStep[]): Queue {
  return { steps, from: 0 };
}

function isEmpty(queue: Queue): boolean {
  return queue.from >= queue.steps.length;
}

function beginning(run: Run, queue: Queue, now: number, ...events: Event[]): Advance {
  return to({ at: "beginning", run, queue, since: now, now }, ...events);
}

function prepared(run: Run, steps: readonly Step[], now: number): Advance {
  if (!steps.every(isReady)) return to({ at: "loading", run, steps });
  return beginning(run, queueOf(steps.filter(isReady)), now);
}

function undoGroup(run: Run, then: AfterUndo): Advance {
  return to({ at: "undoing-group", run, then });
}

function failGroup(run: Run, cause: Failure, migration: MigrationName | null = null): Advance {
  return undoGroup(run, { go: "fail", fault: { failure: cause, migration } });
}

function causeOf(outcome: Outcome): Failure {
  return outcome.is === "failed" ? outcome.failure : lost;
}

function withHistory(run: Run, history: History): Run {
  return { ...run, founded: history.founded, seq: lastSeq(history) };
}

function looked(run: Run, outcome: Outcome, now: number): Advance {
  if (outcome.is !== "looked") return failGroup(run, causeOf(outcome));
  const steps = plan(run.request, outcome.history, 0);
  if (!steps.ok) return failed(run, { failure: steps.failure, migration: null });
  if (steps.value.length === 0) return finished(run);
  return prepared(withHistory(run, outcome.history), steps.value, now);
}

function enter(group: Group, queue: Queue, now: number): Advance {
  const step = queue.steps[queue.from];
  const rest = { ...queue, from: queue.from + 1 };
  if (step === undefined) return undoGroup(group.run, { go: "finish" });
  const migration = nameOf(step);
  const running: Event = { kind: "running", direction: step.direction, migration };
  return to({ at: "entering", group, step, rest, since: now }, running);
}

function opened(run: Run, queue: Queue, now: number): Advance {
  const group: Group = { run, founding: !run.founded, since: now, ran: [] };
  return group.founding ? to({ at: "founding", group, queue }) : enter(group, queue, now);
}

/** Of a new plan, the steps at its beginning that a replay has left to do; what was planned after them had failed. */
function stillToReplay(steps: readonly Step[], { steps: given, from }: Queue): readonly Step[] {
  const left = new Set(given.slice(from).map((step) => step.version));
  const end = steps.findIndex((step) => !left.has(step.version));
  return end < 0 ? steps : steps.slice(0, end);
}

/** Somebody else has written since the plan was made: it is made again, from modules already loaded where they serve. */
function replanned(run: Run, queue: Queue, history: History, now: number): Advance {
  const { fault } = run;
  const end: AfterUndo = fault === null ? { go: "finish" } : { go: "fail", fault };
  const steps = plan(run.request, history, run.durable.length);
  if (!steps.ok) return fault === null ? failGroup(run, steps.failure) : undoGroup(run, end);
  const wanted = fault === null ? steps.value : stillToReplay(steps.value, queue);
  if (wanted.length === 0) return undoGroup(run, end);
  const known = new Map(queue.steps.map((step) => [step.version, step]));
  const fresh = wanted.map((step): Step => {
    const same = known.get(step.version);
    if (isReady(step) || same?.direction !== step.direction) return step;
    return { ...same, seq: step.seq };
  });
  const informed = withHistory(run, history);
  if (!fresh.every(isReady)) return undoGroup(informed, { go: "reload", steps: fresh });
  return opened(informed, queueOf(fresh.filter(isReady)), now);
}

function waited(run: Run, since: number, now: number): Failure | null {
  if (now - since < run.request.lockTimeoutMs) return null;
  return failure(
    "database.locked",
    `The database is locked by another process, and was for ${Math.round(now - since)} ms.`,
    "Run the command again once the other is done, or wait longer with --lock-timeout.",
  );
}

function begun(state: State & { at: "beginning" }, outcome: Outcome, now: number): Advance {
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

function faulted(active: Active, outcome: Outcome): Advance {
  const { group, step } = active;
  const fault: Fault = { failure: causeOf(outcome), migration: nameOf(step) };
  const keeps = group.ran.length > 0 && group.run.commit !== "all";
  if (keeps) return to({ at: "undoing-step", group, fault });
  return undoGroup(group.run, { go: "fail", fault });
}

function work(active: Active): Advance {
  const { step, group, rest, since } = active;
  const next = { group, step, rest, since };
  if (step.work.kind === "call") return to({ at: "calling", ...next });
  if (step.work.statements.length === 0) return to({ at: "guarding", ...next });
  return to({ at: "executing", ...next, script: step.work, index: 0 });
}

function executed(state: State & { at: "executing" }): Advance {
  const { group, step, rest, since, script } = state;
  const index = state.index + 1;
  if (index < script.statements.length) return to({ ...state, index });
  return to({ at: "guarding", group, step, rest, since });
}

function guarded(state: Active, now: number): Advance {
  const { group, step, rest, since } = state;
  const seq = step.seq ?? group.run.seq + group.ran.length + 1;
  const ran: Ran = { step, seq, durationMs: Math.round(now - since) };
  return to({ at: "recording", group, step, rest, since, ran });
}

function left(state: State & { at: "leaving" }, now: number): Advance {
  const { rest } = state;
  const group = { ...state.group, ran: [...state.group.ran, state.ran] };
  const { commit } = group.run;
  const isLong = commit === "group" && now - group.since >= groupMs;
  if (!isEmpty(rest) && commit !== "each" && !isLong) return enter(group, rest, now);
  return to({ at: "committing", group, rest, since: now, now });
}

/** Without an answer the savepoint may be gone, and the step with it into the group: only all of that can be taken back. */
function unleft(state: State & { at: "leaving" }, outcome: Outcome): Advance {
  if (outcome.is !== "lost") return faulted(state, outcome);
  return failGroup(state.group.run, lost, nameOf(state.step));
}

function committed(group: Group, rest: Queue, now: number): Advance {
  const seq = group.ran.reduce((highest, ran) => Math.max(highest, ran.seq), group.run.seq);
  const durable = [...group.run.durable, ...group.ran];
  const run: Run = { ...group.run, founded: true, seq, durable };
  const events = group.ran.map(({ step, durationMs }): Event => {
    return { kind: "stepped", direction: step.direction, migration: nameOf(step), durationMs };
  });
  if (!isEmpty(rest)) return beginning(run, rest, now, ...events);
  const end = run.fault === null ? finished(run) : failed(run, run.fault);
  return to(end.state, ...events, ...end.events);
}

function answered(state: State & { at: "committing" }, outcome: Outcome, now: number): Advance {
  const { group, rest, since } = state;
  if (outcome.is === "done") return committed(group, rest, now);
  if (outcome.is === "busy") {
    const locked = waited(group.run, since, now);
    if (locked !== null) return failGroup(group.run, locked);
    return to({ ...state, now }, { kind: "waiting", elapsedMs: now - since });
  }
  const cause = outcome.is === "failed" ? outcome.failure : null;
  return to({ at: "settling-commit", group, rest, failure: cause });
}

function isRecorded(ran: Ran, history: History): boolean {
  const found = history.rows.some((row) => row.version === ran.step.version && row.seq === ran.seq);
  return found === (ran.step.direction === "up");
}

const commitUnknown = failure(
  "database.commit-unknown",
  "Whether the last commit is durable could not be found out.",
  "Run rung status once the disk is well again: it tells what is recorded.",
  { changed: "unknown" },
);

function settledCommit(
  state: State & { at: "settling-commit" },
  outcome: Outcome,
  now: number,
): Advance {
  const { group, rest, failure: cause } = state;
  if (outcome.is !== "settled") {
    return failed(group.run, { failure: commitUnknown, migration: null });
  }
  const isDurable = group.ran.every((ran) => isRecorded(ran, outcome.history));
  if (isDurable && cause === null) return committed(group, rest, now);
  // The rows are there, but the sync that makes them durable has failed: a power cut could still take them.
  const known = isDurable ? commitUnknown : (cause ?? lost);
  return failed(group.run, { failure: known, migration: null });
}

function undone(run: Run, then: AfterUndo, now: number): Advance {
  switch (then.go) {
    case "finish":
      return finished(run);
    case "fail":
      return failed(run, then.fault);
    case "reload":
      return prepared(run, then.steps, now);
    case "replay":
      return beginning({ ...run, commit: "each", fault: then.fault }, then.queue, now);
  }
}

/** What SQLite gave up along with the step at fault runs again, unless the database itself is what failed. */
function afterLoss(group: Group, fault: Fault): AfterUndo {
  const isDatabase = fault.failure.code.startsWith("database.");
  if (isDatabase) return { go: "fail", fault };
  return { go: "replay", queue: queueOf(group.ran.map((ran) => ran.step)), fault };
}

function undoneStep(state: State & { at: "undoing-step" }, outcome: Outcome, now: number): Advance {
  const { group, fault } = state;
  const { run } = group;
  if (outcome.is !== "undone") {
    return to({ at: "settling-undo", run, then: afterLoss(group, fault) });
  }
  if (outcome.transaction === "gone") return undone(run, afterLoss(group, fault), now);
  const ending: Group = { ...group, run: { ...run, fault } };
  return to({ at: "committing", group: ending, rest: queueOf([]), since: now, now });
}

/** The state that follows when the awaited effect has had its outcome at `now` (milliseconds, monotonic). */
export function advance(state: State, outcome: Outcome, now: number): Advance {
  switch (state.at) {
    case "looking":
      return looked(state.run, outcome, now);
    case "loading":
      if (outcome.is === "loaded") return beginning(state.run, queueOf(outcome.steps), now);
      return failGroup(state.run, causeOf(outcome));
    case "beginning":
      return begun(state, outcome, now);
    case "founding":
      if (outcome.is === "done") return enter(state.group, state.queue, now);
      return failGroup(state.group.run, causeOf(outcome));
    case "entering":
      return outcome.is === "done" ? work({ ...state, since: now }) : faulted(state, outcome);
    case "executing":
      return outcome.is === "done" ? executed(state) : faulted(state, outcome);
    case "calling":
      if (outcome.is !== "done") return faulted(state, outcome);
      return to({ ...state, at: "guarding" });
    case "guarding":
      return outcome.is === "done" ? guarded(state, now) : faulted(state, outcome);
    case "recording":
      return outcome.is === "done" ? to({ ...state, at: "leaving" }) : faulted(state, outcome);
    case "leaving":
      return outcome.is === "done" ? left(state, now) : unleft(state, outcome);
    case "committing":
      return answered(state, outcome, now);
    case "undoing-step":
      return undoneStep(state, outcome, now);
    case "undoing-group":
      if (outcome.is === "undone") return undone(state.run, state.then, now);
      return to({ at: "settling-undo", run: state.run, then: state.then });
    case "settling-commit":
      return settledCommit(state, outcome, now);
    case "settling-undo":
      return undone(state.run, state.then, now);
    case "finished":
    case "failed":
      return to(state);
  }
}
