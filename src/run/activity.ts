// A state of a run -> what it is about to do, in so far as that can take long.

import type { Activity, AtWork } from "../activity.ts";
import { placeOf } from "../migration/statements.ts";
import { nameOf } from "./moves.ts";
import type { Active, State } from "./state.ts";
import { lengthOf } from "./trail.ts";

function atWork({ group, step, rest, since }: Active): AtWork {
  const number = lengthOf(group.run.durable) + lengthOf(group.ran) + 1;
  const of = number + rest.steps.length - rest.from;
  return { direction: step.direction, migration: nameOf(step), place: { number, of }, since };
}

function executing(active: Active, index: number): Activity {
  const { work } = active.step;
  if (work.kind === "call") return { is: "calling", ...atWork(active) };
  const statement = work.statements[index];
  if (statement === undefined) throw new Error("a script was watched beyond its end");
  const statementPlace = { number: index + 1, of: work.statements.length };
  const at = placeOf(statement);
  return { is: "executing", ...atWork(active), statement: statement.text, statementPlace, at };
}

/** A lock is waited for once the first attempt to have it was in vain. */
function locking(since: number, now: number, otherwise: Activity | null): Activity | null {
  return now > since ? { is: "waiting", since } : otherwise;
}

/** What the effect of a state is worth to a watcher; null where it never takes long. */
export function activityOf(state: State): Activity | null {
  switch (state.at) {
    case "looking":
      return { is: "reading" };
    case "waiting":
      return { is: "waiting", since: state.since };
    case "beginning":
      return locking(state.since, state.now, null);
    case "returning":
      return locking(state.waitSince, state.now, null);
    case "executing":
      return executing(state, state.index);
    case "calling":
      return executing(state, 0);
    case "stepping":
      return executing(state, state.done);
    case "guarding":
      return { is: "guarding", ...atWork(state) };
    case "committing":
      return locking(state.since, state.now, { is: "committing", since: state.since });
    case "committing-start":
      return locking(state.waitSince, state.now, { is: "committing", since: state.waitSince });
    case "undoing-step":
    case "undoing-group":
      return { is: "undoing" };
    case "filling-backup":
      return { is: "copying", path: state.target.path, totalBytes: state.target.bytes };
    case "preparing-backup":
    case "publishing-backup":
    case "discarding-backup":
    case "loading":
    case "founding":
    case "entering":
    case "starting":
    case "marking":
    case "abandoning":
    case "recording":
    case "closing":
    case "leaving":
    case "settling-commit":
    case "settling-undo":
    case "finished":
    case "failed":
      return null;
  }
}
