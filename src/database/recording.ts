// Our own tables: how they are laid out, and what is entered there of steps that have run.

import type { MigrationName, SqlValue } from "../migration/migration.ts";
import type { Amendment, Recorded } from "../plan/amend.ts";
import type { Difference } from "../plan/difference.ts";
import type { ReadyStep } from "../plan/step.ts";
import { format } from "./format.ts";
import type { Ledger } from "./ledger.ts";
import type { Connection } from "./sqlite.ts";
import { runnerName } from "./who.ts";

/**
 * Later formats only add columns; `oldest` is the oldest build format that can still work with the database. In ASCII, as
 * the runtime compiles each pattern that reads them once more for any other text.
 */
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
  event       TEXT NOT NULL, -- apply, rollback, start, baseline, settle as ...
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

/** Creates our tables. What there is of a schema is yet to be kept. */
export function foundHistory(connection: Connection): void {
  for (const sql of tables) connection.run(sql);
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
  private readonly ledger: Ledger;

  constructor(ledger: Ledger) {
    this.ledger = ledger;
  }

  /** Records a step that has run, in the transaction that it ran in. */
  record(step: ReadyStep, stamp: Stamp): void {
    const { version } = step;
    const { at, durationMs, fingerprint } = stamp;
    if (step.direction === "down") {
      this.write(deleteRow, version);
    } else if (step.options.transaction) {
      this.insert(step, stamp);
    } else {
      this.ledger.add(updateApplied, () => [fingerprint(), at, durationMs, version]);
    }
    this.log(step.direction === "up" ? "apply" : "rollback", step, stamp);
  }

  /** Records that a step outside any transaction is about to run. */
  start(step: ReadyStep, stamp: Stamp): void {
    const { version, name, checksum, kind, down } = step;
    const { at, by, seq } = stamp;
    const runner = runnerName();
    if (step.direction === "down") this.write(updateStarted, runner, version);
    else this.write(insertStarted, version, name, checksum, kind, seq, down, at, by, runner);
    this.log("start", step, stamp);
  }

  /** Records how many statements of a started step are done. */
  mark(step: ReadyStep, done: number): void {
    this.write(updateDone, done, step.version);
  }

  /** Takes back the record of a start. */
  abandon(step: ReadyStep): void {
    this.write(step.direction === "up" ? deleteRow : updateAbandoned, step.version);
  }

  /** Changes history alone, as asked. */
  amend(amendment: Amendment, stamp: Stamp): void {
    switch (amendment.kind) {
      case "settle": {
        const { migration, as } = amendment;
        if (as === "pending") this.write(deleteRow, migration.version);
        else this.write(updateSettled, stamp.fingerprint(), migration.version);
        this.logAmended(`settle as ${as}`, migration, stamp);
        this.logDrift(amendment.drift, stamp);
        break;
      }
      case "accept-changed":
        for (const migration of amendment.migrations) {
          const { version, name, checksum, kind, down } = migration;
          // The recorded down fits what was run, unless it is of another kind: then the file's is all there is.
          this.write(updateAccepted, checksum, name, kind, down, kind, version);
          this.logAmended("accept changed", migration, stamp, checksum);
        }
        break;
      case "forget-missing":
        for (const migration of amendment.migrations) {
          this.write(deleteRow, migration.version);
          this.logAmended("forget missing", migration, stamp);
        }
        break;
      case "accept-drift":
        this.logDrift(amendment.drift, stamp);
        break;
      case "baseline":
        amendment.migrations.forEach((migration, index) => {
          this.insert(migration, { ...stamp, seq: stamp.seq + index });
          this.logAmended("baseline", migration, stamp, migration.checksum);
        });
    }
  }

  /** Keeps SQLite's counter of schema changes, or null where the schema has drifted and must be compared. */
  keepSchemaVersion(schemaVersion: number | null): void {
    this.write("UPDATE rung_format SET schema_version = ?", schemaVersion);
  }

  private insert({ version, name, checksum, kind, down }: Recorded, stamp: Stamp): void {
    const { at, by, seq, durationMs, fingerprint } = stamp;
    this.ledger.add(insertRow, () => {
      return [version, name, checksum, kind, seq, down, fingerprint(), at, durationMs, by];
    });
  }

  private logAmended(
    event: string,
    { version, name }: MigrationName,
    { at, by }: Stamp,
    checksum: string | null = null,
  ): void {
    this.write(insertLog, at, event, version, name, checksum, null, by);
  }

  private logDrift(drift: readonly Difference[], { at, by }: Stamp): void {
    for (const { kind, type, name } of drift) {
      const what = `${kind} ${type} ${name}`;
      this.write(insertLog, at, "accept drift", null, what, null, null, by);
    }
  }

  private log(event: string, step: ReadyStep, { at, by, durationMs }: Stamp): void {
    const { version, name, checksum } = step;
    this.write(insertLog, at, event, version, name, checksum, durationMs, by);
  }

  private write(sql: string, ...values: SqlValue[]): void {
    this.ledger.add(sql, values);
  }
}
