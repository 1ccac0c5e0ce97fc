// Catalog x history -> where each migration stands.

import { fail, ok, type Result } from "../failure.ts";
import type { Catalog, Direction, Migration, MigrationName } from "../migration/migration.ts";
import { countOf, type Agreement, type History, type HistoryRow } from "./history.ts";

/** Where a migration stands when the catalog is held against history. */
export type MigrationState =
  | "applied"
  | "pending"
  | "out-of-order"
  | "changed"
  | "missing"
  | "ahead"
  | "interrupted"
  /** Outside any transaction, by another process that is alive. */
  | "running";

/** How far a step outside any transaction came before it was interrupted. */
export interface Interruption {
  readonly direction: Direction;
  /** How many statements are known to be done, of how many. */
  readonly done: number;
  readonly total: number;
  /** The last statement known done; null where none is, or its text is not at hand. */
  readonly lastDone: string | null;
  /** The statement that may have run or not; null where its text is not at hand. */
  readonly inDoubt: string | null;
}

/** One row of a status report; what is only known of an applied migration is null for the others. */
export interface StatusRow extends MigrationName {
  readonly state: MigrationState;
  /** UTC, RFC 3339. */
  readonly appliedAt: string | null;
  readonly durationMs: number | null;
  readonly appliedBy: string | null;
  /** Of an interrupted or running migration; else null. */
  readonly interruption: Interruption | null;
}

/** A version that the catalog, history or both know. */
export type Standing =
  | { readonly state: "pending"; readonly migration: Migration }
  | { readonly state: "out-of-order"; readonly migration: Migration }
  | { readonly state: "applied"; readonly migration: Migration; readonly row: HistoryRow }
  | { readonly state: "changed"; readonly migration: Migration; readonly row: HistoryRow }
  | { readonly state: "running"; readonly migration: Migration | null; readonly row: HistoryRow }
  | {
      readonly state: "interrupted";
      readonly migration: Migration | null;
      readonly row: HistoryRow;
    }
  | { readonly state: "missing"; readonly migration: null; readonly row: HistoryRow }
  | { readonly state: "ahead"; readonly migration: null; readonly row: HistoryRow };

function startedState(row: HistoryRow): "running" | "interrupted" {
  return row.progress?.isRunning === true ? "running" : "interrupted";
}

function recorded(migration: Migration, row: HistoryRow): Standing {
  if (row.state === "started") return { state: startedState(row), migration, row };
  const isSame = migration.checksum === row.checksum;
  return isSame ? { state: "applied", migration, row } : { state: "changed", migration, row };
}

/** Where a row stands whose migration is not at hand; `newest` is the highest version that is. */
function absent(row: HistoryRow, newest: number): Standing {
  if (row.state === "started") return { state: startedState(row), migration: null, row };
  return { state: row.version > newest ? "ahead" : "missing", migration: null, row };
}

/** A catalog of which all is applied is not asked for its migrations. */
function pendingAfter({ count }: Agreement, catalog: Catalog): readonly Standing[] {
  if (count === countOf(catalog)) return [];
  return catalog.migrations.slice(count).map((migration) => ({ state: "pending", migration }));
}

/**
 * Where every known version stands, in version order; those that an agreement tells of as applied are left out. The head
 * is the highest version that was applied.
 */
export function standings(catalog: Catalog, { rows, agreement }: History): readonly Standing[] {
  if (agreement !== undefined) return pendingAfter(agreement, catalog);
  const { migrations } = catalog;
  const newest = migrations[migrations.length - 1]?.version ?? 0;
  const all: Standing[] = [];
  const head = rows[rows.length - 1]?.version ?? 0;
  let at = 0;
  for (const migration of migrations) {
    let row = rows[at];
    for (; row !== undefined && row.version < migration.version; row = rows[++at]) {
      all.push(absent(row, newest));
    }
    if (row?.version === migration.version) {
      all.push(recorded(migration, row));
      at++;
    } else {
      all.push({ state: migration.version < head ? "out-of-order" : "pending", migration });
    }
  }
  for (; at < rows.length; at++) {
    const row = rows[at];
    if (row !== undefined) all.push(absent(row, newest));
  }
  return all;
}

/** What tells how far a step outside any transaction came; its migration may be at hand. */
export type Investigator = (migration: Migration | null, row: HistoryRow) => Interruption;

const nobody: Investigator = () => {
  throw new Error("an interruption was not looked into");
};

function shown({ rows }: Agreement): StatusRow[] {
  if (rows === null) throw new Error("what is applied was left out, and is to be shown");
  return [...rows];
}

/** The rows of a status report. An investigator is needed where a step has been started and has not come to its end. */
export function statusRows(
  catalog: Catalog,
  history: History,
  investigate: Investigator = nobody,
): readonly StatusRow[] {
  const { agreement } = history;
  const all: StatusRow[] = agreement === undefined ? [] : shown(agreement);
  for (const standing of standings(catalog, history)) {
    const { state } = standing;
    if (!("row" in standing)) {
      const { version, name } = standing.migration;
      const none = { appliedAt: null, durationMs: null, appliedBy: null, interruption: null };
      all.push({ version, name, state, ...none });
      continue;
    }
    const { version, name, appliedAt, durationMs, appliedBy } = standing.row;
    const isStarted = state === "interrupted" || state === "running";
    const interruption = isStarted ? investigate(standing.migration, standing.row) : null;
    all.push({ version, name, state, appliedAt, durationMs, appliedBy, interruption });
  }
  return all;
}

/**
 * Refuses the embedded demonstration for a database that holds anything else (`catalog.none-given`):
 * nobody gets sample tables in a real database.
 */
export function refuseSample(catalog: Catalog, history: History): Result<null> {
  if (catalog.origin !== "sample") return ok(null);
  const known = new Map(catalog.migrations.map((each) => [each.version, each.checksum]));
  const ours = history.rows.every((row) => known.get(row.version) === row.checksum);
  const isOurs = history.rows.length > 0 || history.agreement !== undefined;
  if (ours && (isOurs || history.vacant)) return ok(null);
  return fail(
    "catalog.none-given",
    "No migrations were given, and the embedded sample is not for a database that is in use.",
    "Name your migrations with --dir DIR, or put them into ./migrations.",
  );
}
