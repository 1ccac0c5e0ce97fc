// History and audit trail as they are kept in the database -> plain data, whatever state they are in.

import * as v from "valibot";
import { fail, ok, type Result } from "../failure.ts";
import type { History, HistoryRow, Interest, LogEntry } from "../plan/history.ts";
import { format, formatOf } from "./format.ts";
import { agreementOf, areSound, isFounded, isVacant, selectRows } from "./glance.ts";
import type { Closer } from "./reading.ts";
import { driftOf, liveSchema } from "./schema.ts";
import type { Connection } from "./sqlite.ts";
import { isAlive } from "./who.ts";

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

function unreadable(what: string): Result<never> {
  return fail(
    "history.format",
    `The history in this database cannot be read: ${what}.`,
    "Use the build of rung that wrote it, or a later one.",
  );
}

/** Reads history as of one moment: call it inside a transaction. Fails with `history.format`. */
export function readHistory(connection: Connection, interest: Interest): Result<History> {
  const vacant = isVacant(connection);
  if (!isFounded(connection)) return ok({ rows: [], founded: false, drift: [], vacant });
  const written = formatOf(connection.get("SELECT * FROM rung_format"));
  if (written === null) return unreadable("rung_format is damaged");
  const { oldest, kept } = written;
  if (oldest > format)
    return unreadable(`it is of format ${oldest}, and this build knows ${format}`);
  const agreement = agreementOf(connection, interest);
  const rows = agreement === null ? readRows(connection) : ok([]);
  if (!rows.ok) return rows;
  const drift = driftOf(connection, kept);
  const agreed = agreement === null ? {} : { agreement };
  return ok({ rows: rows.value, ...agreed, founded: true, drift, vacant });
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

/** Reads whatever state a database is in. */
export const closer: Closer = { readHistory, readLog, liveSchema };
