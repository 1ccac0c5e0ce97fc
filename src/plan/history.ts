// What the database remembers of the migrations that ran, as plain data.

import type { Catalog, Direction, MigrationName } from "../migration/migration.ts";
import type { Difference } from "./difference.ts";

/** How far a step outside any transaction has come. */
export interface Progress {
  readonly direction: Direction;
  /** How many of its statements are known to be done. */
  readonly done: number;
  /** Whether its process is known to be alive. */
  readonly isRunning: boolean;
}

/** A row of `rung_history`. */
export interface HistoryRow {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly kind: "sql" | "typescript";
  /** "started": a run without a transaction that has not come to its end. */
  readonly state: "applied" | "started";
  /** Of a step that is started: how far it is known to have come; left out of what is applied. */
  readonly progress?: Progress;
  /** The order of application; higher is later. */
  readonly seq: number;
  /** The down section with its marker line; null where there is none, or where it is TypeScript. */
  readonly down: string | null;
  /** UTC, RFC 3339. */
  readonly appliedAt: string;
  readonly durationMs: number;
  readonly appliedBy: string;
}

/** A row of `rung_log`. */
export interface LogEntry {
  /** UTC, RFC 3339. */
  readonly at: string;
  readonly event: string;
  readonly version: number | null;
  readonly name: string | null;
  readonly durationMs: number | null;
  readonly by: string;
}

/** What a report shows of a migration that is applied. */
export interface AppliedRow extends MigrationName {
  readonly state: "applied";
  /** UTC, RFC 3339. */
  readonly appliedAt: string;
  readonly durationMs: number;
  readonly appliedBy: string;
  readonly interruption: null;
}

/** A history that says of a catalog's first migrations that they are applied as the catalog has them, and no more. */
export interface Agreement {
  /** How many migrations these are; at least one. */
  readonly count: number;
  /** The highest order of application among them. */
  readonly seq: number;
  /** By version, lowest first; null where nobody wants them. */
  readonly rows: readonly AppliedRow[] | null;
}

/**
 * What somebody who looks at history wants to know: all of it; or what is not in agreement with a catalog, and of what is
 * in agreement at most the rows that a report shows.
 */
export type Interest =
  { readonly catalog?: never } | { readonly catalog: Catalog; readonly wantsRows: boolean };

/** The history of a database at one moment. */
export interface History {
  /** By version, lowest first; none where all of them are in `agreement`. */
  readonly rows: readonly HistoryRow[];
  /** Left out where there is none, or where no catalog was given to compare with. */
  readonly agreement?: Agreement;
  /** Whether our own tables exist yet. */
  readonly founded: boolean;
  /** What something else has changed in the schema since our latest change. */
  readonly drift: readonly Difference[];
  /** Whether the database holds nothing but what is ours, or doesn't exist. */
  readonly vacant: boolean;
}

/** The history of a database that does not exist. */
export const noHistory: History = { rows: [], founded: false, drift: [], vacant: true };

/** How many migrations a catalog has; one with an outline is not asked for them. */
export function countOf(catalog: Catalog): number {
  return catalog.outline?.count ?? catalog.migrations.length;
}

/** Whether all of a catalog is applied as it is there, and the schema is as it was left: then there is nothing to apply. */
export function isUpToDate(catalog: Catalog, { agreement, drift }: History): boolean {
  return agreement?.count === countOf(catalog) && drift.length === 0;
}

/** The highest order of application in a history; 0 for an empty one. */
export function lastSeq(history: History): number {
  let highest = history.agreement?.seq ?? 0;
  for (const { seq } of history.rows) if (seq > highest) highest = seq;
  return highest;
}
