// The flow as a whole: words -> invocation -> a command, or a session of messages -> exit status.

import { failure, messageOf, type Failure } from "./failure.ts";
import { ownWords, readArgv, type Invocation, type OptionValues } from "./input/argv.ts";
import { withEnvironment, wantsJson } from "./input/environment.ts";
import type { CommandSpec } from "./input/commands.ts";
import type { Io } from "./world.ts";

async function reportFailure(io: Io, found: Failure, options: OptionValues): Promise<number> {
  const work = await import("./work.ts");
  return work.reportFailure(io, found, options);
}

async function runCommand(io: Io, name: string, options: OptionValues): Promise<number> {
  const work = await import("./work.ts");
  if (name === "new") return work.runNew(io, options);
  if (name === "bundle") return work.runBundle(io, options);
  if (name === "completions") return work.runCompletions(io, options);
  return work.runCommand(io, name, options);
}

async function runNothing(io: Io, options: OptionValues): Promise<number> {
  if (!(await io.isTerminal(0))) {
    const { serveInput } = await import("./work.ts");
    return serveInput(io, options);
  }
  const status = await runCommand(io, "status", options);
  const { generalHelp } = await import("./input/help.ts");
  await io.writeOut(`\n${generalHelp()}`);
  return status;
}

/** Runs a command, and becomes an application once it has succeeded. */
async function runBefore(
  io: Io,
  name: string,
  options: OptionValues,
  application: readonly string[],
): Promise<number> {
  const [command = ""] = application;
  const program = await io.findProgram(command);
  if (program === null) {
    const found = failure(
      "usage.no-program",
      `${JSON.stringify(command)} is no program that can be started: nothing was migrated.`,
      "Check its name, PATH, and that you may execute it.",
    );
    return reportFailure(io, found, options);
  }
  const status = await runCommand(io, name, options);
  if (status !== 0) return status;
  try {
    return await io.become(program, application);
  } catch (error) {
    const text = `${program} could not be started: ${messageOf(error)}.`;
    const hint = "Migrating is done; check that the program fits this system.";
    // The report, which may be one JSON object, is out already.
    return reportFailure(io, failure("usage.no-program", text, hint, { changed: "unknown" }), {});
  }
}

/** Runs a session of messages that are words. */
async function runMessages(
  io: Io,
  lines: readonly string[],
  options: OptionValues,
): Promise<number> {
  const { serveWords } = await import("./work.ts");
  return serveWords(io, lines, options);
}

async function runHelp(io: Io, command: CommandSpec | "all" | null): Promise<number> {
  const { allHelp, commandHelp, generalHelp } = await import("./input/help.ts");
  if (command === "all") await io.writeOut(allHelp());
  else await io.writeOut(command === null ? generalHelp() : commandHelp(command));
  return 0;
}

/** A directory is told of only where it is named: the variable says where to work, not what this executable is. */
async function runVersion(
  io: Io,
  dir: OptionValues[string] | undefined,
  options: OptionValues,
): Promise<number> {
  const { versionReport } = await import("./version.ts");
  const isJson = options["json"] === true;
  const report = await versionReport(dir === undefined ? null : String(dir), isJson);
  if (!report.ok) return reportFailure(io, report.failure, options);
  await io.writeOut(report.value);
  return 0;
}

function runInvocation(io: Io, invocation: Invocation): Promise<number> {
  if (invocation.kind === "help") return runHelp(io, invocation.command);
  const given = withEnvironment(invocation.options, io.environment);
  if (!given.ok) return reportUnread(io, given.failure);
  const options = given.value;
  switch (invocation.kind) {
    case "command": {
      const { command, application } = invocation;
      if (application === undefined) return runCommand(io, command, options);
      return runBefore(io, command, options, application);
    }
    case "messages":
      return runMessages(io, invocation.lines, options);
    case "none":
      return runNothing(io, options);
    case "version":
      return runVersion(io, invocation.options["dir"], options);
  }
}

/** Says what is wrong with the command line or the environment. */
function reportUnread(io: Io, found: Failure): Promise<number> {
  const isJson = wantsJson(ownWords(io.argv), io.environment);
  return reportFailure(io, found, isJson ? { json: true } : {});
}

/** Runs one invocation to its end and gives the exit status. Throws only on a bug of ours. */
export async function run(io: Io): Promise<number> {
  const invocation = readArgv(io.argv);
  return invocation.ok ? runInvocation(io, invocation.value) : reportUnread(io, invocation.failure);
}
