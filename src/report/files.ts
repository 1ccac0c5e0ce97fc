// Backups, restorations and rehearsals -> what a person reads.

import type { Event } from "../event.ts";
import { differenceText } from "../plan/difference.ts";
import type { RehearsedStep, Rehearsal, RowChange } from "../plan/rehearsal.ts";
import { duration, printable, size } from "./style.ts";

/** A backup that was made, and those that had to go. */
export function backupText({
  path,
  bytes,
  removed,
}: Extract<Event, { kind: "backed-up" }>): string {
  const lines = [`backed up to ${path} (${size(bytes)})\n`];
  lines.push(...removed.map((old) => `removed ${old}\n`));
  return printable(lines.join(""));
}

/** A restoration that is done. */
export function restoredText(
  { file, version, kept }: Extract<Event, { kind: "restored" }>,
  database: string,
): string {
  const at = version === 0 ? "" : ` at version ${version}`;
  const lines = [`restored ${database}${at} from ${file}\n`];
  if (kept !== null) lines.push(`kept what it replaced as ${kept}\n`);
  return printable(lines.join(""));
}

function rowsText({ table, before, after }: RowChange): string {
  if (before === null) return `${table} is new, with ${after} rows`;
  if (after === null) return `${table} is gone, with its ${before} rows`;
  return `${table} had ${before} rows, has ${after}`;
}

function growth({ before, after }: RehearsedStep["size"]): string {
  if (before === after) return "no growth";
  return after > before ? `grows by ${size(after - before)}` : `shrinks by ${size(before - after)}`;
}

function stepText(step: RehearsedStep): string {
  const { version, name, durationMs, rows, schema, allowed } = step;
  const lines = [
    `would apply ${version} ${name} (${duration(durationMs)}, ${growth(step.size)})\n`,
    ...schema.map((each) => `  schema: ${differenceText(each)}\n`),
    ...rows.map((each) => `  rows: ${rowsText(each)}\n`),
    ...allowed.map((each) => `  lost, as allowed: ${each}\n`),
  ];
  return lines.join("");
}

/** What a run on a copy came to. */
export function rehearsalText({ copy, steps, lock, problems }: Rehearsal): string {
  const { totalMs, longestMs, times } = lock;
  const often =
    times === 1 ? "" : `, in ${times} times, the longest ${duration(Math.round(longestMs))}`;
  const lines = [
    `rehearsed on a copy (${size(copy.bytes)}, made in ${duration(copy.durationMs)})\n`,
    ...steps.map(stepText),
  ];
  if (times > 0)
    lines.push(`others could not write for ${duration(Math.round(totalMs))}${often}\n`);
  if (problems !== null) {
    lines.push(`integrity_check: ${problems.length === 0 ? "ok" : problems.join("; ")}\n`);
  }
  return printable(lines.join(""));
}
