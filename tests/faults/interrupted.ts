// What must hold of a run with a step outside any transaction after a fault: how far that step came is known to the statement.

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { claimsOf } from "./claims.ts";
import type { FaultKind } from "./driver.ts";
import { lookInto, type Found, type Recorded } from "./found.ts";
import { here } from "./here.ts";
import { isSame, judgeClaims, judgeExit, progressOf } from "./judge.ts";
import { finishByHand, type OutsideStep } from "./ladder.ts";
import { isKill, wordsOf, type Case, type Performed, type Scenario } from "./scenario.ts";

/** A disturbed run and what it left. */
export interface Left {
  readonly scenario: Scenario;
  readonly one: Case;
  readonly performed: Performed;
  readonly found: Found;
  readonly folder: string;
}

/** The row of a step that has been started and has not come to its end. */
export function interruptionIn({ ladder }: Scenario, { recorded }: Found): Recorded | null {
  if (ladder.outside === null) return null;
  return recorded.find(({ state }) => state === "started") ?? null;
}

const happening: readonly FaultKind[] = ["lose", "fail-after", "kill-after", "intrude"];

/** What is durable of the step. */
interface Durable {
  isStarted: boolean;
  isRecorded: boolean;
  /** How many marks it has made, and how many it has done the statements of. */
  done: number;
  executed: number;
}

/** What must be durable of the step, told from the effects that happened alone. */
function expectedOf({ version }: OutsideStep, one: Case, trace: readonly string[]): Durable {
  const durable: Durable = { isStarted: false, isRecorded: false, done: 0, executed: 0 };
  let pending: "isStarted" | "isRecorded" | null = null;
  for (const [index, effect] of trace.entries()) {
    if (index === one.at - 1 && !happening.includes(one.kind)) continue;
    if (effect === `start ${version}`) pending = "isStarted";
    if (effect === `record ${version}`) pending = "isRecorded";
    if (effect === "commit" && pending !== null) durable[pending] = true;
    if (["commit", "undo group", "settle"].includes(effect)) pending = null;
    if (effect === `execute ${version}` || effect === `call ${version}`) durable.executed++;
    if (effect === `mark ${version}`) durable.done++;
    if (effect === `abandon ${version}`) durable.isStarted = false;
  }
  return durable;
}

/** Everything that is wrong with such a run, whether the step is interrupted or not. */
export async function judgeInterrupted(left: Left): Promise<string[]> {
  const { scenario, one, performed, found } = left;
  const { outside } = scenario.ladder;
  if (outside === null) return [];
  const expected = expectedOf(outside, one, performed.trace);
  const row = interruptionIn(scenario, found);
  const isInterrupted = expected.isStarted && !expected.isRecorded;
  if (row === null) {
    if (isInterrupted) return ["nothing is known of the step that was interrupted"];
    if (isKill(one.kind)) return [];
    return judgeWhole(left, outside);
  }
  if (!isInterrupted) return ["says interrupted of a step that was not"];
  const problems = judgeRow(left, outside, row, expected);
  if (!isKill(one.kind)) problems.push(...judgeWords(left, outside));
  return [...problems, ...(await judgeSettling(left, outside, row))];
}

/** Whether it can be doubtful what the fault came to: the statements, and the commit of the start. */
function isDoubtful({ version }: OutsideStep, one: Case, trace: readonly string[]): boolean {
  const effect = trace[one.at - 1] ?? "";
  const isStart = effect === "commit" && trace[one.at - 2] === `start ${version}`;
  return isStart || effect === `execute ${version}` || effect === `call ${version}`;
}

function judgeWhole({ scenario, one, performed, found }: Left, outside: OutsideStep): string[] {
  const { ended, trace } = performed;
  const claims = claimsOf(ended, one.voice);
  if (claims.changed !== "unknown" || !isDoubtful(outside, one, trace)) {
    return judgeClaims(scenario, ended, one.voice, progressOf(scenario.ladder, found));
  }
  const problems = judgeExit(ended, claims, one.voice);
  const before = scenario.ladder.steps.slice(0, scenario.ladder.steps.indexOf(outside.version));
  if (!isSame(claims.stepped, before)) problems.push(`claims ${claims.stepped}`);
  return problems;
}

function judgeRow(
  { scenario, found }: Left,
  outside: OutsideStep,
  row: Recorded,
  expected: Durable,
): string[] {
  const problems = [...found.complaints];
  const { version, direction, worlds } = outside;
  if (found.journalMode !== scenario.journal) problems.push(`journal mode ${found.journalMode}`);
  if (row.version !== version || row.direction !== direction || row.done !== expected.done) {
    problems.push(`the row says ${JSON.stringify(row)}, expected ${JSON.stringify(expected)}`);
  }
  if (found.world !== worlds[expected.executed]) {
    problems.push(`not the work of ${expected.executed} statements:\n${found.world}`);
  }
  const before = scenario.ladder.rungs[scenario.ladder.steps.indexOf(version)];
  const others = (rows: readonly Recorded[]): string =>
    JSON.stringify(rows.filter((each) => each.version !== version));
  if (others(found.recorded) !== others(before?.recorded ?? [])) {
    problems.push(`beside it there is ${others(found.recorded)}`);
  }
  return problems;
}

function judgeWords({ scenario, one, performed }: Left, outside: OutsideStep): string[] {
  const { ended, trace } = performed;
  const claims = claimsOf(ended, one.voice);
  const problems = judgeExit(ended, claims, one.voice);
  const before = scenario.ladder.steps.slice(0, scenario.ladder.steps.indexOf(outside.version));
  if (!isSame(claims.stepped, before)) problems.push(`claims ${claims.stepped}, true ${before}`);
  if (claims.code === null) problems.push("claims success");
  if (!`${ended.stdout}${ended.stderr}`.includes("rung status")) problems.push("gives no way out");
  if (one.voice === "text") return problems;
  if (claims.failed !== outside.version) problems.push(`says that ${claims.failed} failed`);
  const isTrue = claims.changed === "some" || isDoubtful(outside, one, trace);
  if (claims.changed === "nothing" || !isTrue) problems.push(`changed is ${claims.changed}`);
  return problems;
}

const statusSchema = v.looseObject({
  ok: v.literal(true),
  migrations: v.array(
    v.looseObject({
      version: v.number(),
      state: v.string(),
      interrupted: v.optional(
        v.looseObject({
          direction: v.string(),
          done: v.number(),
          last_done: v.nullable(v.string()),
          in_doubt: v.nullable(v.string()),
        }),
      ),
    }),
  ),
});
const refusedSchema = v.looseObject({ error: v.looseObject({ code: v.string() }) });

/** Ways out that were tried already, by scenario, state and way: they see nothing but the files. */
const settled = new WeakMap<Scenario, Set<string>>();

/** From the state that the fault left: named by status, refused by all that would go on, and settled in one way. */
async function judgeSettling(left: Left, outside: OutsideStep, row: Recorded): Promise<string[]> {
  const { scenario, one, found, folder } = left;
  const path = join(folder, "app.db");
  const as = one.at % 2 === 0 ? "applied" : "pending";
  const hasSidecar = [`${path}-journal`, `${path}-wal`].some((file) => existsSync(file));
  const known = settled.get(scenario) ?? new Set();
  settled.set(scenario, known);
  const key = `${as} ${found.dump}`;
  if (!hasSidecar && known.has(key)) return [];
  known.add(key);
  const ask = (...words: string[]): ReturnType<typeof here> =>
    here([...words, "--db", path, "--dir", scenario.catalog, "--json"]);

  const problems = judgeStatus(outside, row, JSON.parse((await ask("status", "--check")).stdout));
  for (const words of [["migrate"], ["rollback"], ["redo"]]) {
    const refused = await ask(...words);
    const { error } = v.parse(refusedSchema, JSON.parse(refused.stdout));
    if (refused.status !== 4 || error.code !== "history.interrupted") {
      problems.push(`${words} is not refused, but ${refused.stdout}`);
    }
  }
  if (lookInto(path, folder).dump !== found.dump) problems.push("looking at it has changed it");

  const isFinished = as === (outside.direction === "up" ? "applied" : "pending");
  if (isFinished) finishByHand(path, outside.marks.slice(row.done ?? 0).flat());
  const settle = await ask("repair", "--settle", String(outside.version), "--as", as);
  if (settle.status !== 0) problems.push(`cannot be settled: ${settle.stdout}`);
  return [...problems, ...(await judgeCompletion(left, as))];
}

function judgeStatus(outside: OutsideStep, { done }: Recorded, status: unknown): string[] {
  const { version, direction, marks } = outside;
  const { migrations } = v.parse(statusSchema, status);
  const row = migrations.find((each) => each.version === version);
  const found = row?.interrupted;
  const isNamed = row?.state === "interrupted" && found !== undefined;
  if (!isNamed) return [`status says ${row?.state}`];
  // A function is one piece of work, whose statements nobody knows.
  const isScript = marks.every((statements) => statements.length === 1);
  const lastDone = isScript ? (marks[(done ?? 0) - 1]?.[0] ?? null) : null;
  const inDoubt = isScript ? (marks[done ?? 0]?.[0] ?? null) : null;
  const isTrue =
    found.direction === direction &&
    found.done === done &&
    found.last_done === lastDone &&
    found.in_doubt === inDoubt;
  return isTrue ? [] : [`status says ${JSON.stringify(found)}`];
}

async function judgeCompletion(left: Left, as: string): Promise<string[]> {
  const { scenario, folder } = left;
  const { rungs } = scenario.ladder;
  const rerun = await here(wordsOf(scenario, folder, "text"));
  const found = lookInto(join(folder, "app.db"), folder);
  const problems = found.complaints.map((each) => `settled as ${as}: ${each}`);
  if (rerun.status !== 0) problems.push(`settled as ${as}, a rerun fails: ${rerun.stderr}`);
  if (found.drift.length > 0) problems.push(`settled as ${as}, there is drift: ${found.drift}`);
  if (found.dump !== rungs.at(-1)?.dump) {
    problems.push(`settled as ${as}, a rerun comes to something else:\n${found.dump}`);
  }
  return problems;
}
