// A first look at history, for all that is as it usually is: what is out of the ordinary takes a closer one.

import type { Row } from "../migration/migration.ts";
import type { Agreement, AppliedRow, History, HistoryRow, Interest } from "../plan/history.ts";
import { outlineOf } from "../migration/outline.ts";
import { format, formatOf } from "./format.ts";
import { schemaVersion, type Connection } from "./sqlite.ts";

/** Whether what a report shows of each row is sound, besides its version and its state. */
function canBeShown(rows: readonly (Row | HistoryRow | AppliedRow)[]): boolean {
  for (const { name, appliedAt, durationMs, appliedBy } of rows) {
    const isSound =
      typeof name === "string" &&
      typeof appliedAt === "string" &&
      typeof durationMs === "number" &&
      typeof appliedBy === "string";
    if (!isSound) return false;
  }
  return true;
}

/** What the schema of a row in history.ts says, in words that take a twentieth of its time: a long history is read by many commands. */
export function areSound(rows: readonly (Row | HistoryRow)[]): rows is readonly HistoryRow[] {
  if (!canBeShown(rows)) return false;
  for (const row of rows) {
    const { kind, state, down } = row;
    const isSound =
      typeof row["version"] === "number" &&
      typeof row["checksum"] === "string" &&
      (kind === "sql" || kind === "typescript") &&
      (state === "applied" || state === "started") &&
      typeof row["seq"] === "number" &&
      (down === null || typeof down === "string");
    if (!isSound) return false;
  }
  return true;
}

/** All rows of history, by version. */
export const selectRows = `SELECT version, name, checksum, kind, state, seq, down, applied_at AS appliedAt,
  duration_ms AS durationMs, applied_by AS appliedBy FROM rung_history ORDER BY version`;

const selectSummary = `SELECT count(*) AS count, max(seq) AS seq,
  count(*) FILTER (WHERE state = 'applied' AND kind IN ('sql', 'typescript')) AS sound,
  group_concat(version, ' ') AS versions, group_concat(checksum, ' ') AS checksums FROM rung_history`;

/** What a report shows of them, where all are applied. */
const selectShown = `SELECT version, name, state, applied_at AS appliedAt, duration_ms AS durationMs,
  applied_by AS appliedBy, NULL AS interruption FROM rung_history ORDER BY version`;

/** The same of rows whose versions, states and kinds SQLite has found sound. */
function areApplied(rows: readonly (Row | AppliedRow)[]): rows is readonly AppliedRow[] {
  return canBeShown(rows);
}

/**
 * What history has in agreement with a catalog, if that is all that it has: the usual case, told for a third of what
 * its rows take to read. In any other order than that of versions it would not be found, and the rows be read.
 */
export function agreementOf(connection: Connection, interest: Interest): Agreement | null {
  if (interest.catalog === undefined) return null;
  const { catalog, wantsRows } = interest;
  const { count, seq, sound, versions, checksums } = connection.get(selectSummary) ?? {};
  if (typeof count !== "number" || typeof seq !== "number" || sound !== count) return null;
  const { outline } = catalog;
  const ours = outline?.count === count ? outline : outlineOf(catalog.migrations.slice(0, count));
  const agrees = ours.versions === versions && ours.checksums === checksums;
  if (!agrees) return null;
  if (!wantsRows) return { count, seq, rows: null };
  const rows = connection.all(selectShown);
  return areApplied(rows) ? { count, seq, rows } : null;
}

const selectOthers = `SELECT 1 FROM sqlite_schema
  WHERE name NOT GLOB 'rung_*' AND name NOT GLOB 'sqlite_*' LIMIT 1`;

/** Whether a database holds nothing but what is ours. */
export function isVacant(connection: Connection): boolean {
  return connection.get(selectOthers) === null;
}

/** Whether our own tables exist. */
export function isFounded(connection: Connection): boolean {
  return connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'rung_format'") !== null;
}

/** The rows of history, where each is sound and none is of a step that has been started and is not done; else null. */
function usualRows(connection: Connection): readonly HistoryRow[] | null {
  const rows = connection.all(selectRows);
  if (!areSound(rows)) return null;
  for (const { state } of rows) if (state === "started") return null;
  return rows;
}

/**
 * Reads history as of one moment: call it inside a transaction. Null where the schema has changed, a step is under way,
 * or anything is damaged.
 */
export function glance(connection: Connection, interest: Interest): History | null {
  const vacant = isVacant(connection);
  if (!isFounded(connection)) return { rows: [], founded: false, drift: [], vacant };
  const written = formatOf(connection.get("SELECT * FROM rung_format"));
  if (written === null || written.oldest > format) return null;
  if (written.kept === null || written.kept !== schemaVersion(connection)) return null;
  const agreement = agreementOf(connection, interest);
  if (agreement !== null) return { rows: [], agreement, founded: true, drift: [], vacant };
  const rows = usualRows(connection);
  return rows === null ? null : { rows, founded: true, drift: [], vacant };
}
