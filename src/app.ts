// The flow as a whole: words -> invocation -> a command, or a session of messages -> exit status.

import { readArgv, splitArgv, type Invocation, type OptionValues } from "./input/argv.ts";
import { reportFailure, type Io } from "./world.ts";

async function runCommand(io: Io, name: string, options: OptionValues): Promise<number> {
  const invoke = await import("./invoke.ts");
  if (name === "new") return invoke.runNew(io, options);
  if (name === "bundle") return invoke.runBundle(io, options);
  return invoke.runCommand(io, name, options);
}

async function runMessages(
  io: Io,
  messages: readonly string[],
  options: OptionValues,
): Promise<number> {
  const { serve } = await import("./serve.ts");
  return serve(io, () => messages.map((text) => ({ kind: "text", text })), options);
}

async function runNothing(io: Io, options: OptionValues): Promise<number> {
  if (!(await io.isTerminal(0))) {
    const { serve } = await import("./serve.ts");
    const { linesOf } = await import("./input/lines.ts");
    return serve(io, (limit) => linesOf(io.input(), limit), options);
  }
  const status = await runCommand(io, "status", options);
  const { generalHelp } = await import("./input/help.ts");
  await io.writeOut(`\n${generalHelp()}`);
  return status;
}

async function runInvocation(io: Io, invocation: Invocation): Promise<number> {
  switch (invocation.kind) {
    case "command":
      return runCommand(io, invocation.command, invocation.options);
    case "command-then": {
      const { runCommandThen } = await import("./invoke.ts");
      return runCommandThen(io, invocation);
    }
    case "messages":
      return runMessages(io, invocation.lines, invocation.options);
    case "none":
      return runNothing(io, invocation.options);
    case "help": {
      const { commandHelp, generalHelp } = await import("./input/help.ts");
      const { command } = invocation;
      await io.writeOut(command === null ? generalHelp() : commandHelp(command));
      return 0;
    }
    case "version": {
      const { versionReport } = await import("./version.ts");
      const { dir, json } = invocation.options;
      const report = await versionReport(dir === undefined ? null : String(dir), json === true);
      if (!report.ok) return reportFailure(io, report.failure, invocation.options);
      await io.writeOut(report.value);
      return 0;
    }
  }
}

/** Runs one invocation to its end and gives the exit status. Throws only on a bug of ours. */
export async function run(io: Io): Promise<number> {
  const invocation = readArgv(io.argv);
  if (invocation.ok) return runInvocation(io, invocation.value);
  const isJson = splitArgv(io.argv).own.includes("--json");
  return reportFailure(io, invocation.failure, isJson ? { json: true } : {});
}
