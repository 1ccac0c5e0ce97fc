// Events -> what a person reads.

import { called } from "../called.ts";
import { facts } from "../facts.ts";
import type { Event } from "../event.ts";
import type { Failure } from "../failure.ts";
import type { Direction } from "../migration/migration.ts";
import { writeOptions } from "../migration/options.ts";
import type { Amendment } from "../plan/amend.ts";
import { differenceText } from "../plan/conflict.ts";
import { contentLossText } from "../plan/contents.ts";
import type { LogEntry } from "../plan/history.ts";
import type { PlannedStep } from "../plan/preview.ts";
import { schemaText, withoutOrder, type Difference } from "../plan/schema.ts";
import type { Verdict } from "../plan/verdict.ts";
import { backupText, rehearsalText, restoredText } from "./files.ts";
import { driftText, statusText } from "./status.ts";
import { columns, duration, indented, moment, printable, type Paint } from "./style.ts";

/** Text for standard output and standard error. */
export interface Printed {
  readonly out: string;
  readonly error: string;
}

const nothing: Printed = { out: "", error: "" };

function out(text: string): Printed {
  return { out: text, error: "" };
}

function error(text: string): Printed {
  return { out: "", error: text };
}

/** A failure as a person reads it: where, what, the statement, and the next step. */
export function failureText(failure: Failure): string {
  const { at, code, text, hint, statement, losses } = failure;
  const place = at === undefined ? "" : `${at.file}:${at.line}:${at.column}: `;
  const parts = [`${facts.program}: ${place}${text} [${code}]\n`];
  if (losses !== undefined) parts.push(...losses.map((loss) => `  - ${loss}\n`));
  if (statement !== undefined) parts.push(indented(statement));
  parts.push(`hint: ${called(hint)}\n`);
  return printable(parts.join(""));
}

const future: Readonly<Record<Direction, string>> = { up: "would apply", down: "would roll back" };
const past: Readonly<Record<Direction, string>> = { up: "applied", down: "rolled back" };
const upToDate: Readonly<Record<Direction, string>> = {
  up: "Nothing to apply",
  down: "Nothing to roll back",
};

function plannedText(step: PlannedStep): string {
  const { direction, version, name, file, options, statements, watches, note } = step;
  const words = writeOptions(options);
  const parts = [
    `${future[direction]} ${version} ${name} (${file}${words === "" ? "" : ` ${words}`})\n`,
  ];
  if (note !== null) parts.push(`  note: ${note}\n`);
  for (const { text, at } of statements)
    parts.push(`  line ${at.line}:\n`, indented(indented(text).trimEnd()));
  if (watches.length > 0) parts.push(`  guarded: ${watches.join("; ")}\n`);
  return printable(parts.join(""));
}

const verdicts: Readonly<Record<Verdict["verdict"], string>> = {
  reversible: "reversible",
  lossy: "lossy: its down does not bring the rows back as they were",
  irreversible: "irreversible, as declared: it has no down",
  "up-fails": "NOT applied: its up fails",
  "down-fails": "NOT undone: its down fails",
  "not-undone": "NOT undone",
  "not-repeatable": "NOT repeatable",
};

function verdictText(found: Verdict): string {
  const { version, name, verdict, orderOnly, lost, notes } = found;
  const lines = [`${version} ${name}: ${verdicts[verdict]}\n`];
  for (const { name: table } of orderOnly)
    lines.push(`  note: ${table} has its columns in another order\n`);
  if ("differences" in found)
    lines.push(...found.differences.map((each) => `  - ${differenceText(each)}\n`));
  lines.push(...lost.map((each) => `  - ${contentLossText(each)}\n`));
  lines.push(...notes.map((note) => `  note: ${note}\n`));
  return printable(lines.join(""));
}

function driftHint(drift: readonly Difference[]): string {
  const isStrict = withoutOrder(drift).length > 0;
  const hint = "hint: accept it with rung repair --drift";
  return called(`${hint}${isStrict ? "; --strict refuses it" : ""}.\n`);
}

function logText(entries: readonly LogEntry[]): string {
  if (entries.length === 0) return "";
  const body = entries.map(({ at, event, version, name, durationMs, by }) => [
    moment(at),
    event,
    version === null ? "" : String(version),
    printable(name ?? ""),
    durationMs === null ? "" : duration(durationMs),
    printable(by),
  ]);
  return columns([["AT (UTC)", "EVENT", "VERSION", "NAME", "TOOK", "BY"], ...body]);
}

function acceptedText(drift: readonly Difference[], isDryRun: boolean): string {
  const did = isDryRun ? "would accept" : "accepted";
  return drift.map((each) => `${did}: ${differenceText(each)}\n`).join("");
}

function amendmentText(amendment: Amendment, isDryRun: boolean): string {
  const would = isDryRun ? "would " : "";
  const lines = (verb: string, did: string, more = ""): string => {
    const migrations = "migrations" in amendment ? amendment.migrations : [];
    return migrations
      .map(({ version, name }) => `${isDryRun ? would + verb : did} ${version} ${name}${more}\n`)
      .join("");
  };
  switch (amendment.kind) {
    case "settle": {
      const { migration, as, drift } = amendment;
      const settled = `${isDryRun ? "would settle" : "settled"} ${migration.version} ${migration.name} as ${as}\n`;
      return `${settled}${acceptedText(drift, isDryRun)}`;
    }
    case "accept-changed":
      return lines("accept", "accepted", " as its file is now");
    case "forget-missing":
      return lines("forget", "forgot", ", whose file is missing");
    case "baseline":
      return lines("record", "recorded", " as applied, without running it");
    case "accept-drift": {
      const accepted = acceptedText(amendment.drift, isDryRun);
      return accepted === "" ? "Nothing to accept: the schema has not drifted\n" : accepted;
    }
  }
}

/** What one command prints, event by event. */
export class TextReport {
  readonly #database: string;
  readonly #direction: Direction;
  readonly #to: number | null;
  readonly #paint: Paint;
  #stepped = 0;

  /** `direction` is the one of the command's steps, `to` the version that it was to stop at, if any. */
  constructor(database: string, direction: Direction, to: number | null, paint: Paint) {
    this.#to = to;
    this.#database = printable(database);
    this.#direction = direction;
    this.#paint = paint;
  }

  /** The text that an event is worth. */
  print(event: Event): Printed {
    switch (event.kind) {
      case "waiting":
      case "running":
      case "copying":
        return nothing;
      case "backed-up":
        return out(backupText(event));
      case "restored":
        return out(restoredText(event, this.#database));
      case "rehearsed":
        this.#stepped += event.rehearsal.steps.length;
        return out(rehearsalText(event.rehearsal));
      case "note":
        return error(printable(`note: ${event.text}\n`));
      case "drift":
        return error(`${driftText(event.differences)}${driftHint(event.differences)}`);
      case "stepped": {
        this.#stepped++;
        const { version, name } = event.migration;
        const did = this.#paint(event.direction === "up" ? 32 : 33, past[event.direction]);
        return out(`${did} ${version} ${printable(name)} (${duration(event.durationMs)})\n`);
      }
      case "status":
        return out(statusText(event.rows, event.drift, this.#database, this.#paint));
      case "planned":
        if (event.steps.length === 0) return out(this.#upToDate());
        return out(event.steps.map(plannedText).join(""));
      case "verified":
        this.#stepped += event.verdicts.length;
        return out(event.verdicts.map(verdictText).join(""));
      case "log":
        return out(logText(event.entries));
      case "schema":
        return out(schemaText(event.objects));
      case "amended":
        return out(printable(amendmentText(event.amendment, event.isDryRun)));
      case "finished":
        return this.#stepped > 0 ? nothing : out(this.#upToDate());
      case "failed":
        return error(failureText(event.failure));
    }
  }

  #upToDate(): string {
    const nothingToDo = upToDate[this.#direction];
    if (this.#to === null) return `${nothingToDo}: ${this.#database} is up to date\n`;
    const where =
      this.#direction === "up" ? `up to version ${this.#to}` : `above version ${this.#to}`;
    return `${nothingToDo} ${where}: ${this.#database}\n`;
  }
}
