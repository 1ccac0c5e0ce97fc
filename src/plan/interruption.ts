// A step outside any transaction that was started -> how far it came. Loaded where there is one.

import type { Migration, Section } from "../migration/migration.ts";
import { readSection, sectionsOf } from "../migration/sections.ts";
import { splitStatements, type Statement } from "../migration/statements.ts";
import type { HistoryRow } from "./history.ts";
import type { Interruption } from "./status.ts";

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

/** How far it came, by its statements as they are recorded, or as its file has them. */
export function interruptionOf(migration: Migration | null, row: HistoryRow): Interruption {
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
