// The flow as a whole: words -> invocation -> command -> events -> report -> exit status.

import packageJson from "../package.json" with { type: "json" };
import type { Command } from "./command.ts";
import type { Event } from "./event.ts";
import { exitStatus, fail, ok, type Failure, type Result } from "./failure.ts";
import { readArgv, type OptionValues } from "./input/argv.ts";
import { databasePath, migrationsDirectory, type Environment } from "./input/location.ts";
import type { DriverRequest, Workplace } from "./perform.ts";
import type { Driver } from "./run/driver.ts";
import type { Signals } from "./run/execute.ts";
import type { Line } from "./input/lines.ts";
import { isSound } from "./report/tally.ts";
import type { TextReport } from "./report/text.ts";
import type { ReplyForm } from "./session.ts";

/** The world that the tool runs in. */
export interface Io {
  readonly argv: readonly string[];
  readonly environment: Environment;
  readonly input: () => AsyncIterable<Uint8Array>;
  readonly isTerminal: (descriptor: 0 | 1 | 2) => Promise<boolean>;
  /** Resolves to false once nobody reads any more. */
  readonly writeOut: (text: string) => Promise<boolean>;
  readonly writeError: (text: string) => Promise<void>;
  readonly openDriver: (request: DriverRequest) => Promise<Driver>;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** Signals that ask to end; null where a signal ends the process by itself. */
  readonly signals: Signals | null;
}

const { version } = packageJson;
const commandWaitMs = 30_000;
const messageWaitMs = 4_000;
const longestLine = 16 * 1024 * 1024;

async function reportFailure(io: Io, found: Failure, options: OptionValues): Promise<number> {
  if (options["json"] === true) {
    const { failureJson } = await import("./report/json.ts");
    await io.writeOut(`${JSON.stringify({ ok: false, error: failureJson(found) })}\n`);
  } else {
    const { failureText } = await import("./report/text.ts");
    await io.writeError(failureText(found));
  }
  return exitStatus(found.code);
}

async function workplace(
  io: Io,
  options: OptionValues,
  lockTimeoutMs: number,
): Promise<Result<Workplace>> {
  const path = databasePath(options, io.environment);
  if (!path.ok) return path;
  const { readCatalog } = await import("./migration/source.ts");
  const { openDriver, now, signals } = io;
  const directory = migrationsDirectory(options, io.environment);
  const catalog = (): ReturnType<typeof readCatalog> => readCatalog(directory);
  return ok({ path: path.value, catalog, openDriver, lockTimeoutMs, now, signals });
}

async function readOwn(name: string, options: OptionValues): Promise<Result<Command>> {
  const { db: _db, dir: _dir, json: _json, ...own } = options;
  const fields = Object.entries(own).map(([key, value]) => [key.replaceAll("-", "_"), value]);
  const { readCommand } = await import("./command.ts");
  const spell = (key: string): string => `--${key.replaceAll("_", "-")}`;
  const command = readCommand({ type: name, ...Object.fromEntries(fields) }, spell);
  if (!command.ok) return command;
  const { value } = command;
  if (value.type === "init" || value.type === "help") throw new Error(`${value.type} is a message`);
  return ok(value);
}

async function runCommand(io: Io, name: string, options: OptionValues): Promise<number> {
  const command = await readOwn(name, options);
  if (!command.ok) return reportFailure(io, command.failure, options);
  const place = await workplace(io, options, commandWaitMs);
  if (!place.ok) return reportFailure(io, place.failure, options);
  const { perform } = await import("./perform.ts");
  const events: Event[] = [];
  if (options["json"] === true) {
    await perform(command.value, place.value, (event) => events.push(event));
    const { commandJson } = await import("./report/json.ts");
    const report = commandJson(command.value.type, place.value.path, events);
    await io.writeOut(`${JSON.stringify(report)}\n`);
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

async function runNew(io: Io, options: OptionValues): Promise<number> {
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
  const json = JSON.stringify({ command: "new", ok: true, files });
  await io.writeOut(
    options["json"] === true ? `${json}\n` : files.map((file) => `${file}\n`).join(""),
  );
  return 0;
}

async function textReport(io: Io, command: Command, path: string): Promise<TextReport> {
  const { TextReport } = await import("./report/text.ts");
  const { coloured, plain } = await import("./report/style.ts");
  const isPlain = (io.environment["NO_COLOR"] ?? "") !== "" || !(await io.isTerminal(1));
  const goesDown = command.type === "rollback" || (command.type === "plan" && command.rollback);
  return new TextReport(path, goesDown ? "down" : "up", isPlain ? plain : coloured);
}

function exitOf(command: Command, events: readonly Event[]): number {
  const failed = events.find((event) => event.kind === "failed");
  if (failed !== undefined) return exitStatus(failed.failure.code);
  const isCheck = command.type === "status" && command.check;
  const status = isCheck ? events.find((event) => event.kind === "status") : undefined;
  return status === undefined || isSound(status.rows, status.drift) ? 0 : 1;
}

function replyForm(options: OptionValues): Result<ReplyForm> {
  const form = options["reply"] ?? "auto";
  if (form === "body" || form === "envelope" || form === "auto") return ok(form);
  return fail(
    "usage.invalid-option",
    `--reply must be one of body, envelope, auto: current value is ${JSON.stringify(form)}.`,
    "See rung help.",
  );
}

function maxLine(options: OptionValues): Result<number> {
  const bytes = options["max-line"] ?? longestLine;
  if (typeof bytes === "number" && bytes > 0) return ok(bytes);
  const text = `--max-line must be a number of bytes: current value is ${JSON.stringify(bytes)}.`;
  return fail("usage.invalid-option", text, "See rung help.");
}

async function messageWait(options: OptionValues): Promise<Result<number>> {
  const given = options["lock-timeout"];
  if (given === undefined) return ok(messageWaitMs);
  const read = await readOwn("status", { "lock-timeout": given });
  return read.ok ? ok(read.value.lock_timeout ?? messageWaitMs) : read;
}

async function runSession(
  io: Io,
  lines: (limit: number) => AsyncIterable<Line> | readonly Line[],
  options: OptionValues,
): Promise<number> {
  const form = replyForm(options);
  if (!form.ok) return reportFailure(io, form.failure, options);
  const limit = maxLine(options);
  if (!limit.ok) return reportFailure(io, limit.failure, options);
  const wait = await messageWait(options);
  if (!wait.ok) return reportFailure(io, wait.failure, options);
  const place = await workplace(io, options, wait.value);
  if (!place.ok) return reportFailure(io, place.failure, options);
  const { Session } = await import("./session.ts");
  const settings = { form: form.value, hasEvents: options["events"] === true, write: io.writeOut };
  const session = new Session(place.value, settings);
  for await (const line of lines(limit.value)) {
    if (!(await session.answer(line))) break;
  }
  session.close();
  return session.hasErred ? 1 : 0;
}

function lineOf(text: string): Line {
  return { kind: "text", text };
}

async function runNothing(io: Io, options: OptionValues): Promise<number> {
  if (!(await io.isTerminal(0))) {
    const { linesOf } = await import("./input/lines.ts");
    return runSession(io, (limit) => linesOf(io.input(), limit), options);
  }
  const status = await runCommand(io, "status", options);
  const { generalHelp } = await import("./input/help.ts");
  await io.writeOut(`\n${generalHelp()}`);
  return status;
}

/** Runs one invocation to its end and gives the exit status. Throws only on a bug of ours. */
export async function run(io: Io): Promise<number> {
  const invocation = readArgv(io.argv);
  if (!invocation.ok) {
    const isJson = io.argv.includes("--json");
    return reportFailure(io, invocation.failure, isJson ? { json: true } : {});
  }
  const { value } = invocation;
  switch (value.kind) {
    case "command":
      if (value.command === "new") return runNew(io, value.options);
      return runCommand(io, value.command, value.options);
    case "messages":
      return runSession(io, () => value.lines.map(lineOf), value.options);
    case "none":
      return runNothing(io, value.options);
    case "help": {
      const { commandHelp, generalHelp } = await import("./input/help.ts");
      await io.writeOut(value.command === null ? generalHelp() : commandHelp(value.command));
      return 0;
    }
    case "version": {
      const isJson = value.options["json"] === true;
      await io.writeOut(isJson ? `${JSON.stringify({ version })}\n` : `rung ${version}\n`);
      return 0;
    }
  }
}
