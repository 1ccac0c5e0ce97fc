// Rows of a status report -> the same, with how far a step outside any transaction came. Loaded where there is one.

import type { Catalog, Migration, Section } from "../migration/migration.ts";
import { readSection, sectionsOf } from "../migration/sections.ts";
import { splitStatements, type Statement } from "../migration/statements.ts";
import type { History, HistoryRow } from "./history.ts";
import type { Interruption, StatusRow } from "./status.ts";

function startedSection(migration: Migration | null, row: HistoryRow): Section | null {
  if (row.kind !== "sql") return null;
  if (row.progress?.direction === "down") {
    const down = readSection(row.down ?? "", row.name, "down");
    return down.ok ? down.value : null;
  }
  // An up that has changed since it was started is not the one that was interrupted.
  if (migration?.kind !== "sql" || migration.checksum !== row.checksum) return null;
  const sections = sectionsOf(migration);
  return sections.ok ? sections.value.up : null;
}

function interruptionOf(migration: Migration | null, row: HistoryRow): Interruption {
  const section = startedSection(migration, row);
  const split = section === null ? null : splitStatements(section);
  const statements: readonly Statement[] = split?.ok === true ? split.value : [];
  const { direction = "up", done = 0 } = row.progress ?? {};
  return {
    direction,
    done,
    total: statements.length,
    lastDone: statements[done - 1]?.text ?? null,
    inDoubt: statements[done]?.text ?? null,
  };
}

function isStarted({ state }: StatusRow): boolean {
  return state === "interrupted" || state === "running";
}

/** The rows, with the interruptions of those that are started. */
export function withInterruptions(
  rows: readonly StatusRow[],
  catalog: Catalog,
  history: History,
): readonly StatusRow[] {
  const known = new Map(history.rows.map((row) => [row.version, row]));
  const migrations = new Map(catalog.migrations.map((each) => [each.version, each]));
  return rows.map((row) => {
    const recorded = isStarted(row) ? known.get(row.version) : undefined;
    if (recorded === undefined) return row;
    const interruption = interruptionOf(migrations.get(row.version) ?? null, recorded);
    return { ...row, interruption };
  });
}
