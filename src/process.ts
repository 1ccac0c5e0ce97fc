// This process as the world of the app: its words, streams, clock and exit status.

import { run } from "./app.ts";
import { facts } from "./facts.ts";
import { keepHouse } from "./platform/house.ts";
import { collectGarbage } from "./platform/memory.ts";
import { expectLongWork } from "./platform/pace.ts";
import { heldSignals, processOneSignals } from "./platform/signals.ts";
import { isTerminal, readInput, streamTrouble, writeError, writeOut } from "./platform/stdio.ts";
import type { Io } from "./world.ts";

/** The world as it is. */
export const processIo: Io = {
  argv: process.argv.slice(2),
  environment: process.env,
  input: readInput,
  isTerminal,
  writeOut,
  writeError,
  openProgress: async () => {
    const { ProgressLine } = await import("./platform/progress.ts");
    return new ProgressLine();
  },
  openDriver: async (request) => {
    const { openDatabase } = await import("./work.ts");
    return openDatabase(request);
  },
  keepHouse,
  findProgram: async (command) => {
    const { findProgram } = await import("./platform/application.ts");
    return findProgram(command, process.env["PATH"]);
  },
  become: async (program, words) => {
    // A report that reached nobody is no success, and only success is followed by the application.
    if (streamTrouble() !== null) return 0;
    const { become } = await import("./platform/application.ts");
    return become(program, words);
  },
  expectLongWork,
  collectGarbage,
  now: () => performance.now(),
  signals: processOneSignals(),
  heldSignals,
};

/** Runs the app in a world and leaves its exit status with the process; what is thrown is a bug of ours (70). */
export async function runProcess(io: Io): Promise<void> {
  try {
    const status = await run(io);
    const trouble = streamTrouble();
    if (trouble !== null) await writeError(`${facts.program}: ${trouble}\n`);
    // An answer that reached nobody is no success, whatever was done.
    process.exitCode = trouble === null || status !== 0 ? status : 1;
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    await writeError(`rung: a bug in rung itself. [internal]\n${what}\nhint: please report it.\n`);
    process.exitCode = 70;
  }
}
