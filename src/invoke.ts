// One command of a command line: performed, reported as text or JSON, and turned into an exit status.

import type { Command } from "./command.ts";
import type { Event } from "./event.ts";
import { exitStatus } from "./failure.ts";
import type { OptionValues } from "./input/argv.ts";
import { migrationsDirectory } from "./input/location.ts";
import { isSound } from "./report/tally.ts";
import type { TextReport } from "./report/text.ts";
import { reportFailure, workplace, type Io } from "./world.ts";

const commandWaitMs = 30_000;

/** Runs a command that works on the database. */
export async function runCommand(io: Io, name: string, options: OptionValues): Promise<number> {
  const { readAsked } = await import("./input/asked.ts");
  const command = readAsked(name, options);
  if (!command.ok) return reportFailure(io, command.failure, options);
  const place = await workplace(io, options, commandWaitMs);
  if (!place.ok) return reportFailure(io, place.failure, options);
  const { perform } = await import("./perform.ts");
  const events: Event[] = [];
  if (options["json"] === true) {
    await perform(command.value, place.value, (event) => events.push(event));
    const { commandJson, jsonLine } = await import("./report/json.ts");
    await io.writeOut(jsonLine(commandJson(command.value.type, place.value.path, events)));
  } else {
    const report = await textReport(io, command.value, place.value.path);
    let written: Promise<unknown> = Promise.resolve();
    await perform(command.value, place.value, (event) => {
      events.push(event);
      const { out, error } = report.print(event);
      if (out !== "") written = written.then(() => io.writeOut(out));
      if (error !== "") written = written.then(() => io.writeError(error));
    });
    await written;
  }
  return exitOf(command.value, events);
}

/** Writes the next migration's file. */
export async function runNew(io: Io, options: OptionValues): Promise<number> {
  const { createMigration } = await import("./migration/create.ts");
  const created = createMigration({
    directory: migrationsDirectory(options, io.environment) ?? "migrations",
    name: String(options["name"] ?? ""),
    isTypeScript: options["ts"] === true,
    isTimestamp: options["timestamp"] === true,
    date: new Date(),
  });
  if (!created.ok) return reportFailure(io, created.failure, options);
  const files = created.value;
  const { jsonLine } = await import("./report/json.ts");
  const isJson = options["json"] === true;
  const report = isJson ? jsonLine({ command: "new", ok: true, files }) : `${files.join("\n")}\n`;
  await io.writeOut(report);
  return 0;
}

async function textReport(io: Io, command: Command, path: string): Promise<TextReport> {
  const { TextReport } = await import("./report/text.ts");
  const { coloured, plain } = await import("./report/style.ts");
  const isPlain = (io.environment["NO_COLOR"] ?? "") !== "" || !(await io.isTerminal(1));
  const goesDown = command.type === "rollback" || (command.type === "plan" && command.rollback);
  const to = "to" in command ? (command.to ?? null) : null;
  return new TextReport(path, goesDown ? "down" : "up", to, isPlain ? plain : coloured);
}

function exitOf(command: Command, events: readonly Event[]): number {
  const failed = events.find((event) => event.kind === "failed");
  if (failed !== undefined) return exitStatus(failed.failure.code);
  const isCheck = command.type === "status" && command.check;
  const status = isCheck ? events.find((event) => event.kind === "status") : undefined;
  return status === undefined || isSound(status.rows, status.drift) ? 0 : 1;
}
