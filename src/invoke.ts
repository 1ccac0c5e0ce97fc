// One command of a command line: performed, reported as text or JSON, and turned into an exit status.

import type { Command } from "./command.ts";
import type { Event } from "./event.ts";
import { exitStatus } from "./failure.ts";
import type { OptionValues } from "./input/argv.ts";
import { readAsked } from "./input/asked.ts";
import { migrationsDirectory } from "./input/location.ts";
import { perform } from "./perform.ts";
import { coloured, plain } from "./report/style.ts";
import { TextReport } from "./report/text.ts";
import type { Workplace } from "./job.ts";
import { workplace } from "./workplace.ts";
import { Speech } from "./speech.ts";
import { reportFailure } from "./refuse.ts";
import type { Io, Progress } from "./world.ts";

const commandWaitMs = 30_000;

/** The commands that can take long. */
const longCommands: readonly Command["type"][] = [
  "migrate",
  "rollback",
  "redo",
  "verify",
  "rehearse",
  "backup",
  "restore",
];

/** Whether a command can take so long that somebody may want to see how far it has come. */
function takesLong(command: Command): boolean {
  return longCommands.includes(command.type) && !("dry_run" in command && command.dry_run);
}

/** The line that says how far a command has come, for a person at a terminal; null for everybody else. */
async function openProgress(io: Io): Promise<Progress | null> {
  if (io.openProgress === undefined || io.environment["TERM"] === "dumb") return null;
  return (await io.isTerminal(2)) ? io.openProgress() : null;
}

/** The workplace, with what goes on there shown. */
async function watched(place: Workplace, progress: Progress): Promise<Workplace> {
  const { progressOf } = await import("./report/progress.ts");
  const counted = (statements: number, rows: number): void => progress.count(statements, rows);
  return {
    ...place,
    openDriver: (request) => place.openDriver({ ...request, counted }),
    watch: (activity) => progress.show(progressOf(activity)),
  };
}

/** Runs a command that works on the database. */
export async function runCommand(io: Io, name: string, options: OptionValues): Promise<number> {
  const command = await readAsked(name, options);
  if (!command.ok) return reportFailure(io, command.failure, options);
  const place = workplace(io, options, commandWaitMs);
  if (!place.ok) return reportFailure(io, place.failure, options);
  if (command.value.type === "verify") io.expectLongWork();
  const progress = takesLong(command.value) ? await openProgress(io) : null;
  try {
    const isJson = options["json"] === true;
    const perform = isJson ? performForJson : performForText;
    const events = await perform(io, command.value, place.value, progress);
    return await exitOf(command.value, events);
  } finally {
    progress?.end();
  }
}

/** Performs a command and writes its report; gives what happened. */
async function performForJson(
  io: Io,
  command: Command,
  place: Workplace,
  progress: Progress | null,
): Promise<readonly Event[]> {
  const events: Event[] = [];
  const shown = progress === null ? place : await watched(place, progress);
  await perform(command, shown, (event) => void events.push(event));
  progress?.end();
  const { commandJson, jsonLine } = await import("./report/json.ts");
  await io.writeOut(jsonLine(commandJson(command.type, place.path, events)));
  return events;
}

/** The same, with each line written as soon as it is true; those that become true together are written together. */
async function performForText(
  io: Io,
  command: Command,
  place: Workplace,
  progress: Progress | null,
): Promise<readonly Event[]> {
  const events: Event[] = [];
  const report = await textReport(io, command, place.path);
  const speech = new Speech(io, progress);
  const shown = progress === null ? place : await watched(place, progress);
  await perform(command, shown, (event) => {
    events.push(event);
    return speech.say(report.print(event));
  });
  await speech.said;
  return events;
}

/** Writes the next migration's file. */
export async function runNew(io: Io, options: OptionValues): Promise<number> {
  const { createMigration } = await import("./migration/create.ts");
  const created = createMigration({
    directory: migrationsDirectory(options) ?? "migrations",
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

/** Makes an executable of this one and a directory of migrations. */
export async function runBundle(io: Io, options: OptionValues): Promise<number> {
  const { readBundleRequest } = await import("./bundle/request.ts");
  const directory = migrationsDirectory(options) ?? "migrations";
  const request = readBundleRequest(options, directory);
  if (!request.ok) return reportFailure(io, request.failure, options);
  const { bundle } = await import("./bundle/bundle.ts");
  const bundled = await bundle(request.value, io);
  if (!bundled.ok) return reportFailure(io, bundled.failure, options);
  const { writtenJson, writtenText } = await import("./report/bundle.ts");
  const { jsonLine } = await import("./report/json.ts");
  const isJson = options["json"] === true;
  const report = isJson ? jsonLine(writtenJson(bundled.value)) : writtenText(bundled.value);
  await io.writeOut(report);
  return 0;
}

/** Prints what a shell needs to complete our words. */
export async function runCompletions(io: Io, options: OptionValues): Promise<number> {
  const { completions } = await import("./input/completions.ts");
  const script = completions(String(options["shell"] ?? ""));
  if (!script.ok) return reportFailure(io, script.failure, options);
  await io.writeOut(script.value);
  return 0;
}

async function textReport(io: Io, command: Command, path: string): Promise<TextReport> {
  const isPlain = (io.environment["NO_COLOR"] ?? "") !== "" || !(await io.isTerminal(1));
  const goesDown = command.type === "rollback" || (command.type === "plan" && command.rollback);
  const to = "to" in command ? (command.to ?? null) : null;
  return new TextReport(path, goesDown ? "down" : "up", to, isPlain ? plain : coloured);
}

function exitOf(command: Command, events: readonly Event[]): number | Promise<number> {
  for (const event of events) if (event.kind === "failed") return exitStatus(event.failure.code);
  return command.type === "status" && command.check ? exitOfCheck(events) : 0;
}

async function exitOfCheck(events: readonly Event[]): Promise<number> {
  const { isSound } = await import("./report/tally.ts");
  const isGood = events.every((each) => each.kind !== "status" || isSound(each.rows, each.drift));
  return isGood ? 0 : 1;
}
