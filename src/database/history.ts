// History and audit trail as they are kept in the database -> plain data.

import * as v from "valibot";
import { fail, ok, type Result } from "../failure.ts";
import type { Row } from "../migration/migration.ts";
import type { History, HistoryRow, LogEntry } from "../plan/history.ts";
import { driftOf } from "./schema.ts";
import type { Connection } from "./sqlite.ts";
import { isAlive } from "./who.ts";

/** The layout that this build writes. */
export const format = 1;

// Made where they are needed: of rows that are sound, see `isRaw`.
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
    direction: v.nullable(v.picklist(["up", "down"])),
    done: v.nullable(v.number()),
    runner: v.nullable(v.string()),
  });
type RawRow = v.InferOutput<ReturnType<typeof rowSchema>>;

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

/** What the schema says, in words that take a twentieth of its time: a long history is read by every command. */
function isRaw(row: Row | RawRow): row is RawRow {
  const { kind, state, direction, done, runner, down } = row;
  return (
    typeof row["version"] === "number" &&
    typeof row["name"] === "string" &&
    typeof row["checksum"] === "string" &&
    (kind === "sql" || kind === "typescript") &&
    (state === "applied" || state === "started") &&
    typeof row["seq"] === "number" &&
    (down === null || typeof down === "string") &&
    typeof row["appliedAt"] === "string" &&
    typeof row["durationMs"] === "number" &&
    typeof row["appliedBy"] === "string" &&
    (direction === null || direction === "up" || direction === "down") &&
    (done === null || typeof done === "number") &&
    (runner === null || typeof runner === "string")
  );
}

/** Rows as they are kept; fails with the place of what is damaged. */
function rawRows(rows: readonly Row[]): Result<readonly RawRow[]> {
  const sound: RawRow[] = [];
  for (const row of rows) if (isRaw(row)) sound.push(row);
  if (sound.length === rows.length) return ok(sound);
  const read = v.safeParse(v.array(rowSchema()), rows);
  if (read.success) return ok(read.output);
  return unreadable(v.getDotPath(read.issues[0]) ?? "a row is damaged");
}

const selectRows = `SELECT version, name, checksum, kind, state, seq, down, applied_at AS appliedAt,
  duration_ms AS durationMs, applied_by AS appliedBy, direction, done, runner FROM rung_history ORDER BY version`;

const selectOthers = `SELECT 1 FROM sqlite_schema
  WHERE name NOT GLOB 'rung_*' AND name NOT GLOB 'sqlite_*' LIMIT 1`;

/** Rows as they are known to all: most runs find none that is started, and take them as they were read. */
function historyRows(rows: readonly RawRow[]): readonly HistoryRow[] {
  let isStarted = false;
  for (const { state } of rows) if (state === "started") isStarted = true;
  if (!isStarted) return rows;
  return rows.map(({ runner, ...row }) => {
    const isRunning = row.state === "started" && isAlive(runner ?? "");
    return { ...row, isRunning };
  });
}

function unreadable(what: string): Result<never> {
  return fail(
    "history.format",
    `The history in this database cannot be read: ${what}.`,
    "Use the build of rung that wrote it, or a later one.",
  );
}

/** Reads history as of one moment: call it inside a transaction. Fails with `history.format`. */
export function readHistory(connection: Connection): Result<History> {
  const vacant = connection.get(selectOthers) === null;
  const found = connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'rung_format'");
  if (found === null) return ok({ rows: [], founded: false, drift: [], vacant });
  const written = formatOf(connection.get("SELECT * FROM rung_format"));
  if (written === null) return unreadable("rung_format is damaged");
  const { oldest, kept } = written;
  if (oldest > format)
    return unreadable(`it is of format ${oldest}, and this build knows ${format}`);
  const rows = rawRows(connection.all(selectRows));
  if (!rows.ok) return rows;
  return ok({
    rows: historyRows(rows.value),
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
