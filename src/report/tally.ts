// Events of one command -> what came of it as a whole, for reports that are a single object.

import type { Event, MigrationName, SettledState, StatusRow } from "../event.ts";
import type { Failure } from "../failure.ts";

/** A step that became durable. */
export interface Stepped extends MigrationName {
  readonly durationMs: number;
}

/** What came of a command. */
export interface Tally {
  readonly stepped: readonly Stepped[];
  readonly rows: readonly StatusRow[];
  /** Where the migrations of a status report come from; null in any other. */
  readonly catalog: string | null;
  /** What a repair has settled; null in any other report. */
  readonly settled: (MigrationName & { readonly as: SettledState }) | null;
  readonly fault: { readonly failure: Failure; readonly migration: MigrationName | null } | null;
}

/** Whether a migration's change is in the database, as its state tells. */
export function isApplied(row: StatusRow): boolean {
  return row.state === "applied" || row.state === "changed" || row.state === "missing";
}

/** Adds up the events of one command. */
export function tally(events: readonly Event[]): Tally {
  const stepped: Stepped[] = [];
  let rows: readonly StatusRow[] = [];
  let catalog: string | null = null;
  let settled: Tally["settled"] = null;
  let fault: Tally["fault"] = null;
  for (const event of events) {
    if (event.kind === "stepped") {
      stepped.push({ ...event.migration, durationMs: event.durationMs });
    } else if (event.kind === "status") {
      rows = event.rows;
      catalog = event.catalog;
    } else if (event.kind === "settled") {
      settled = { ...event.migration, as: event.as };
    } else if (event.kind === "failed") {
      fault = { failure: event.failure, migration: event.migration };
    }
  }
  return { stepped, rows, catalog, settled, fault };
}
