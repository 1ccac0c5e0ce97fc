// Every effect of a run, disturbed in the real process on a real file: what is said is true, and a rerun completes.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { failing, firstOf, mended, three, type Files } from "./faults/catalogs.ts";
import { claimsOf, exitFor, wordsFor, type CommandName, type Voice } from "./faults/claims.ts";
import { faultKinds, type FaultKind } from "./faults/driver.ts";
import {
  copyDatabase,
  each,
  faults,
  inFolder,
  lookInto,
  prepareDatabase,
  removeScratch,
  rung,
  scratch,
  start,
  writeCatalog,
  type Ended,
  type Found,
  type JournalMode,
} from "./faults/harness.ts";

setDefaultTimeout(300_000);
afterAll(removeScratch);

const failedSchema = v.looseObject({
  ok: v.literal(false),
  error: v.looseObject({ code: v.string(), changed: v.string() }),
});

const journalModes: readonly JournalMode[] = ["delete", "wal"];
const commitModes = ["group", "each", "all"] as const;
const voices: readonly Voice[] = ["text", "json", "message"];

/** The states that a database may be in, in order of progress, and the version that each step from one to the next is about. */
interface Ladder {
  readonly rungs: readonly Found[];
  readonly steps: readonly number[];
}

/** One run, to be disturbed in every way. */
interface Scenario {
  readonly command: CommandName;
  readonly commit: (typeof commitModes)[number] | null;
  readonly journal: JournalMode;
  /** A folder of migrations, and the one to complete with. */
  readonly catalog: string;
  readonly mended: string;
  /** The database to begin with; null for an empty one. */
  readonly from: string | null;
  readonly ladder: Ladder;
  /** How far the undisturbed run comes, and the code of the failure that stops it there. */
  readonly reach: number;
  readonly code: string | null;
  /** Milliseconds that pass with every effect. */
  readonly tick: number;
  /** The first effect to disturb: what comes before is another scenario's. */
  readonly since: string;
  /** A fault that is always there, at the first effect of this name, and what the run comes to with it. */
  readonly base: {
    readonly kind: FaultKind;
    readonly effect: string;
    readonly reach: number;
    readonly code: string | null;
  } | null;
}

/** One disturbed run of a scenario. */
interface Case {
  readonly fault: string;
  readonly kind: FaultKind;
  readonly at: number;
  readonly voice: Voice;
}

function begin(scenario: Scenario, path: string): void {
  if (scenario.from === null) prepareDatabase(path, scenario.journal);
  else copyDatabase(scenario.from, path);
}

async function run(
  scenario: Scenario,
  folder: string,
  faultList: string,
  voice: Voice,
): Promise<{ ended: Ended; trace: readonly string[] }> {
  const words = wordsFor(voice, scenario.command, scenario.commit);
  const trace = join(folder, "trace");
  const environment = {
    RUNG_FAULTS: faultList,
    RUNG_FAULTS_TRACE: trace,
    RUNG_FAULTS_TICK: String(scenario.tick),
  };
  const options = ["--db", "app.db", "--dir", scenario.catalog, "--lock-timeout", "3s"];
  const ended = await start(await faults(), [...options, ...words], { cwd: folder, environment });
  return { ended, trace: readFileSync(trace, "utf8").trimEnd().split("\n") };
}

/** How far up a database is; -1 where it is on no rung at all. */
function progressOf({ rungs }: Ladder, found: Found): number {
  return rungs.findIndex(({ dump }) => dump === found.dump);
}

function judgeFound(scenario: Scenario, found: Found): string[] {
  const problems = [...found.complaints];
  if (found.journalMode !== scenario.journal) problems.push(`journal mode ${found.journalMode}`);
  const progress = progressOf(scenario.ladder, found);
  if (progress < 0) problems.push(`history and schema are no whole state:\n${found.dump}`);
  if (progress > scenario.reach) problems.push(`came too far: ${progress}`);
  if (scenario.commit === "all" && progress > 0 && progress < scenario.ladder.steps.length) {
    problems.push(`commit mode all left ${progress} behind`);
  }
  return problems;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function judgeClaims(scenario: Scenario, ended: Ended, voice: Voice, progress: number): string[] {
  const problems: string[] = [];
  const { steps } = scenario.ladder;
  const claims = claimsOf(ended, voice);
  const true_ = steps.slice(0, progress);
  if (claims.changed === "unknown" || claims.code === "database.commit-unknown") {
    if (claims.code !== "database.commit-unknown") problems.push(`unknown, but ${claims.code}`);
    const isPrefix = isSame(claims.stepped, steps.slice(0, claims.stepped.length));
    if (!isPrefix || claims.stepped.length > progress) problems.push(`claims ${claims.stepped}`);
  } else {
    if (!isSame(claims.stepped, true_)) problems.push(`claims ${claims.stepped}, true ${true_}`);
    const changed = progress > 0 ? "some" : "nothing";
    if (claims.changed !== null && claims.changed !== changed) {
      problems.push(`changed is ${claims.changed}, true ${changed}`);
    }
  }
  if (claims.failed !== null && true_.includes(claims.failed)) {
    problems.push(`says that ${claims.failed} failed, and it is done`);
  }
  if ((claims.code === null) !== (progress === steps.length) && claims.changed !== "unknown") {
    if (claims.code !== "database.commit-unknown") problems.push(`ends with ${claims.code}`);
  }
  const status = exitFor(claims, voice);
  if (ended.signal !== null || ended.status !== status) {
    problems.push(`exit ${ended.status} ${ended.signal}, expected ${status}`);
  }
  return problems;
}

/** What a fault at an effect must come to, where that can be told from the two alone. */
function judgeOutcome(
  scenario: Scenario,
  one: Case,
  effect: string,
  progress: number,
  claims: { readonly code: string | null },
): string[] {
  const { reach, code, commit } = scenario;
  const isHarmless =
    one.kind === "busy" || one.kind === "intrude" || (one.kind === "lose" && effect === "commit");
  const isUndo = effect.startsWith("undo") && one.kind !== "fail-after";
  if (isHarmless || (isUndo && code !== null)) {
    const isSo = progress === reach && claims.code === code;
    return isSo ? [] : [`came to ${progress} with ${claims.code}, expected ${reach} with ${code}`];
  }
  if (one.kind === "fail-after") {
    return claims.code === "database.commit-unknown" ? [] : [`is sure with ${claims.code}`];
  }
  const [, version] = /^(?:enter|execute|call|guard|record|leave) (\d+)$/.exec(effect) ?? [];
  const isBefore = one.kind === "fail" || one.kind === "drop";
  if (version === undefined || !isBefore || commit === "all") return [];
  // A lost answer to `leave` can only be made good by taking back the group.
  if (effect.startsWith("leave") && one.kind === "drop") return [];
  const kept = scenario.ladder.steps.indexOf(Number(version));
  return progress === kept ? [] : [`kept ${progress}, expected ${kept}`];
}

/** Scenarios and how far a database was that a rerun has completed from already. */
const rerun = new Map<Scenario, Set<number>>();

/** A rerun sees nothing but the files: once is enough for a state that a process has left without a journal beside it. */
function isRerun(scenario: Scenario, folder: string, progress: number): boolean {
  const sidecars = ["app.db-journal", "app.db-wal"];
  if (sidecars.some((name) => existsSync(join(folder, name)))) return false;
  const known = rerun.get(scenario) ?? new Set();
  rerun.set(scenario, known);
  return known.size === known.add(progress).size;
}

async function judgeRerun(scenario: Scenario, folder: string, progress: number): Promise<string[]> {
  const { command, ladder, mended: catalog } = scenario;
  if (command === "rollback" && progress > 0) return [];
  if (isRerun(scenario, folder, progress)) return [];
  const words = ["--db", "app.db", "--dir", catalog, command];
  const ended = await start(rung, words, { cwd: folder });
  const found = lookInto(join(folder, "app.db"), folder);
  const final = progressOf(ladder, found);
  const problems = judgeFound({ ...scenario, commit: null, reach: ladder.steps.length }, found);
  if (final !== ladder.steps.length) problems.push(`a rerun comes to ${final}: ${ended.stderr}`);
  const { stepped, code } = claimsOf(ended, "text");
  const rest = ladder.steps.slice(progress);
  if (!isSame(stepped, rest)) problems.push(`a rerun claims ${stepped}, true ${rest}`);
  if (ended.status !== 0 || code !== null) problems.push(`a rerun exits with ${ended.status}`);
  return problems;
}

async function judge(scenario: Scenario, one: Case, base: string): Promise<string[]> {
  return inFolder(async (folder) => {
    begin(scenario, join(folder, "app.db"));
    const list = base === "" ? one.fault : `${base},${one.fault}`;
    const { ended, trace } = await run(scenario, folder, list, one.voice);
    const effect = trace[one.at - 1];
    if (effect === undefined) return ["the fault was never reached"];
    const found = lookInto(join(folder, "app.db"), folder);
    const problems = judgeFound(scenario, found);
    const progress = progressOf(scenario.ladder, found);
    if (one.kind === "kill" || one.kind === "kill-after") {
      if (ended.signal !== "SIGKILL") problems.push(`not killed, but ${ended.status}`);
      const { stepped } = claimsOf(ended, "text");
      const isTrue = isSame(stepped, scenario.ladder.steps.slice(0, stepped.length));
      if (!isTrue || stepped.length > progress) problems.push(`killed, claims ${stepped}`);
    } else {
      problems.push(...judgeClaims(scenario, ended, one.voice, progress));
      const claims = claimsOf(ended, one.voice);
      if (base === "") problems.push(...judgeOutcome(scenario, one, effect, progress, claims));
    }
    problems.push(...(await judgeRerun(scenario, folder, Math.max(progress, 0))));
    return problems.map((problem) => `${one.fault} (${effect}) as ${one.voice}: ${problem}`);
  });
}

/**
 * Where a fault tells something that no other does. Being killed after an effect is being killed before the next, but
 * for the commit, of which something is said in between; and only at these can it matter whether a lost effect happened.
 */
function isTelling(kind: FaultKind, effect: string): boolean {
  const [name = ""] = effect.split(" ");
  switch (kind) {
    case "kill":
    case "fail":
    case "lose":
      return true;
    case "kill-after":
    case "fail-after":
      return name === "commit";
    case "drop":
      return ["leave", "commit", "undo", "settle"].includes(name);
    case "intrude":
      return name === "begin";
    case "busy":
      return name === "begin" || name === "commit";
  }
}

const codes = ["database.io", "step.failed", "database.full", "step.failed"];

function casesOf(trace: readonly string[], first: number): readonly Case[] {
  return trace.flatMap((effect, index) => {
    if (index < first) return [];
    const at = index + 1;
    const kinds = faultKinds.filter((kind) => isTelling(kind, effect));
    return kinds.map((kind, number): Case => {
      const isKill = kind === "kill" || kind === "kill-after";
      const voice = isKill ? "text" : (voices[(index + number) % voices.length] ?? "text");
      const code =
        kind === "fail" || kind === "fail-after" ? `:${codes[index % codes.length]}` : "";
      return { fault: `${kind}${code}@${at}`, kind, at, voice };
    });
  });
}

/** Disturbs a scenario in every way; what is wrong comes back, a line a finding. */
async function disturb(scenario: Scenario): Promise<string[]> {
  const undisturbed = (list: string): ReturnType<typeof run> =>
    inFolder(async (folder) => {
      begin(scenario, join(folder, "app.db"));
      return run(scenario, folder, list, "text");
    });
  let { ended, trace } = await undisturbed("");
  const plain = claimsOf(ended, "text");
  const { ladder, reach, code } = scenario;
  const isAsMeant = isSame(plain.stepped, ladder.steps.slice(0, reach)) && plain.code === code;
  if (!isAsMeant) return [`undisturbed: ${ended.stdout}${ended.stderr}`];
  let base = "";
  let first = trace.indexOf(scenario.since);
  if (scenario.base !== null) {
    first = trace.indexOf(scenario.base.effect) + 1;
    if (first === 0) return [`no effect ${scenario.base.effect} in ${trace.join(", ")}`];
    base = `${scenario.base.kind}@${first}`;
    ({ ended, trace } = await undisturbed(base));
    const based = claimsOf(ended, "text");
    const steps = ladder.steps.slice(0, scenario.base.reach);
    if (!isSame(based.stepped, steps) || based.code !== scenario.base.code) {
      return [`with ${base}: ${ended.stdout}${ended.stderr}`];
    }
  }
  const cases = first < 0 ? [] : casesOf(trace, first);
  if (cases.length === 0) return ["nothing to disturb"];
  const problems: string[] = [];
  await each(cases, 2, async (one) => {
    problems.push(...(await judge(scenario, one, base)));
  });
  return problems;
}

let folderOfThree = "";
let folderOfFive = "";
let ladderOfThree: Ladder;
let ladderOfFive: Ladder;

async function climb(files: Files): Promise<Ladder> {
  const rungs: Found[] = [];
  const names = Object.keys(files);
  for (let count = 0; count <= names.length; count++) {
    const found = await inFolder(async (folder) => {
      if (count > 0) {
        const catalog = await writeCatalog(firstOf(files, count));
        const ended = await start(rung, ["migrate", "--db", "app.db", "--dir", catalog], {
          cwd: folder,
        });
        if (ended.status !== 0) throw new Error(ended.stderr);
      }
      return lookInto(join(folder, "app.db"), folder);
    });
    expect(found.recorded.map(({ version }) => version)).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    );
    rungs.push(found);
  }
  expect(new Set(rungs.map(({ dump }) => dump)).size).toBe(rungs.length);
  return { rungs, steps: names.map((_, index) => index + 1) };
}

beforeAll(async () => {
  await faults();
  folderOfThree = await writeCatalog(three);
  folderOfFive = await writeCatalog(mended);
  ladderOfThree = await climb(three);
  ladderOfFive = await climb(mended);
});

function migration(more: Partial<Scenario>): Scenario {
  return {
    command: "migrate",
    commit: "group",
    journal: "delete",
    catalog: folderOfThree,
    mended: folderOfThree,
    from: null,
    ladder: ladderOfThree,
    reach: ladderOfThree.steps.length,
    code: null,
    tick: 0,
    since: "look",
    base: null,
    ...more,
  };
}

describe("migrate, disturbed at every effect", () => {
  for (const journal of journalModes) {
    for (const commit of commitModes) {
      test(`${journal}, commit ${commit}`, async () => {
        expect(await disturb(migration({ journal, commit }))).toEqual([]);
      });
    }
  }

  test("groups of more than one, cut by time", async () => {
    expect(await disturb(migration({ tick: 9 }))).toEqual([]);
  });

  test("after an answer to commit that was lost", async () => {
    const base = { kind: "lose", effect: "commit", reach: 3, code: null } as const;
    expect(await disturb(migration({ base, commit: "each", journal: "wal" }))).toEqual([]);
  });

  test("after a commit that was never made", async () => {
    const base = { kind: "drop", effect: "commit", reach: 0, code: "database.io" } as const;
    expect(await disturb(migration({ base }))).toEqual([]);
  });
});

describe("rollback, disturbed at every effect", () => {
  const tops = [
    ["SQL", 3],
    ["TypeScript", 2],
  ] as const;
  for (const journal of journalModes) {
    for (const [kind, count] of tops) {
      test(`${journal}, ${kind}`, async () => {
        const catalog = await writeCatalog(firstOf(three, count));
        const from = join(scratch(), `from-${journal}-${count}.db`);
        const options = ["--db", from, "--dir", catalog];
        prepareDatabase(from, journal);
        const ended = await start(rung, ["migrate", ...options], { cwd: scratch() });
        expect(ended.status).toBe(0);
        const ladder = await inFolder(async (folder): Promise<Ladder> => {
          const path = join(folder, "app.db");
          copyDatabase(from, path);
          const before = lookInto(path, folder);
          const rolledBack = await start(rung, ["rollback", "--db", "app.db", "--dir", catalog], {
            cwd: folder,
          });
          expect(rolledBack.status).toBe(0);
          const after = lookInto(path, folder);
          expect(after.recorded.length).toBe(count - 1);
          return { rungs: [before, after], steps: [count] };
        });
        const scenario: Scenario = {
          ...migration({ journal, catalog, mended: catalog, from, ladder, reach: 1 }),
          command: "rollback",
          commit: null,
        };
        expect(await disturb(scenario)).toEqual([]);
      });
    }
  }
});

test("status, disturbed, says so and nothing else", async () => {
  for (const fault of ["fail:database.io@1", "lose@1", "drop@1"]) {
    const ended = await inFolder(async (folder) => {
      const options = ["--db", "app.db", "--dir", folderOfThree, "--json"];
      const environment = { RUNG_FAULTS: fault };
      return start(await faults(), ["status", ...options], { cwd: folder, environment });
    });
    const said = v.parse(failedSchema, JSON.parse(ended.stdout));
    expect({ fault, ...said.error, status: ended.status, stderr: ended.stderr }).toMatchObject({
      fault,
      code: "database.io",
      changed: "nothing",
      status: 5,
      stderr: "",
    });
  }
});

describe("a third of five that fails in its second statement, disturbed at every effect", () => {
  const scenarios = [
    ["abort", "group", "delete", "step.failed"],
    ["abort", "each", "wal", "step.failed"],
    ["abort", "all", "delete", "step.failed"],
    ["orRollback", "group", "delete", "step.failed", "enter 3"],
    ["orRollback", "each", "wal", "step.failed", "enter 3"],
    ["orRollback", "all", "wal", "step.failed", "enter 3"],
    ["raiseRollback", "group", "wal", "step.failed", "enter 3"],
    ["swallowed", "group", "delete", "step.transaction-lost", "enter 3"],
    ["thrown", "group", "wal", "step.threw", "enter 3"],
  ] as const;
  for (const [way, commit, journal, code, since = "look"] of scenarios) {
    test(`${way}, ${journal}, commit ${commit}`, async () => {
      const catalog = await writeCatalog(failing[way]);
      const reach = commit === "all" ? 0 : 2;
      const scenario = migration({ catalog, commit, journal, reach, code, since });
      const disturbed = { ...scenario, mended: folderOfFive, ladder: ladderOfFive };
      expect(await disturb(disturbed)).toEqual([]);
    });
  }

  test("taking back what failed, itself without an answer", async () => {
    const catalog = await writeCatalog(failing.thrown);
    const base = { kind: "drop", effect: "undo step", reach: 2, code: "step.threw" } as const;
    const scenario = migration({ catalog, base, reach: 2, code: "step.threw" });
    const disturbed = { ...scenario, mended: folderOfFive, ladder: ladderOfFive };
    expect(await disturb(disturbed)).toEqual([]);
  });
});
