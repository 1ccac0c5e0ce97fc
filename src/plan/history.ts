// What the database remembers of the migrations that ran, as plain data.

import type { Difference } from "./schema.ts";

/** A row of `rung_history`. */
export interface HistoryRow {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  readonly kind: "sql" | "typescript";
  /** "started": a run without a transaction that has not come to its end. */
  readonly state: "applied" | "started";
  /** Of a step that is started: which way it goes; else null. */
  readonly direction: "up" | "down" | null;
  /** Of a step that is started: how many of its statements are known to be done; else null. */
  readonly done: number | null;
  /** Of a step that is started: whether its process is known to be alive; left out of what is applied. */
  readonly isRunning?: boolean;
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

/** The history of a database at one moment. */
export interface History {
  /** By version, lowest first. */
  readonly rows: readonly HistoryRow[];
  /** Whether our own tables exist yet. */
  readonly founded: boolean;
  /** What something else has changed in the schema since our latest change. */
  readonly drift: readonly Difference[];
  /** Whether the database holds nothing but what is ours, or doesn't exist. */
  readonly vacant: boolean;
}

/** The history of a database that does not exist. */
export const noHistory: History = { rows: [], founded: false, drift: [], vacant: true };

/** The highest order of application in a history; 0 for an empty one. */
export function lastSeq(history: History): number {
  let highest = 0;
  for (const { seq } of history.rows) if (seq > highest) highest = seq;
  return highest;
}
