// Disturbs a scenario in every way, one run after the other, and tells what was wrong with any of them.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { claimsOf } from "./claims.ts";
import { lookInto } from "./found.ts";
import { each, inFolder } from "./harness.ts";
import { here } from "./here.ts";
import { interruptionIn, judgeInterrupted } from "./interrupted.ts";
import { isSame, judgeClaims, judgeFound, judgeKilled, judgeOutcome, progressOf } from "./judge.ts";
import { begin, casesOf, isKill, perform, wordsOf, type Case, type Scenario } from "./scenario.ts";

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
  const { command, ladder, mended } = scenario;
  const isOnce = command === "redo" || (command === "rollback" && !("to" in scenario.options));
  if (isOnce && progress > 0) return [];
  if (isRerun(scenario, folder, progress)) return [];
  const options = "to" in scenario.options ? { to: scenario.options["to"] ?? 0 } : {};
  const again = { ...scenario, catalog: mended, options };
  const ended = await here(wordsOf(again, folder, "text"));
  const found = lookInto(join(folder, "app.db"), folder);
  const final = progressOf(ladder, found);
  const reach = ladder.steps.length;
  const problems = judgeFound({ ...scenario, isWhole: false, reach }, found);
  if (final !== reach) problems.push(`a rerun comes to ${final}: ${ended.stderr}`);
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
    const performed = await perform(scenario, folder, list, one.voice);
    const { ended, trace } = performed;
    const effect = trace[one.at - 1];
    if (effect === undefined) return ["the fault was never reached"];
    const found = lookInto(join(folder, "app.db"), folder);
    const interruption = interruptionIn(scenario, found);
    const problems: string[] = [];
    if (interruption !== null || scenario.ladder.outside !== null) {
      problems.push(...(await judgeInterrupted({ scenario, one, performed, found, folder })));
    }
    if (interruption === null) {
      problems.push(...judgeFound(scenario, found));
      const progress = progressOf(scenario.ladder, found);
      if (isKill(one.kind)) {
        problems.push(...judgeKilled(scenario, ended, progress));
      } else if (scenario.ladder.outside === null) {
        problems.push(...judgeClaims(scenario, ended, one.voice, progress));
        const claims = claimsOf(ended, one.voice);
        if (base === "") problems.push(...judgeOutcome(scenario, one, effect, progress, claims));
      }
      problems.push(...(await judgeRerun(scenario, folder, Math.max(progress, 0))));
    }
    return problems.map((problem) => `${one.fault} (${effect}) as ${one.voice}: ${problem}`);
  });
}

/** Disturbs a scenario in every way; what is wrong comes back, a line a finding. */
export async function disturb(scenario: Scenario): Promise<string[]> {
  const undisturbed = (list: string): ReturnType<typeof perform> =>
    inFolder(async (folder) => {
      begin(scenario, join(folder, "app.db"));
      return perform(scenario, folder, list, "text");
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
