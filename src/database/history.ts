// History and audit trail as they are kept in the database -> plain data.

import * as v from "valibot";
import { fail, ok, type Result } from "../failure.ts";
import type { Catalog, Row } from "../migration/migration.ts";
import type { Agreement, History, HistoryRow, LogEntry } from "../plan/history.ts";
import { driftOf } from "./schema.ts";
import type { Connection } from "./sqlite.ts";
import { isAlive } from "./who.ts";

/** The layout that this build writes. */
export const format = 1;

// Made where they are needed: of rows that are sound, see `areSound`.
const rowSchema = () =>
  v.object({
    version: v.number(),
    name: v.string(),
    checksum: v.string(),
    kind: v.picklist(["sql", "typescript"]),
    state: v.picklist(["applied", "started"]),
    seq: v.number(),
    down: v.nullable(v.string()),
    appliedAt: v.string(),
    durationMs: v.number(),
    appliedBy: v.string(),
  });

const progressSchema = () =>
  v.object({
    version: v.number(),
    direction: v.nullable(v.picklist(["up", "down"]), "up"),
    done: v.nullable(v.number(), 0),
    runner: v.nullable(v.string(), ""),
  });

/** What is kept of the layout: the oldest build that can read it, and SQLite's counter after our latest change. */
interface Format {
  readonly oldest: number;
  readonly kept: number | null;
}

function formatOf(row: Row | null): Format | null {
  const { format, oldest, schema_version: kept } = row ?? {};
  const isWhole = typeof format === "number" && typeof oldest === "number";
  if (!isWhole || (kept !== null && typeof kept !== "number")) return null;
  return { oldest, kept };
}

const logSchema = () =>
  v.array(
    v.object({
      at: v.string(),
      event: v.string(),
      version: v.nullable(v.number()),
      name: v.nullable(v.string()),
      durationMs: v.nullable(v.number()),
      by: v.string(),
    }),
  );

/** What the schema says, in words that take a twentieth of its time: a long history is read by many commands. */
function areSound(rows: readonly (Row | HistoryRow)[]): rows is readonly HistoryRow[] {
  for (const row of rows) {
    const { kind, state, down } = row;
    const isSound =
      typeof row["version"] === "number" &&
      typeof row["name"] === "string" &&
      typeof row["checksum"] === "string" &&
      (kind === "sql" || kind === "typescript") &&
      (state === "applied" || state === "started") &&
      typeof row["seq"] === "number" &&
      (down === null || typeof down === "string") &&
      typeof row["appliedAt"] === "string" &&
      typeof row["durationMs"] === "number" &&
      typeof row["appliedBy"] === "string";
    if (!isSound) return false;
  }
  return true;
}

const selectRows = `SELECT version, name, checksum, kind, state, seq, down, applied_at AS appliedAt,
  duration_ms AS durationMs, applied_by AS appliedBy FROM rung_history ORDER BY version`;

const selectProgress = `SELECT version, direction, done, runner FROM rung_history
  WHERE state = 'started' ORDER BY version`;

function damaged({
  issues: [issue],
}: {
  readonly issues: [v.BaseIssue<unknown>, ...unknown[]];
}): Result<never> {
  return unreadable(v.getDotPath(issue) ?? "a row is damaged");
}

/** Rows with how far those have come that are started, of which most histories have none. */
function withProgress(
  connection: Connection,
  rows: readonly HistoryRow[],
): Result<readonly HistoryRow[]> {
  let isStarted = false;
  for (const { state } of rows) if (state === "started") isStarted = true;
  if (!isStarted) return ok(rows);
  const read = v.safeParse(v.array(progressSchema()), connection.all(selectProgress));
  if (!read.success) return damaged(read);
  const known = new Map(
    read.output.map(({ version, direction, done, runner }) => {
      return [version, { direction, done, isRunning: isAlive(runner) }];
    }),
  );
  return ok(
    rows.map((row) => {
      const progress = known.get(row.version);
      return progress === undefined ? row : { ...row, progress };
    }),
  );
}

/** Rows as they are kept; fails with the place of what is damaged. */
function readRows(connection: Connection): Result<readonly HistoryRow[]> {
  const rows = connection.all(selectRows);
  if (areSound(rows)) return withProgress(connection, rows);
  const read = v.safeParse(v.array(rowSchema()), rows);
  return read.success ? withProgress(connection, read.output) : damaged(read);
}

const selectSummary = `SELECT count(*) AS count, max(seq) AS seq,
  count(*) FILTER (WHERE state = 'applied' AND kind IN ('sql', 'typescript')) AS sound,
  group_concat(version, ' ') AS versions, group_concat(checksum, ' ') AS checksums FROM rung_history`;

/**
 * What history has in agreement with a catalog, if that is all that it has: the usual case, told for a third of what
 * its rows take to read. In any other order than that of versions it would not be found, and the rows be read.
 */
function agreementOf(connection: Connection, { migrations }: Catalog): Agreement | null {
  const { count, seq, sound, ...told } = connection.get(selectSummary) ?? {};
  if (typeof count !== "number" || typeof seq !== "number" || sound !== count) return null;
  let versions = "";
  let checksums = "";
  for (const { version, checksum } of migrations.slice(0, count)) {
    versions += `${version} `;
    checksums += `${checksum} `;
  }
  const agrees = versions === `${told["versions"]} ` && checksums === `${told["checksums"]} `;
  return agrees ? { count, seq } : null;
}

const selectOthers = `SELECT 1 FROM sqlite_schema
  WHERE name NOT GLOB 'rung_*' AND name NOT GLOB 'sqlite_*' LIMIT 1`;

function unreadable(what: string): Result<never> {
  return fail(
    "history.format",
    `The history in this database cannot be read: ${what}.`,
    "Use the build of rung that wrote it, or a later one.",
  );
}

/**
 * Reads history as of one moment: call it inside a transaction. Where it is in agreement with the catalog, if one is
 * given, its rows are left out. Fails with `history.format`.
 */
export function readHistory(
  connection: Connection,
  catalog: Catalog | null = null,
): Result<History> {
  const vacant = connection.get(selectOthers) === null;
  const found = connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'rung_format'");
  if (found === null) return ok({ rows: [], founded: false, drift: [], vacant });
  const written = formatOf(connection.get("SELECT * FROM rung_format"));
  if (written === null) return unreadable("rung_format is damaged");
  const { oldest, kept } = written;
  if (oldest > format)
    return unreadable(`it is of format ${oldest}, and this build knows ${format}`);
  const agreement = catalog === null ? null : agreementOf(connection, catalog);
  const rows = agreement === null ? readRows(connection) : ok([]);
  if (!rows.ok) return rows;
  return ok({
    rows: rows.value,
    ...(agreement === null ? {} : { agreement }),
    founded: true,
    drift: driftOf(connection, kept),
    vacant,
  });
}

const selectLog = `SELECT at, event, version, name, duration_ms AS durationMs, by
  FROM rung_log ORDER BY id`;

/** Reads the audit trail, oldest entry first; empty where there is none. Fails with `history.format`. */
export function readLog(connection: Connection): Result<readonly LogEntry[]> {
  const found = connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'rung_log'");
  if (found === null) return ok([]);
  const entries = v.safeParse(logSchema(), connection.all(selectLog));
  return entries.success ? ok(entries.output) : unreadable("rung_log is damaged");
}

const selectHead = "SELECT max(version) AS head FROM rung_history WHERE state = 'applied'";

/** The highest applied version; 0 where there is none, or no history. */
export function headOf(connection: Connection): number {
  const found = connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'rung_history'");
  return found === null ? 0 : Number(connection.get(selectHead)?.["head"] ?? 0);
}
