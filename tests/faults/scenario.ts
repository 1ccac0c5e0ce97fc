// A run to be disturbed, and every way to disturb it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { wordsFor, type CommandName, type Voice } from "./claims.ts";
import { faultKinds, type FaultKind } from "./driver.ts";
import { apart, here, readTrace } from "./here.ts";
import { copyDatabase, prepareDatabase, type Ended, type JournalMode } from "./harness.ts";
import type { Ladder } from "./ladder.ts";

/** One run, to be disturbed in every way. */
export interface Scenario {
  readonly command: CommandName;
  readonly options: Readonly<Record<string, string | number>>;
  readonly journal: JournalMode;
  /** A folder of migrations, and the one to complete with. */
  readonly catalog: string;
  readonly mended: string;
  /** The database to begin with; null for an empty one. */
  readonly from: string | null;
  readonly ladder: Ladder;
  /** Whether all steps share one commit. */
  readonly isWhole: boolean;
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
export interface Case {
  readonly fault: string;
  readonly kind: FaultKind;
  readonly at: number;
  readonly voice: Voice;
}

/** What came of a run, and the effects that it performed. */
export interface Performed {
  readonly ended: Ended;
  readonly trace: readonly string[];
}

/** Whether a fault is the end of the process that it meets. */
export function isKill(kind: FaultKind): boolean {
  return kind === "kill" || kind === "kill-after";
}

/** Puts the database of a scenario at a path. */
export function begin(scenario: Scenario, path: string): void {
  if (scenario.from === null) prepareDatabase(path, scenario.journal);
  else copyDatabase(scenario.from, path);
}

/** The words of a scenario's command on the database in a folder. */
export function wordsOf(scenario: Scenario, folder: string, voice: Voice): readonly string[] {
  const place = ["--db", join(folder, "app.db"), "--dir", scenario.catalog];
  const words = wordsFor(voice, scenario.command, scenario.options);
  return [...place, "--lock-timeout", "3s", ...words];
}

/** Runs a scenario in a folder, with faults. */
export async function perform(
  scenario: Scenario,
  folder: string,
  faults: string,
  voice: Voice,
): Promise<Performed> {
  const words = wordsOf(scenario, folder, voice);
  const trace = join(folder, "trace");
  writeFileSync(trace, "");
  const disturbance = { faults, trace, tick: scenario.tick };
  const ended = faults.includes("kill")
    ? await apart(words, disturbance, folder)
    : await here(words, disturbance);
  return { ended, trace: readTrace(trace) };
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
      return ["leave", "commit", "undo", "settle", "start", "mark", "abandon"].includes(name);
    case "intrude":
      return name === "begin";
    case "busy":
      return name === "begin" || name === "commit";
  }
}

const voices: readonly Voice[] = ["text", "json", "message"];
const codes = ["database.io", "step.failed", "database.full", "step.failed"];

/** Every way to disturb the effects of a run from `first` on. */
export function casesOf(trace: readonly string[], first: number): readonly Case[] {
  return trace.flatMap((effect, index) => {
    if (index < first) return [];
    const at = index + 1;
    const kinds = faultKinds.filter((kind) => isTelling(kind, effect));
    return kinds.map((kind, number): Case => {
      const voice = isKill(kind) ? "text" : (voices[(index + number) % voices.length] ?? "text");
      const code =
        kind === "fail" || kind === "fail-after" ? `:${codes[index % codes.length]}` : "";
      return { fault: `${kind}${code}@${at}`, kind, at, voice };
    });
  });
}
