// The run's decisions alone, against a database in memory: thousands of random runs, and every run with up to three troubles.

import { expect, test } from "bun:test";
import {
  readCommand,
  type CommitMode,
  type MigrateCommand,
  type RollbackCommand,
} from "../src/command.ts";
import type { Event } from "../src/event.ts";
import { ok } from "../src/failure.ts";
import { defaultOptions, type Catalog, type Migration } from "../src/migration/migration.ts";
import { advance } from "../src/run/machine.ts";
import { effectOf, start, type RunRequest } from "../src/run/state.ts";
import { Model, type Choose } from "./faults/model.ts";

function migration(version: number): Migration {
  const name = `m${version}`;
  const checksum = String(version);
  // Every third is TypeScript, so that plans are mixed and modules have to be loaded.
  if (version % 3 === 2) {
    const load = (): Promise<unknown> => Promise.resolve({});
    return { kind: "typescript", version, name, checksum, file: `${version}_${name}.ts`, load };
  }
  const file = `${version}_${name}.sql`;
  const section = { text: "SELECT 1;\nSELECT 2;\n", file, line: 2, options: defaultOptions };
  const sections = ok({ up: section, down: section });
  return { kind: "sql", version, name, checksum, file, sections: () => sections };
}

function catalogOf(count: number): Catalog {
  const migrations = Array.from({ length: count }, (_, index) => migration(index + 1));
  return { origin: "directory", label: "model", migrations };
}

function commandOf(type: "migrate" | "rollback"): MigrateCommand | RollbackCommand {
  const command = readCommand({ type }, (key) => key);
  if (command.ok && (command.value.type === "migrate" || command.value.type === "rollback")) {
    return command.value;
  }
  throw new Error(`no command: ${type}`);
}

/** What a run is about, before anything goes wrong. */
interface Setting {
  readonly type: "migrate" | "rollback";
  readonly commit: CommitMode;
  readonly migrations: number;
  readonly applied: number;
  readonly founded: boolean;
  readonly lockTimeoutMs: number;
}

/** Runs a setting to its end and throws where anything about it is wrong. */
function simulate(setting: Setting, choose: Choose, elapse: () => number): Model {
  const { commit, lockTimeoutMs } = setting;
  const catalog = catalogOf(setting.migrations);
  const model = new Model(catalog, setting.applied, setting.founded, choose);
  const request: RunRequest = { command: commandOf(setting.type), catalog, commit, lockTimeoutMs };
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
      now += elapse() + (outcome.is === "busy" && "waitMs" in effect ? effect.waitMs : 0);
      const next = advance(state, outcome, now);
      state = next.state;
      if (outcome.is === "begun") begunAt = now;
      const isLong = effect.do === "leave" && outcome.is === "done" && now - begunAt >= 100;
      if (isLong && commit === "group" && effectOf(state)?.do !== "commit") {
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
  if (!model.hasRival && model.durable.rows.has(version) !== (event.direction === "up")) {
    throw new Error(`stepped ${version}, but history has it otherwise`);
  }
  const began = before.some((each) => {
    return each.kind === "running" && each.migration.version === version;
  });
  if (!began) throw new Error(`stepped ${version} without running`);
}

function judgeEnd(setting: Setting, events: readonly Event[], model: Model): void {
  model.check();
  const last = events.at(-1);
  const told = events.filter(({ kind }) => kind === "stepped").length;
  const { committed, commits, durable } = model;
  const isInDoubt = model.troubles.some(({ way, effect }) => {
    return effect === "commit" && way === "failed-after";
  });
  if (isInDoubt && (last?.kind !== "failed" || last.failure.changed !== "unknown")) {
    throw new Error("a commit failed and is there, and nothing is said of it");
  }
  if (setting.commit === "each" && commits.some((size) => size !== 1)) {
    throw new Error(`each, but ${commits}`);
  }
  if (setting.commit === "all" && commits.length > 1) throw new Error(`all, but ${commits}`);
  switch (last?.kind) {
    case "finished": {
      if (told !== committed.length) throw new Error("a commit was not told of");
      const isDone =
        setting.type === "migrate"
          ? durable.rows.size === setting.migrations
          : committed.length === 1;
      if (!isDone) throw new Error("finished, but not done");
      return;
    }
    case "failed": {
      const { failure, migration: fault } = last;
      const isUnknown = failure.changed === "unknown";
      if (isUnknown !== (failure.code === "database.commit-unknown")) throw new Error("unknown");
      if (isUnknown) {
        const isSure = model.troubles.every(({ effect }) => effect !== "commit");
        if (isSure) throw new Error("unknown, though every commit was answered");
      } else {
        if (told !== committed.length) throw new Error("a commit was not told of");
        const changed = committed.length > 0 ? "some" : "nothing";
        if (failure.changed !== changed) throw new Error(`changed is ${failure.changed}`);
        if (setting.commit === "all" && changed === "some") throw new Error("all, and some");
      }
      if (!model.hasRival && committed.some(({ version }) => version === fault?.version)) {
        throw new Error(`${fault?.version} is said to have failed, and is durable`);
      }
      judgeKept(setting, last, model);
      return;
    }
    default:
      throw new Error(`ends with ${last?.kind}`);
  }
}

const atWork = ["enter", "execute", "call", "guard", "record", "leave"];

/** Where at most one thing went wrong that cannot be made good, what must be durable is known. */
function judgeKept(setting: Setting, last: Event & { kind: "failed" }, model: Model): void {
  const waits = model.troubles.filter(({ way }) => way === "busy").length;
  if (model.hasRival || waits > 2 || setting.lockTimeoutMs < 30_000) return;
  const isAnswered = model.troubles.every(({ effect }) => effect !== "settle");
  const causes = model.troubles.filter(({ effect, way }) => {
    // Another try makes good a lock that was not to be had, history a commit's answer that was lost, and a new
    // connection what could not be taken back.
    const isMadeGood = way === "busy" || effect === "undo" || effect === "settle";
    return !isMadeGood && !(effect === "commit" && way === "lost" && isAnswered);
  });
  const [cause] = causes;
  const hasNothing = setting.type === "rollback" && setting.applied === 0;
  if (cause === undefined && !hasNothing) throw new Error("fails, though nothing went wrong");
  if (cause === undefined || causes.length > 1 || setting.commit === "all") return;
  if (!atWork.includes(cause.effect) || !["failed", "gone"].includes(cause.way)) return;
  const { version } = cause;
  if (last.migration?.version !== version || !last.failure.code.startsWith("step.")) {
    throw new Error(`fails with ${last.failure.code} of ${last.migration?.version}`);
  }
  if (setting.type === "rollback") return;
  const kept = model.committed.map((each) => each.version);
  const first = setting.applied + 1;
  const expected = Array.from({ length: (version ?? 0) - first }, (_, index) => first + index);
  if (kept.join() !== expected.join()) throw new Error(`kept ${kept}, expected ${expected}`);
  const replayed = model.commits.slice(cause.commits);
  if (cause.way === "gone" && replayed.some((size) => size !== 1)) {
    throw new Error(`runs again ${replayed}, not one commit each`);
  }
}

/** Pseudo-random numbers from 0 to 1 (mulberry32), the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function pick<T>(random: () => number, [first, ...others]: readonly [T, ...T[]]): T {
  return [first, ...others][Math.floor(random() * (others.length + 1))] ?? first;
}

function simulateRandomly(seed: number): Model {
  const random = randomOf(seed);
  const migrations = pick(random, [4, 0, 1, 2, 3, 7]);
  const setting: Setting = {
    type: pick(random, ["migrate", "migrate", "rollback"]),
    commit: pick(random, ["group", "each", "all"]),
    migrations,
    applied: Math.floor(random() * (migrations + 1)),
    founded: random() < 0.5,
    lockTimeoutMs: pick(random, [0, 500, 3000, 30_000]),
  };
  const trouble = pick(random, [0.01, 0.05, 0.2, 0.5]);
  const choose: Choose = (ways) => (random() < trouble ? pick(random, ways) : ways[0]);
  try {
    return simulate(setting, choose, () => pick(random, [0, 1, 30, 200]));
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

test("random runs keep every promise", () => {
  const seen = new Map<string, number>();
  const first = Math.floor(Math.random() * 2 ** 32);
  for (let number = 0; number < 50_000; number++) {
    const model = simulateRandomly(first + number);
    for (const { effect, way } of model.troubles) {
      const key = `${effect} ${way}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
  }
  // Every effect has met trouble, so that what was checked is no accident.
  const effects = new Set([...seen.keys()].map((key) => key.split(" ")[0]));
  expect([...effects].sort()).toEqual([
    "begin",
    "call",
    "commit",
    "enter",
    "execute",
    "found",
    "guard",
    "leave",
    "load",
    "look",
    "record",
    "settle",
    "undo",
  ]);
});

/** Runs a setting with chosen ways at some choices, then once more for every other way at every later choice. */
function explore(setting: Setting, chosen: ReadonlyMap<number, number>, troubles: number): number {
  const choices: number[] = [];
  const choose: Choose = ([first, ...others]) => {
    const way = chosen.get(choices.length) ?? 0;
    choices.push(others.length);
    return [first, ...others][way] ?? first;
  };
  simulate(setting, choose, () => 1);
  let runs = 1;
  if (troubles === 0) return runs;
  const from = Math.max(-1, ...chosen.keys()) + 1;
  for (const [index, others] of choices.entries()) {
    if (index < from) continue;
    for (let way = 1; way <= others; way++) {
      runs += explore(setting, new Map([...chosen, [index, way]]), troubles - 1);
    }
  }
  return runs;
}

const settings: readonly Setting[] = [
  ...(["group", "each", "all"] as const).map((commit): Setting => {
    const lockTimeoutMs = 30_000;
    return { type: "migrate", commit, migrations: 3, applied: 0, founded: false, lockTimeoutMs };
  }),
  ...[2, 3].map((applied): Setting => {
    const rest = { migrations: 3, founded: true, lockTimeoutMs: 30_000 };
    return { type: "rollback", commit: "group", applied, ...rest };
  }),
];

for (const setting of settings) {
  test(`every ${setting.type} of ${setting.applied} in 3, commit ${setting.commit}, with up to three troubles`, () => {
    expect(explore(setting, new Map(), 3)).toBeGreaterThan(1000);
  });
}
