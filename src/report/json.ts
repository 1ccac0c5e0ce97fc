// Events -> the one JSON object that --json prints. Its shape is documented in the README and only ever grows.

import type { Command } from "../command.ts";
import type { Event, Interruption, StatusRow } from "../event.ts";
import type { Failure } from "../failure.ts";
import { isApplied, tally } from "./tally.ts";

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
  return { code, text, hint, ...failureDetail(failure) };
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

/** The object for one command. */
export function commandJson(
  command: Command["type"],
  database: string,
  events: readonly Event[],
): object {
  const { stepped, rows, catalog, settled, fault } = tally(events);
  const head = { command, ok: fault === null, database };
  const tail = fault === null ? {} : { failed: fault.migration, error: failureJson(fault.failure) };
  if (command === "status") {
    const applied = rows.filter(isApplied).length;
    const pending = rows.filter(({ state }) => state === "pending" || state === "out-of-order");
    const counts = { applied, pending: pending.length };
    return { ...head, catalog, ...counts, migrations: rows.map(statusJson), ...tail };
  }
  if (command === "repair") return { ...head, ...settled, ...tail };
  const migrations = stepped.map(({ version, name, durationMs }) => {
    return { version, name, duration_ms: durationMs };
  });
  return { ...head, count: migrations.length, migrations, ...tail };
}
