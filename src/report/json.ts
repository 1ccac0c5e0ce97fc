// Events -> the one JSON object that --json prints. Its shape is documented in the README and only ever grows.

import type { Command } from "../command.ts";
import { called } from "../called.ts";
import type { Event } from "../event.ts";
import type { Failure } from "../failure.ts";
import type { Amendment } from "../plan/amend.ts";
import type { ContentLoss } from "../plan/contents.ts";
import type { LogEntry } from "../plan/history.ts";
import type { PlannedStep } from "../plan/preview.ts";
import type { Difference } from "../plan/difference.ts";
import { schemaText } from "../plan/schema.ts";
import type { Rehearsal, RehearsedStep } from "../plan/rehearsal.ts";
import type { Verdict } from "../plan/verdict.ts";
import type { Interruption, StatusRow } from "../plan/status.ts";
import { isApplied, isPending, tally, type BackedUp, type Report, type Stepped } from "./tally.ts";

/**
 * A value as one line of JSON. Control and direction characters that JSON leaves as they are get escaped too, as what is
 * repeated of somebody's input may be printed on a terminal.
 */
export function jsonLine(value: object): string {
  const json = JSON.stringify(value).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escaped);
  return `${json}\n`;
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** What a failure says beyond its sentences. */
export function failureDetail({ changed, at, statement, losses }: Failure): object {
  return {
    changed,
    ...(at === undefined ? {} : { file: at.file, line: at.line, column: at.column }),
    ...(statement === undefined ? {} : { statement }),
    ...(losses === undefined ? {} : { losses }),
  };
}

/** A failure as machines read it. */
export function failureJson(failure: Failure): object {
  const { code, text, hint } = failure;
  return { code, text, hint: called(hint), ...failureDetail(failure) };
}

function interruptionJson(interruption: Interruption | null): object {
  if (interruption === null) return {};
  const { direction, done, total, lastDone, inDoubt } = interruption;
  return { interrupted: { direction, done, total, last_done: lastDone, in_doubt: inDoubt } };
}

/** A row of a status report as machines read it. */
export function statusJson(row: StatusRow): object {
  const { version, name, state, appliedAt, durationMs, appliedBy, interruption } = row;
  return {
    version,
    name,
    state,
    applied_at: appliedAt,
    duration_ms: durationMs,
    applied_by: appliedBy,
    ...interruptionJson(interruption),
  };
}

/** A difference between two schemas as machines read it. */
export function differenceJson(difference: Difference): object {
  const { kind, type, name, before, after, isOrderOnly } = difference;
  return { kind, type, name, before, after, order_only: isOrderOnly };
}

function plannedJson(step: PlannedStep): object {
  const { direction, version, name, file, options, statements, watches, note } = step;
  const { transaction, foreignKeys, allow } = options;
  return {
    direction,
    version,
    name,
    file,
    options: { transaction, foreign_keys: foreignKeys, allow },
    statements: statements.map(({ text, at }) => ({ sql: text, line: at.line, column: at.column })),
    watches,
    note,
  };
}

function contentLossJson({ table, columns, gone, added, rows }: ContentLoss): object {
  return { table, columns, gone, added, rows };
}

function verdictJson(found: Verdict): object {
  const { version, name, verdict, orderOnly, lost, notes } = found;
  const cause =
    "failure" in found && found.failure !== null ? { error: failureJson(found.failure) } : {};
  const changes =
    "differences" in found ? { differences: found.differences.map(differenceJson) } : {};
  return {
    version,
    name,
    verdict,
    ...changes,
    ...cause,
    ...(lost.length === 0 ? {} : { lost: lost.map(contentLossJson) }),
    order_only: orderOnly.map(({ name: table }) => table),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

function rehearsedJson(step: RehearsedStep): object {
  const { version, name, durationMs, rows, schema, size, allowed } = step;
  return {
    version,
    name,
    duration_ms: durationMs,
    rows: rows.map(({ table, before, after }) => ({ table, before, after })),
    schema: schema.map(differenceJson),
    size,
    allowed,
  };
}

function rehearsalJson({ copy, steps, lock, problems }: Rehearsal): object {
  return {
    copy: { bytes: copy.bytes, duration_ms: copy.durationMs },
    count: steps.length,
    migrations: steps.map(rehearsedJson),
    lock: {
      total_ms: Math.round(lock.totalMs),
      longest_ms: Math.round(lock.longestMs),
      times: lock.times,
    },
    integrity: problems,
  };
}

/** A backup as machines read it. */
export function backupJson({ path, bytes, removed }: BackedUp): object {
  return { path, bytes, removed };
}

function logJson({ at, event, version, name, durationMs, by }: LogEntry): object {
  return { at, event, version, name, duration_ms: durationMs, by };
}

function amendmentJson(amendment: Amendment): object {
  switch (amendment.kind) {
    case "settle":
      return {
        repaired: "interrupted",
        ...amendment.migration,
        as: amendment.as,
        drift: amendment.drift.map(differenceJson),
      };
    case "accept-drift":
      return { repaired: "drift", drift: amendment.drift.map(differenceJson) };
    case "accept-changed":
    case "forget-missing":
    case "baseline": {
      const repaired = { "accept-changed": "changed", "forget-missing": "missing", baseline: null };
      const migrations = amendment.migrations.map(({ version, name }) => ({ version, name }));
      const what = repaired[amendment.kind];
      const count = migrations.length;
      return what === null ? { count, migrations } : { repaired: what, count, migrations };
    }
  }
}

/** What a plan, a log, a schema or an amendment holds, as machines read it. */
export function reportJson(report: Report): object {
  switch (report.kind) {
    case "planned":
      return { count: report.steps.length, steps: report.steps.map(plannedJson) };
    case "verified":
      return { count: report.verdicts.length, migrations: report.verdicts.map(verdictJson) };
    case "rehearsed":
      return rehearsalJson(report.rehearsal);
    case "restored": {
      const { file, version, bytes, kept } = report;
      return { file, version, bytes, kept };
    }
    case "log":
      return { entries: report.entries.map(logJson) };
    case "schema":
      return { sql: schemaText(report.objects) };
    case "amended":
      return { ...amendmentJson(report.amendment), ...(report.isDryRun ? { dry_run: true } : {}) };
  }
}

function steppedJson({ version, name, direction, durationMs }: Stepped): object {
  return { version, name, direction, duration_ms: durationMs };
}

/** The object for one command. */
export function commandJson(
  command: Command["type"],
  database: string,
  events: readonly Event[],
): object {
  const { stepped, rows, catalog, drift, report, notes, backup, fault } = tally(events);
  const head = { command, ok: fault === null, database };
  const tail = fault === null ? {} : { failed: fault.migration, error: failureJson(fault.failure) };
  const warnings = { drift: drift.map(differenceJson), notes };
  const isWarned = report?.kind === "planned" || report?.kind === "rehearsed";
  if (isWarned) return { ...head, ...reportJson(report), ...warnings, ...tail };
  if (report?.kind === "restored") return { ...head, ...reportJson(report), notes, ...tail };
  if (report !== null) return { ...head, ...reportJson(report), ...tail };
  if (command === "status") {
    const applied = rows.filter(isApplied).length;
    const pending = rows.filter(isPending).length;
    const migrations = rows.map(statusJson);
    return { ...head, catalog, applied, pending, migrations, drift: warnings.drift, ...tail };
  }
  if (command === "backup")
    return { ...head, ...(backup === null ? {} : backupJson(backup)), ...tail };
  const isStepping = command === "migrate" || command === "rollback" || command === "redo";
  if (!isStepping) return { ...head, ...tail };
  const migrations = stepped.map(steppedJson);
  const made = backup === null ? {} : { backup: backupJson(backup) };
  return { ...head, count: migrations.length, migrations, ...warnings, ...made, ...tail };
}
