// The run's decisions alone, against a database in memory: thousands of random runs, and every run with a few troubles.

import { expect, test } from "bun:test";
import type { Model } from "./faults/model.ts";
import type { Choose } from "./faults/rivals.ts";
import type { Setting } from "./faults/setting.ts";
import { simulate } from "./faults/simulate.ts";

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

function settingOf(random: () => number): Setting {
  const migrations = pick(random, [4, 0, 1, 2, 3, 7]);
  const upTo = (most: number): number => Math.floor(random() * (most + 1));
  const type = pick<Setting["type"]>(random, ["migrate", "migrate", "rollback", "redo"]);
  const reaches = [{}, { steps: 1 + upTo(3) }, { to: upTo(migrations) }] as const;
  const reach = pick(random, type === "redo" ? [reaches[0], reaches[1]] : reaches);
  return {
    type,
    ...reach,
    commit: pick(random, ["group", "each", "all"]),
    isStrict: random() < 0.2,
    migrations,
    applied: upTo(migrations),
    founded: random() < 0.5,
    hasDrifted: random() < 0.2,
    second: pick(random, ["plain", "outside", "keys", "both"]),
    hasModules: random() < 0.5,
    lockTimeoutMs: pick(random, [0, 500, 3000, 30_000]),
    hasBackup: random() < 0.3,
  };
}

function simulateRandomly(seed: number): Model {
  const random = randomOf(seed);
  const setting = settingOf(random);
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
  // The same runs every time, so that a failure is one of the change at hand; RUNG_MODEL_SEED finds others.
  const first = Number(process.env["RUNG_MODEL_SEED"] ?? 1);
  for (let number = 0; number < 50_000; number++) {
    const model = simulateRandomly(first + number);
    for (const { effect, isOutside } of model.troubles) {
      const key = isOutside ? `${effect} outside` : effect;
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    if (model.trace.some((line) => line.startsWith("wait"))) seen.set("wait", 1);
  }
  // Every effect has met trouble, so that what was checked is no accident; but for a wait, which nothing can disturb.
  expect([...seen.keys()].sort()).toEqual([
    "abandon outside",
    "begin",
    "call",
    "call outside",
    "commit",
    "commit outside",
    "discard-copy",
    "enter",
    "execute",
    "execute outside",
    "fill-copy",
    "found",
    "guard",
    "leave",
    "load",
    "look",
    "mark outside",
    "prepare-copy",
    "publish-backup",
    "record",
    "settle",
    "start",
    "undo",
    "wait",
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

const usual = {
  commit: "group",
  isStrict: false,
  migrations: 3,
  founded: true,
  hasDrifted: false,
  second: "plain",
  hasModules: true,
  lockTimeoutMs: 30_000,
  hasBackup: false,
} as const;

const settings: readonly (readonly [string, number, Setting])[] = [
  ...(["group", "each", "all"] as const).map((commit): readonly [string, number, Setting] => {
    const setting: Setting = { ...usual, type: "migrate", commit, applied: 0, founded: false };
    return [`migrate, commit ${commit}`, 3, setting];
  }),
  ["migrate with a backup", 3, { ...usual, type: "migrate", applied: 1, hasBackup: true }],
  ["rollback of SQL", 3, { ...usual, type: "rollback", applied: 3 }],
  ["rollback of TypeScript", 3, { ...usual, type: "rollback", applied: 2 }],
  ["rollback to 1", 2, { ...usual, type: "rollback", to: 1, applied: 3 }],
  ["redo of two", 2, { ...usual, type: "redo", steps: 2, applied: 3 }],
  [
    "redo of two, one of them alone",
    2,
    { ...usual, type: "redo", steps: 2, applied: 3, second: "keys" },
  ],
  ["strict migrate", 2, { ...usual, type: "migrate", applied: 1, isStrict: true }],
  ...[false, true].map((hasModules): readonly [string, number, Setting] => {
    const kind = hasModules ? "TypeScript" : "SQL";
    const setting: Setting = {
      ...usual,
      type: "migrate",
      applied: 0,
      second: "outside",
      hasModules,
    };
    return [`migrate with ${kind} outside any transaction`, 2, setting];
  }),
  [
    "rollback outside any transaction",
    3,
    { ...usual, type: "rollback", applied: 2, second: "outside", hasModules: false },
  ],
  [
    "redo outside any transaction",
    2,
    { ...usual, type: "redo", applied: 2, second: "outside", hasModules: false },
  ],
];

for (const [name, troubles, setting] of settings) {
  test(`every ${name}, with up to ${troubles} troubles`, () => {
    expect(explore(setting, new Map(), troubles)).toBeGreaterThan(500);
  });
}
