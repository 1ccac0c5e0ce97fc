// All that works on migrations and databases, behind one door: what most commands need is loaded at once, as one part.

import { ok, type Result } from "./failure.ts";
import type { OptionValues } from "./input/argv.ts";
import { embedded } from "./migration/embedded.gen.ts";
import { embeddedCatalog } from "./migration/embedded.ts";
import type { Summary } from "./migration/summary.ts";
import type { Io } from "./world.ts";

export { openDatabase } from "./database/open.ts";
export { reportFailure } from "./refuse.ts";
export { runBundle, runCommand, runCompletions, runNew } from "./invoke.ts";

/** Runs a session whose messages are words; its exit status. */
export async function serveWords(
  io: Io,
  messages: readonly string[],
  options: OptionValues,
): Promise<number> {
  const { serve } = await import("./serve.ts");
  return serve(io, () => messages.map((text) => ({ kind: "text", text })), options);
}

/** Runs a session on standard input; its exit status. */
export async function serveInput(io: Io, options: OptionValues): Promise<number> {
  const { serve } = await import("./serve.ts");
  const { linesOf } = await import("./input/lines.ts");
  return serve(io, (limit) => linesOf(io.input(), limit), options);
}

/** Sums up the migrations of a directory, or those that are embedded. */
export async function summarize(directory: string | null): Promise<Result<Summary>> {
  const { summaryOf } = await import("./migration/summary.ts");
  if (directory === null) return ok(summaryOf(embeddedCatalog(embedded)));
  const { readDirectory } = await import("./migration/directory.ts");
  const read = await readDirectory(directory);
  return read.ok ? ok(summaryOf(read.value)) : read;
}
