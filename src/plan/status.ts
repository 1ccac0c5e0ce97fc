// Catalog x history -> where each migration stands.

import type { MigrationState, StatusRow } from "../event.ts";
import { fail, ok, type Result } from "../failure.ts";
import type { Catalog, Migration } from "../migration/migration.ts";
import type { History, HistoryRow } from "./history.ts";

/** A version that the catalog, history or both know. */
export type Standing =
  | { readonly state: "pending" | "out-of-order"; readonly migration: Migration }
  | {
      readonly state: "applied" | "changed" | "interrupted";
      readonly migration: Migration;
      readonly row: HistoryRow;
    }
  | {
      readonly state: "missing" | "interrupted";
      readonly migration: null;
      readonly row: HistoryRow;
    };

function recorded(migration: Migration, row: HistoryRow): Standing {
  if (row.state === "started") return { state: "interrupted", migration, row };
  return { state: migration.checksum === row.checksum ? "applied" : "changed", migration, row };
}

function versionOf(standing: Standing): number {
  return standing.migration === null ? standing.row.version : standing.migration.version;
}

/** Where every known version stands, in version order. The head is the highest version that was applied. */
export function standings(catalog: Catalog, history: History): readonly Standing[] {
  const rows = new Map(history.rows.map((row) => [row.version, row]));
  const head = history.rows.reduce((highest, row) => Math.max(highest, row.version), 0);
  const all: Standing[] = [];
  for (const migration of catalog.migrations) {
    const row = rows.get(migration.version);
    rows.delete(migration.version);
    if (row !== undefined) all.push(recorded(migration, row));
    else all.push({ state: migration.version < head ? "out-of-order" : "pending", migration });
  }
  for (const row of rows.values()) {
    const state = row.state === "started" ? "interrupted" : "missing";
    all.push({ state, migration: null, row });
  }
  return all.sort((a, b) => versionOf(a) - versionOf(b));
}

/** The rows of a status report. */
export function statusRows(catalog: Catalog, history: History): readonly StatusRow[] {
  return standings(catalog, history).map((standing) => {
    const state: MigrationState = standing.state;
    if (!("row" in standing)) {
      const { version, name } = standing.migration;
      return { version, name, state, appliedAt: null, durationMs: null, appliedBy: null };
    }
    const { row } = standing;
    const { version, appliedAt, durationMs, appliedBy } = row;
    return { version, name: row.name, state, appliedAt, durationMs, appliedBy };
  });
}

/**
 * Refuses the embedded demonstration for a database that holds anything else (`catalog.none-given`):
 * nobody gets sample tables in a real database.
 */
export function refuseSample(catalog: Catalog, history: History): Result<null> {
  if (catalog.origin !== "sample") return ok(null);
  const known = new Map(catalog.migrations.map((each) => [each.version, each.checksum]));
  const ours = history.rows.every((row) => known.get(row.version) === row.checksum);
  if (ours && (history.rows.length > 0 || history.vacant)) return ok(null);
  return fail(
    "catalog.none-given",
    "No migrations were given, and the embedded sample is not for a database that is in use.",
    "Name your migrations with --dir DIR, or put them into ./migrations.",
  );
}
