// The tables of our own: how history and log are laid out, read and written.

import * as v from "valibot";
import type { MigrationName } from "../migration/migration.ts";
import { fail, ok, type Result } from "../failure.ts";
import type { Row, SqlValue } from "../migration/migration.ts";
import type { Amendment, Recorded } from "../plan/amend.ts";
import type { History, HistoryRow, LogEntry } from "../plan/history.ts";
import type { Difference } from "../plan/schema.ts";
import type { ReadyStep } from "../plan/step.ts";
import { LiveSchema } from "./live.ts";
import type { Ledger } from "./ledger.ts";
import { driftOf, SchemaTracker } from "./schema.ts";
import type { Connection } from "./sqlite.ts";
import { isAlive, runnerName } from "./who.ts";

/** The layout that this build writes. */
const format = 1;

/** Later formats only add columns; `oldest` is the oldest build format that can still work with the database. */
const tables = [
  `CREATE TABLE rung_format (
  format INTEGER NOT NULL,
  oldest INTEGER NOT NULL,
  schema_version INTEGER -- SQLite's, after our latest change
) STRICT`,
  `INSERT INTO rung_format (format, oldest) VALUES (${format}, ${format})`,
  `CREATE TABLE rung_history (
  version     INTEGER PRIMARY KEY,
  name        TEXT NOT NULL,
  checksum    TEXT NOT NULL,
  kind        TEXT NOT NULL, -- sql, typescript
  state       TEXT NOT NULL, -- applied, started
  seq         INTEGER NOT NULL, -- order of application
  down        TEXT, -- the down section with its marker line
  fingerprint TEXT, -- of the schema after it
  applied_at  TEXT NOT NULL, -- UTC, RFC 3339
  duration_ms INTEGER NOT NULL,
  applied_by  TEXT NOT NULL,
  direction   TEXT, -- while started: up, down
  done        INTEGER, -- while started: how many statements are known to be done
  runner      TEXT -- while started: process@host
) STRICT`,
  `CREATE TABLE rung_log (
  id          INTEGER PRIMARY KEY,
  at          TEXT NOT NULL, -- UTC, RFC 3339
  event       TEXT NOT NULL, -- apply, rollback, start, baseline, settle as …
  version     INTEGER,
  name        TEXT,
  checksum    TEXT,
  duration_ms INTEGER,
  by          TEXT NOT NULL
) STRICT`,
  `CREATE TABLE rung_schema (
  type    TEXT NOT NULL, -- table, index, view, trigger
  name    TEXT NOT NULL, -- in lower case
  "table" TEXT NOT NULL,
  sql     TEXT NOT NULL,
  PRIMARY KEY (type, name)
) STRICT, WITHOUT ROWID`,
];

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

const formatSchema = () =>
  v.object({
    format: v.number(),
    oldest: v.number(),
    schema_version: v.nullable(v.number()),
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
  if (rows.every(isRaw)) return ok(rows);
  const read = v.safeParse(v.array(rowSchema()), rows);
  if (read.success) return ok(read.output);
  return unreadable(v.getDotPath(read.issues[0]) ?? "a row is damaged");
}

const selectRows = `SELECT version, name, checksum, kind, state, seq, down, applied_at AS appliedAt,
  duration_ms AS durationMs, applied_by AS appliedBy, direction, done, runner FROM rung_history ORDER BY version`;

const selectOthers = `SELECT 1 FROM sqlite_schema
  WHERE name NOT GLOB 'rung_*' AND name NOT GLOB 'sqlite_*' LIMIT 1`;

function historyRow({ runner, ...row }: RawRow): HistoryRow {
  return { ...row, isRunning: row.state === "started" && isAlive(runner ?? "") };
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
  const written = v.safeParse(formatSchema(), connection.get("SELECT * FROM rung_format"));
  if (!written.success) return unreadable("rung_format is damaged");
  const { oldest, schema_version: kept } = written.output;
  if (oldest > format)
    return unreadable(`it is of format ${oldest}, and this build knows ${format}`);
  const rows = rawRows(connection.all(selectRows));
  if (!rows.ok) return rows;
  return ok({
    rows: rows.value.map(historyRow),
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

/** A restoration, for the audit trail of the database that it brings back. */
export interface RestoreEntry {
  readonly file: string;
  readonly head: number;
  readonly at: Date;
  readonly by: string;
}

/** Writes a restoration into the audit trail, where there is one. */
export function logRestore(connection: Connection, { file, head, at, by }: RestoreEntry): void {
  const found = connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'rung_log'");
  if (found === null) return;
  connection.all(insertLog, at.toISOString(), "restore", head, file, null, null, by);
}

/** Creates our tables, and keeps the schema as they find it. */
export function foundHistory(connection: Connection, ledger: Ledger): void {
  for (const sql of tables) connection.run(sql);
  new SchemaTracker(connection, new LiveSchema(connection), ledger).keepAll();
}

const insertRow = `INSERT INTO rung_history
  (version, name, checksum, kind, state, seq, down, fingerprint, applied_at, duration_ms, applied_by)
  VALUES (?, ?, ?, ?, 'applied', ?, ?, ?, ?, ?, ?)`;
const insertStarted = `INSERT INTO rung_history
  (version, name, checksum, kind, state, seq, down, applied_at, duration_ms, applied_by,
   direction, done, runner)
  VALUES (?, ?, ?, ?, 'started', ?, ?, ?, 0, ?, 'up', 0, ?)`;
const updateStarted = `UPDATE rung_history
  SET state = 'started', direction = 'down', done = 0, runner = ? WHERE version = ?`;
const updateDone = "UPDATE rung_history SET done = ? WHERE version = ?";
const updateApplied = `UPDATE rung_history
  SET state = 'applied', fingerprint = ?, applied_at = ?, duration_ms = ?, direction = NULL, done = NULL, runner = NULL
  WHERE version = ?`;
const updateAbandoned = `UPDATE rung_history
  SET state = 'applied', direction = NULL, done = NULL, runner = NULL WHERE version = ?`;
const updateSettled = `UPDATE rung_history
  SET state = 'applied', fingerprint = ?, direction = NULL, done = NULL, runner = NULL WHERE version = ?`;
const updateAccepted = `UPDATE rung_history
  SET checksum = ?, name = ?, down = iif(kind = ?, down, ?), kind = ? WHERE version = ?`;
const deleteRow = "DELETE FROM rung_history WHERE version = ?";
const insertLog = `INSERT INTO rung_log (at, event, version, name, checksum, duration_ms, by)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;

/** When, by whom and in which order a step ran. */
export interface Stamp {
  readonly at: string;
  readonly by: string;
  readonly seq: number;
  readonly durationMs: number;
  /** Of the schema after the step, once it is asked for. */
  readonly fingerprint: () => string;
}

/** Enters steps into history and log. */
export class HistoryWriter {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Records a step that has run, in the transaction that it ran in. */
  record(step: ReadyStep, stamp: Stamp): void {
    const { version } = step;
    const { at, durationMs, fingerprint } = stamp;
    if (step.direction === "down") {
      this.#write(deleteRow, version);
    } else if (step.options.transaction) {
      this.#insert(step, stamp);
    } else {
      this.#ledger.add(updateApplied, () => [fingerprint(), at, durationMs, version]);
    }
    this.#log(step.direction === "up" ? "apply" : "rollback", step, stamp);
  }

  /** Records that a step outside any transaction is about to run. */
  start(step: ReadyStep, stamp: Stamp): void {
    const { version, name, checksum, kind, down } = step;
    const { at, by, seq } = stamp;
    const runner = runnerName();
    if (step.direction === "down") this.#write(updateStarted, runner, version);
    else this.#write(insertStarted, version, name, checksum, kind, seq, down, at, by, runner);
    this.#log("start", step, stamp);
  }

  /** Records how many statements of a started step are done. */
  mark(step: ReadyStep, done: number): void {
    this.#write(updateDone, done, step.version);
  }

  /** Takes back the record of a start. */
  abandon(step: ReadyStep): void {
    this.#write(step.direction === "up" ? deleteRow : updateAbandoned, step.version);
  }

  /** Changes history alone, as asked. */
  amend(amendment: Amendment, stamp: Stamp): void {
    switch (amendment.kind) {
      case "settle": {
        const { migration, as } = amendment;
        if (as === "pending") this.#write(deleteRow, migration.version);
        else this.#write(updateSettled, stamp.fingerprint(), migration.version);
        this.#logAmended(`settle as ${as}`, migration, stamp);
        this.#logDrift(amendment.drift, stamp);
        break;
      }
      case "accept-changed":
        for (const migration of amendment.migrations) {
          const { version, name, checksum, kind, down } = migration;
          // The recorded down fits what was run, unless it is of another kind: then the file's is all there is.
          this.#write(updateAccepted, checksum, name, kind, down, kind, version);
          this.#logAmended("accept changed", migration, stamp, checksum);
        }
        break;
      case "forget-missing":
        for (const migration of amendment.migrations) {
          this.#write(deleteRow, migration.version);
          this.#logAmended("forget missing", migration, stamp);
        }
        break;
      case "accept-drift":
        this.#logDrift(amendment.drift, stamp);
        break;
      case "baseline":
        amendment.migrations.forEach((migration, index) => {
          this.#insert(migration, { ...stamp, seq: stamp.seq + index });
          this.#logAmended("baseline", migration, stamp, migration.checksum);
        });
    }
  }

  /** Keeps SQLite's counter of schema changes, or null where the schema has drifted and must be compared. */
  keepSchemaVersion(schemaVersion: number | null): void {
    this.#write("UPDATE rung_format SET schema_version = ?", schemaVersion);
  }

  #insert({ version, name, checksum, kind, down }: Recorded, stamp: Stamp): void {
    const { at, by, seq, durationMs, fingerprint } = stamp;
    this.#ledger.add(insertRow, () => {
      return [version, name, checksum, kind, seq, down, fingerprint(), at, durationMs, by];
    });
  }

  #logAmended(
    event: string,
    { version, name }: MigrationName,
    { at, by }: Stamp,
    checksum: string | null = null,
  ): void {
    this.#write(insertLog, at, event, version, name, checksum, null, by);
  }

  #logDrift(drift: readonly Difference[], { at, by }: Stamp): void {
    for (const { kind, type, name } of drift) {
      const what = `${kind} ${type} ${name}`;
      this.#write(insertLog, at, "accept drift", null, what, null, null, by);
    }
  }

  #log(event: string, step: ReadyStep, { at, by, durationMs }: Stamp): void {
    const { version, name, checksum } = step;
    this.#write(insertLog, at, event, version, name, checksum, durationMs, by);
  }

  #write(sql: string, ...values: SqlValue[]): void {
    this.#ledger.add(sql, values);
  }
}
