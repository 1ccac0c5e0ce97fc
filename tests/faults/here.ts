// The whole app in this very process: for faults that a process survives, and for runs without any.

import { existsSync, readFileSync } from "node:fs";
import { run } from "../../src/app.ts";
import { openDatabase } from "../../src/database/open.ts";
import type { Io } from "../../src/world.ts";
import { disturbed, readFaults, Saboteur } from "./driver.ts";
import { faults, start, type Ended } from "./harness.ts";

/** How a run is disturbed and watched. */
export interface Disturbance {
  /** Faults as `readFaults` reads them. */
  readonly faults: string;
  /** A file for the names of the effects. */
  readonly trace: string;
  /** Milliseconds that pass with every effect. */
  readonly tick: number;
}

const undisturbed: Disturbance = { faults: "", trace: "", tick: 0 };

async function* noInput(): AsyncGenerator<Uint8Array> {}

/** Runs the app on words that name every file in full. */
export async function here(
  words: readonly string[],
  { faults: list, trace, tick }: Disturbance = undisturbed,
): Promise<Ended> {
  const saboteur = new Saboteur(readFaults(list), trace, tick);
  const said = { stdout: "", stderr: "" };
  const io: Io = {
    argv: words,
    environment: {},
    input: noInput,
    isTerminal: async () => false,
    writeOut: async (text) => {
      said.stdout += text;
      return true;
    },
    writeError: async (text) => {
      said.stderr += text;
    },
    openDriver: async (request) => disturbed(request, openDatabase(request), saboteur),
    keepHouse: () => undefined,
    findProgram: async () => null,
    become: async () => 0,
    expectLongWork: () => undefined,
    collectGarbage: () => undefined,
    heldSignals: () => ({ hold() {}, release() {}, received: async () => null }),
    now: () => saboteur.now,
    signals: null,
  };
  const status = await run(io);
  return { status, signal: null, ...said };
}

/** The same in a process of its own, which a fault may kill. */
export async function apart(
  words: readonly string[],
  { faults: list, trace, tick }: Disturbance,
  cwd: string,
): Promise<Ended> {
  const environment = {
    RUNG_FAULTS: list,
    RUNG_FAULTS_TRACE: trace,
    RUNG_FAULTS_TICK: String(tick),
  };
  return start(await faults(), words, { cwd, environment });
}

/** The names of the effects in a trace. */
export function readTrace(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
}
