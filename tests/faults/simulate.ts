// Runs a setting against the model, and judges every event, the end, and what is left behind.

import type { Event } from "../../src/event.ts";
import { advance } from "../../src/run/machine.ts";
import { effectOf, start } from "../../src/run/state.ts";
import { Model } from "./model.ts";
import type { Choose } from "./rivals.ts";
import {
  catalogOf,
  isLoner,
  optionsOf,
  planOf,
  refusalOf,
  requestOf,
  type Setting,
} from "./setting.ts";

/** Runs a setting to its end and throws where anything about it is wrong. */
export function simulate(setting: Setting, choose: Choose, elapse: () => number): Model {
  const catalog = catalogOf(setting);
  const { applied, founded, hasDrifted } = setting;
  const hasBackup = setting.hasBackup && setting.type === "migrate";
  const beginning = { catalog, applied, founded, hasDrifted, hasBackup };
  const model = new Model(
    { ...beginning, optionsOf: (version) => optionsOf(setting, version) },
    choose,
  );
  const request = requestOf(setting, catalog);
  const events: Event[] = [];
  let now = 0;
  let begunAt = 0;
  let state = start(request, now);
  try {
    for (let effects = 0; ; effects++) {
      if (effects > 5000) throw new Error("the run does not end");
      const effect = effectOf(state);
      if (effect === null) break;
      const outcome = model.perform(effect);
      now += elapse();
      if (outcome.is === "busy" && "waitMs" in effect) now += effect.waitMs;
      if (effect.do === "wait") now += effect.ms;
      const next = advance(state, outcome, now);
      state = next.state;
      if (outcome.is === "begun" || outcome.is === "published") begunAt = now;
      const isLong = effect.do === "leave" && outcome.is === "done" && now - begunAt >= 100;
      if (
        isLong &&
        request.commit === "group" &&
        !isWhole(setting) &&
        effectOf(state)?.do !== "commit"
      ) {
        throw new Error(`a group goes on after ${now - begunAt} ms`);
      }
      for (const event of next.events) {
        judgeEvent(setting, event, events, model);
        events.push(event);
        model.trace.push(`-> ${event.kind}`);
      }
    }
    judgeEnd(setting, events, model);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const told = events.map((event) => JSON.stringify(event)).join("\n");
    throw new Error(`${reason}\n${JSON.stringify(setting)}\n${model.trace.join("\n")}\n${told}`);
  }
  return model;
}

/** Whether all steps share one commit; what a rival does can make a redo fall apart, or fit together. */
function isWhole(setting: Setting): boolean {
  return setting.type === "redo" || setting.commit === "all";
}

/** Whether others have changed what the run is to do. */
function isMeddled({ hasDrifted }: Setting, { rivals }: Model): boolean {
  return rivals.hasMigrated || rivals.hasDrifted !== hasDrifted;
}

/** An event at the moment at which it is told. */
function judgeEvent(setting: Setting, event: Event, before: readonly Event[], model: Model): void {
  if (before.some(({ kind }) => kind === "finished" || kind === "failed")) {
    throw new Error(`${event.kind} after the end`);
  }
  if (event.kind === "waiting") {
    const isInTime = event.elapsedMs >= 0 && event.elapsedMs < setting.lockTimeoutMs;
    if (!isInTime) throw new Error(`waits on after ${event.elapsedMs} ms`);
  }
  if (event.kind !== "stepped") return;
  const { version } = event.migration;
  const told = before.filter(({ kind }) => kind === "stepped").length;
  const made = model.committed[told];
  if (made?.version !== version || made.direction !== event.direction) {
    throw new Error(`stepped ${version}, but that is not what was committed`);
  }
  const began = before.some((each) => {
    const isSame = each.kind === "running" && each.migration.version === version;
    return isSame && each.direction === event.direction;
  });
  if (!began) throw new Error(`stepped ${version} without running`);
}

function judgeEnd(setting: Setting, events: readonly Event[], model: Model): void {
  model.check();
  const last = events.at(-1);
  const { committed, commits, troubles } = model;
  const isInDoubt = troubles.some(({ way, effect, isOutside }) => {
    return effect === "commit" && way === "failed-after" && !isOutside;
  });
  if (isInDoubt && (last?.kind !== "failed" || last.failure.changed !== "unknown")) {
    throw new Error("a commit failed and is there, and nothing is said of it");
  }
  const { type, commit } = setting;
  if (type === "migrate" && commit === "each" && commits.some((size) => size !== 1)) {
    throw new Error(`each, but ${commits}`);
  }
  if (type === "migrate" && commit === "all" && commits.length > 1) {
    throw new Error(`all, but ${commits}`);
  }
  if (!isMeddled(setting, model)) {
    const planned = planOf(setting).slice(0, committed.length);
    const made = committed.map(({ version, direction }) =>
      direction === "up" ? version : -version,
    );
    if (made.join() !== planned.join()) throw new Error(`made ${made}, planned ${planned}`);
  }
  if (last?.kind === "finished") return judgeFinished(setting, events, model);
  if (last?.kind === "failed") return judgeFailed(setting, events, last, model);
  throw new Error(`ends with ${last?.kind}`);
}

function tellsAll(events: readonly Event[], { committed }: Model): boolean {
  return events.filter(({ kind }) => kind === "stepped").length === committed.length;
}

function judgeFinished(setting: Setting, events: readonly Event[], model: Model): void {
  if (!tellsAll(events, model)) throw new Error("a commit was not told of");
  if (model.outside !== null) throw new Error("finished, and left a step as started");
  if (setting.hasDrifted && !events.some(({ kind }) => kind === "drift")) {
    throw new Error("says nothing of the drift");
  }
  const { durable, committed, rivals } = model;
  const { type, to = type === "migrate" ? setting.migrations : 0, steps } = setting;
  if (!rivals.hasMigrated) {
    if (committed.length !== planOf(setting).length) throw new Error("finished, but not done");
    return;
  }
  // Whoever did it, when nothing is left to do the database is where the command wants it.
  const versions = catalogOf(setting).migrations.map(({ version }) => version);
  const isThere =
    type === "migrate"
      ? versions.every((version) => version > to || durable.rows.has(version))
      : versions.every((version) => version <= to || !durable.rows.has(version));
  const isFar = type === "migrate" ? committed.length === steps : committed.length === (steps ?? 1);
  if (type !== "redo" && !isThere && !isFar) throw new Error("finished, but not done");
}

function judgeFailed(
  setting: Setting,
  events: readonly Event[],
  last: Event & { readonly kind: "failed" },
  model: Model,
): void {
  const { failure, migration } = last;
  const { committed, troubles, outside } = model;
  const isCommitUnknown = failure.code === "database.commit-unknown";
  const hasDoubt = troubles.some(({ isOutside }) => isOutside);
  if (failure.changed === "unknown" && !isCommitUnknown && !hasDoubt) throw new Error("unknown");
  if (isCommitUnknown) {
    if (failure.changed !== "unknown") throw new Error("not known, and yet changed is");
    if (troubles.every(({ effect }) => effect !== "commit")) {
      throw new Error("unknown, though every commit was answered");
    }
  } else if (!tellsAll(events, model)) throw new Error("a commit was not told of");
  if (outside !== null && !isCommitUnknown) {
    if (failure.changed === "nothing") throw new Error("a step is started, and nothing changed");
    if (migration?.version !== outside.version) throw new Error("does not name what is started");
    if (!failure.hint.includes("rung status")) throw new Error(`no way out: ${failure.hint}`);
  }
  if (outside === null && failure.changed !== "unknown") {
    const changed = committed.length > 0 ? "some" : "nothing";
    if (failure.changed !== changed) throw new Error(`changed is ${failure.changed}`);
    if (setting.type === "migrate" && setting.commit === "all" && changed === "some") {
      throw new Error("all, and some");
    }
  }
  const direction = setting.type === "rollback" ? "down" : "up";
  const isDone = committed.some(
    (each) => each.version === migration?.version && each.direction === direction,
  );
  if (!model.rivals.hasMigrated && isDone) {
    throw new Error(`${migration?.version} is said to have failed, and is durable`);
  }
  judgeKept(setting, last, model);
}

const atWork = ["enter", "execute", "call", "guard", "record", "leave"];

/** Where at most one thing went wrong that cannot be made good, what must be durable is known. */
function judgeKept(
  setting: Setting,
  last: Event & { readonly kind: "failed" },
  model: Model,
): void {
  const waits = model.troubles.filter(({ way }) => way === "busy").length;
  if (isMeddled(setting, model) || waits > 2 || setting.lockTimeoutMs < 30_000) return;
  const isAnswered = model.troubles.every(({ effect }) => effect !== "settle");
  const causes = model.troubles.filter(({ effect, way, isOutside }) => {
    // Another try makes good a lock that was not to be had, history a commit's answer that was lost, and a new
    // connection what could not be taken back.
    const isMadeGood = way === "busy" || effect === "undo" || effect === "settle";
    return !isMadeGood && !(effect === "commit" && way === "lost" && isAnswered && !isOutside);
  });
  const [cause] = causes;
  const refusal = refusalOf(setting);
  if (cause === undefined && last.failure.code !== refusal) {
    throw new Error(`fails with ${last.failure.code}, though nothing went wrong`);
  }
  if (cause === undefined || causes.length > 1 || isWhole(setting) || cause.isOutside) return;
  if (!atWork.includes(cause.effect) || !["failed", "gone"].includes(cause.way)) return;
  const { version } = cause;
  if (last.migration?.version !== version || !last.failure.code.startsWith("step.")) {
    throw new Error(`fails with ${last.failure.code} of ${last.migration?.version}`);
  }
  // The record of a step outside any transaction is the end of it, not the step itself.
  if (version !== null && !optionsOf(setting, version).transaction) return;
  const plan = planOf(setting);
  const kept = plan.slice(
    0,
    plan.findIndex((each) => Math.abs(each) === version),
  );
  if (model.committed.length !== kept.length) {
    throw new Error(`kept ${model.committed.length}, expected ${kept}`);
  }
  const replayed = model.commits.slice(cause.commits);
  if (cause.way === "gone" && replayed.some((size) => size !== 1)) {
    throw new Error(`runs again ${replayed}, not one commit each`);
  }
}

/** Whether a setting has steps that stand alone. */
export function hasLoners(setting: Setting): boolean {
  return planOf(setting).some((version) => isLoner(setting, Math.abs(version)));
}
