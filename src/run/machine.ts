// State x outcome -> the next state, and the events that led there. Pure: the run's only decisions.

import { filled, prepared, published } from "./backup.ts";
import type { Outcome } from "./driver.ts";
import {
  answered,
  enter,
  entered,
  executed,
  faulted,
  guarded,
  left,
  recorded,
  settledCommit,
  undoneStep,
  unleft,
} from "./group.ts";
import { causeOf, failGroup, to, type Advance } from "./moves.ts";
import {
  abandoned,
  closed,
  marked,
  returned,
  startCommitted,
  started,
  stepped,
} from "./outside.ts";
import { begun, looked, ready, undone } from "./planning.ts";
import type { State } from "./state.ts";

/** The state that follows when the awaited effect has had its outcome at `now` (milliseconds, monotonic). */
export function advance(state: State, outcome: Outcome, now: number): Advance {
  const isDone = outcome.is === "done";
  switch (state.at) {
    case "looking":
      return looked(state, outcome, now);
    case "waiting":
      return to({ at: "looking", run: state.run, since: state.since });
    case "loading":
      if (outcome.is === "loaded") return ready(state.run, outcome.steps, now);
      return failGroup(state.run, causeOf(outcome));
    case "beginning":
      return begun(state, outcome, now);
    case "preparing-backup":
      return prepared(state, outcome);
    case "filling-backup":
      return filled(state, outcome);
    case "publishing-backup":
      return published(state, outcome, now);
    case "discarding-backup":
      return failGroup(state.run, state.failure);
    case "founding":
      if (isDone) return enter(state.group, state.queue, now);
      return failGroup(state.group.run, causeOf(outcome));
    case "entering":
      return isDone ? entered(state, now) : faulted(state, outcome);
    case "executing":
      return isDone ? executed(state) : faulted(state, outcome);
    case "calling":
      return isDone ? to({ ...state, at: "guarding" }) : faulted(state, outcome);
    case "guarding":
      return isDone ? guarded(state, now) : faulted(state, outcome);
    case "recording":
      return isDone ? recorded(state) : faulted(state, outcome);
    case "leaving":
      return isDone ? left(state, now) : unleft(state, outcome);
    case "committing":
      return answered(state, outcome, now);
    case "starting":
      return started(state, outcome, now);
    case "committing-start":
      return startCommitted(state, outcome, now);
    case "stepping":
      return stepped(state, outcome);
    case "marking":
      return marked(state, outcome, now);
    case "returning":
      return returned(state, outcome, now);
    case "closing":
      return closed(state, outcome, now);
    case "abandoning":
      return abandoned(state, outcome);
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
