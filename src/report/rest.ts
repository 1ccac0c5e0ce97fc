// The events that most runs never come to -> what a person reads. Loaded by the first of them.

import { called } from "../called.ts";
import { facts } from "../facts.ts";
import type { Event } from "../event.ts";
import type { Failure } from "../failure.ts";
import type { Direction } from "../migration/migration.ts";
import { writeOptions } from "../migration/options.ts";
import type { Amendment } from "../plan/amend.ts";
import { contentLossText } from "../plan/contents.ts";
import { differenceText, withoutOrder, type Difference } from "../plan/difference.ts";
import type { LogEntry } from "../plan/history.ts";
import type { PlannedStep } from "../plan/preview.ts";
import { schemaText } from "../plan/schema.ts";
import type { Verdict } from "../plan/verdict.ts";
import { backupText, rehearsalText, restoredText } from "./files.ts";
import { onError, onOutput, type Printed } from "./printed.ts";
import { driftText } from "./stories.ts";
import { columns, duration, indented, moment, printable } from "./style.ts";

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

/** Those events. */
export type Rest = Exclude<
  Event,
  { readonly kind: "waiting" | "running" | "copying" | "stepped" | "status" | "finished" }
>;

/** The text that one of them is worth. */
export function restText(event: Rest, database: string): Printed {
  switch (event.kind) {
    case "backed-up":
      return onOutput(backupText(event));
    case "restored":
      return onOutput(restoredText(event, database));
    case "rehearsed":
      return onOutput(rehearsalText(event.rehearsal));
    case "note":
      return onError(printable(`note: ${event.text}\n`));
    case "drift":
      return onError(`${driftText(event.differences)}${driftHint(event.differences)}`);
    case "planned":
      return onOutput(event.steps.map(plannedText).join(""));
    case "verified":
      return onOutput(event.verdicts.map(verdictText).join(""));
    case "log":
      return onOutput(logText(event.entries));
    case "schema":
      return onOutput(schemaText(event.objects));
    case "amended":
      return onOutput(printable(amendmentText(event.amendment, event.isDryRun)));
    case "failed":
      return onError(failureText(event.failure));
  }
}
