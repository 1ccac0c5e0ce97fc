// What must hold of a run after a fault: what is there, what is said, and what that fault must come to.

import { claimsOf, exitFor, type Claims, type Voice } from "./claims.ts";
import type { Found } from "./found.ts";
import type { Ended } from "./harness.ts";
import type { Ladder } from "./ladder.ts";
import type { Case, Scenario } from "./scenario.ts";

/** How far up a database is; -1 where it is on no rung at all. */
export function progressOf({ rungs }: Ladder, found: Found): number {
  return rungs.findIndex(({ dump }) => dump === found.dump);
}

/** Whether two lists hold the same in the same order. */
export function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

/** What is wrong with a database that should be in one of the whole states. */
export function judgeFound(scenario: Scenario, found: Found): string[] {
  const { ladder, journal, reach, isWhole } = scenario;
  const problems = [...found.complaints];
  if (found.journalMode !== journal) problems.push(`journal mode ${found.journalMode}`);
  if (found.drift.length > 0) problems.push(`kept list and schema differ: ${found.drift}`);
  const progress = progressOf(ladder, found);
  const state = ladder.rungs[progress];
  if (state === undefined) problems.push(`history and schema are no whole state:\n${found.dump}`);
  else if (!isSame(tidy(found.log), tidy(state.log))) problems.push(`the log says ${found.log}`);
  if (progress > reach) problems.push(`came too far: ${progress}`);
  if (isWhole && progress > 0 && progress < ladder.steps.length) {
    problems.push(`all in one commit left ${progress} behind`);
  }
  return problems;
}

/** A log without the starts, of which one may have come to nothing. */
function tidy(log: readonly string[]): readonly string[] {
  return log.filter((entry) => !entry.startsWith("start "));
}

/** What is wrong with what a process said of a database that it left in a whole state. */
export function judgeClaims(
  scenario: Scenario,
  ended: Ended,
  voice: Voice,
  progress: number,
): string[] {
  const problems: string[] = [];
  const { steps } = scenario.ladder;
  const claims = claimsOf(ended, voice);
  const made = steps.slice(0, progress);
  if (claims.changed === "unknown" || claims.code === "database.commit-unknown") {
    if (claims.code !== "database.commit-unknown") problems.push(`unknown, but ${claims.code}`);
    const isPrefix = isSame(claims.stepped, steps.slice(0, claims.stepped.length));
    if (!isPrefix || claims.stepped.length > progress) problems.push(`claims ${claims.stepped}`);
  } else {
    if (!isSame(claims.stepped, made)) problems.push(`claims ${claims.stepped}, true ${made}`);
    const changed = progress > 0 ? "some" : "nothing";
    if (claims.changed !== null && claims.changed !== changed) {
      problems.push(`changed is ${claims.changed}, true ${changed}`);
    }
  }
  if (claims.failed !== null && made.includes(claims.failed)) {
    problems.push(`says that ${claims.failed} failed, and it is done`);
  }
  if ((claims.code === null) !== (progress === steps.length) && claims.changed !== "unknown") {
    if (claims.code !== "database.commit-unknown") problems.push(`ends with ${claims.code}`);
  }
  return [...problems, ...judgeExit(ended, claims, voice)];
}

/** What is wrong with the exit status of a process, by what it said. */
export function judgeExit(ended: Ended, claims: Claims, voice: Voice): string[] {
  const status = exitFor(claims, voice);
  if (ended.signal === null && ended.status === status) return [];
  return [`exit ${ended.status} ${ended.signal}, expected ${status}`];
}

/** What is wrong with a process that was killed. */
export function judgeKilled(scenario: Scenario, ended: Ended, progress: number): string[] {
  const problems = ended.signal === "SIGKILL" ? [] : [`not killed, but ${ended.status}`];
  const { stepped } = claimsOf(ended, "text");
  const isTrue = isSame(stepped, scenario.ladder.steps.slice(0, stepped.length));
  if (!isTrue || stepped.length > progress) problems.push(`killed, claims ${stepped}`);
  return problems;
}

/** What a fault at an effect must come to, where that can be told from the two alone. */
export function judgeOutcome(
  scenario: Scenario,
  one: Case,
  effect: string,
  progress: number,
  claims: Claims,
): string[] {
  const { reach, code, isWhole, ladder } = scenario;
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
  if (version === undefined || !isBefore || isWhole) return [];
  // A lost answer to `leave` can only be made good by taking back the group.
  if (effect.startsWith("leave") && one.kind === "drop") return [];
  const kept = ladder.steps.indexOf(Number(version));
  return progress === kept ? [] : [`kept ${progress}, expected ${kept}`];
}
