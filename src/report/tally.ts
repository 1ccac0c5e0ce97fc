// Events of one command -> what came of it as a whole, for reports that are a single object.

import type { Event } from "../event.ts";
import type { Direction, MigrationName } from "../migration/migration.ts";
import { withoutOrder, type Difference } from "../plan/difference.ts";
import type { StatusRow } from "../plan/status.ts";
import type { Failure } from "../failure.ts";

/** A step that became durable. */
export interface Stepped extends MigrationName {
  readonly direction: Direction;
  readonly durationMs: number;
}

const reportKinds = [
  "planned",
  "verified",
  "rehearsed",
  "restored",
  "log",
  "schema",
  "amended",
] as const;

/** An event that is a report as a whole. */
export type Report = Extract<Event, { readonly kind: (typeof reportKinds)[number] }>;

function isReport(event: Event): event is Report {
  return reportKinds.some((kind) => kind === event.kind);
}

/** A backup that was made on the way. */
export type BackedUp = Extract<Event, { readonly kind: "backed-up" }>;

/** What a command failed with, and on account of which migration. */
export interface Fault {
  readonly failure: Failure;
  readonly migration: MigrationName | null;
}

/** What came of a command. */
export interface Tally {
  readonly stepped: readonly Stepped[];
  readonly rows: readonly StatusRow[];
  /** Where the migrations of a status report come from; null in any other. */
  readonly catalog: string | null;
  readonly drift: readonly Difference[];
  /** The last event that is a report as a whole: a plan, a log, a schema, an amendment; null where there is none. */
  readonly report: Report | null;
  readonly notes: readonly string[];
  /** The backup that was made; null where none was. */
  readonly backup: BackedUp | null;
  readonly fault: Fault | null;
}

const inDatabase = new Set(["applied", "changed", "missing", "ahead"]);

/** Whether a migration's change is in the database, as its state tells. */
export function isApplied(row: StatusRow): boolean {
  return inDatabase.has(row.state);
}

/** Whether a migration waits to be applied. */
export function isPending(row: StatusRow): boolean {
  return row.state === "pending" || row.state === "out-of-order";
}

/** Whether all is applied, and nothing is wrong with it; the order of columns is nothing wrong. */
export function isSound(rows: readonly StatusRow[], drift: readonly Difference[]): boolean {
  return rows.every(({ state }) => state === "applied") && withoutOrder(drift).length === 0;
}

/** Adds up the events of one command. */
export function tally(events: readonly Event[]): Tally {
  const stepped: Stepped[] = [];
  let rows: readonly StatusRow[] = [];
  let catalog: string | null = null;
  let drift: readonly Difference[] = [];
  let report: Report | null = null;
  const notes: string[] = [];
  let backup: BackedUp | null = null;
  let fault: Fault | null = null;
  for (const event of events) {
    if (event.kind === "stepped") {
      const { direction, durationMs, migration } = event;
      stepped.push({ ...migration, direction, durationMs });
    } else if (event.kind === "status") {
      rows = event.rows;
      catalog = event.catalog;
      drift = event.drift;
    } else if (event.kind === "drift") {
      drift = event.differences;
    } else if (event.kind === "note") {
      notes.push(event.text);
    } else if (event.kind === "backed-up") {
      backup = event;
    } else if (isReport(event)) {
      report = event;
    } else if (event.kind === "failed") {
      fault = { failure: event.failure, migration: event.migration };
    }
  }
  return { stepped, rows, catalog, drift, report, notes, backup, fault };
}
