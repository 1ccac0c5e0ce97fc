// The driver over a SQLite file: performs each effect of a run, and says what came of it.

import { existsSync } from "node:fs";
import { failure, type Failure, type Result } from "../failure.ts";
import type { Statement } from "../migration/statements.ts";
import { noHistory, type History } from "../plan/history.ts";
import type { Call, ReadyStep } from "../plan/plan.ts";
import type { Driver, Effect, Outcome } from "../run/driver.ts";
import { databaseFailure, isBusy, messageOf } from "./errors.ts";
import { Handle, statementFailure, StepError, transactionLost } from "./handle.ts";
import { foundHistory, HistoryWriter, readHistory } from "./history.ts";
import { openConnection, type Connection, type OpenMode } from "./sqlite.ts";

/** What a driver is opened with. */
export interface DriverSettings {
  readonly path: string;
  /** Whether `begin` may create the database. */
  readonly mode: OpenMode;
  /** How long a plain read waits for a lock, in milliseconds. */
  readonly readWaitMs: number;
  /** The wall clock. */
  readonly date: () => Date;
  /** Who runs this, for the audit trail. */
  readonly by: () => string;
}

const done: Outcome = { is: "done" };

/** The driver for one database file; nothing is opened before the first effect needs it. */
export class SqliteDriver implements Driver {
  readonly #settings: DriverSettings;
  #connection: Connection | null = null;
  #writer: HistoryWriter | null = null;
  /** SQLite's data_version when history was last read: it moves when another connection commits. */
  #seen: unknown = null;
  #isEntered = false;

  constructor(settings: DriverSettings) {
    this.#settings = settings;
  }

  perform(effect: Effect): Outcome {
    try {
      return this.#perform(effect);
    } catch (error) {
      const mayWait = effect.do === "begin" || effect.do === "commit";
      if (mayWait && isBusy(error)) return { is: "busy" };
      const found = databaseFailure(error, this.#settings.path);
      return { is: "failed", failure: found ?? unexpected(effect, error) };
    }
  }

  close(): void {
    this.#writer?.close();
    this.#connection?.close();
    this.#writer = null;
    this.#connection = null;
    this.#seen = null;
    this.#isEntered = false;
  }

  #perform(effect: Effect): Outcome {
    switch (effect.do) {
      case "look":
        return this.#look();
      case "begin":
        return this.#begin(effect.waitMs);
      case "found":
        foundHistory(this.#open());
        return done;
      case "enter":
        this.#open().run("SAVEPOINT rung_step");
        this.#isEntered = true;
        return done;
      case "execute":
        return this.#execute(effect.step, effect.statement);
      case "call":
        return this.#call(effect.step, effect.work);
      case "guard":
        return this.#guard(effect.step);
      case "record":
        return this.#record(effect.step, effect.seq, effect.durationMs);
      case "leave":
        this.#open().run("RELEASE rung_step");
        this.#isEntered = false;
        return done;
      case "commit":
        this.#wait(effect.waitMs);
        this.#open().run("COMMIT");
        return done;
      case "undo":
        return this.#undo(effect.scope);
      case "settle":
        this.close();
        return this.#settle();
      case "load":
        throw new Error("modules are loaded by the run, not by the database");
    }
  }

  #open(waitMs = this.#settings.readWaitMs, mode: OpenMode = "existing"): Connection {
    if (this.#connection !== null) return this.#connection;
    const connection = openConnection(this.#settings.path, mode);
    try {
      // First, as the next pragma reads the schema and must wait for its lock like any other read.
      connection.run(`PRAGMA busy_timeout = ${Math.round(waitMs)}`);
      // FULL can lose the last commit of a DELETE-mode database to a power cut: the journal's unlink isn't synced.
      connection.run("PRAGMA synchronous = EXTRA");
      connection.run("PRAGMA foreign_keys = OFF");
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#connection = connection;
    return connection;
  }

  #wait(milliseconds: number): void {
    this.#open().run(`PRAGMA busy_timeout = ${Math.round(milliseconds)}`);
  }

  #read(connection: Connection): Result<History> {
    this.#seen = connection.get("PRAGMA data_version")?.["data_version"] ?? null;
    return readHistory(connection);
  }

  #readCommitted(): Result<History> {
    const connection = this.#open();
    this.#wait(this.#settings.readWaitMs);
    connection.run("BEGIN");
    try {
      return this.#read(connection);
    } finally {
      if (connection.inTransaction) connection.run("ROLLBACK");
    }
  }

  #look(): Outcome {
    if (!existsSync(this.#settings.path)) return { is: "looked", history: noHistory };
    const history = this.#readCommitted();
    if (!history.ok) return { is: "failed", failure: history.failure };
    return { is: "looked", history: history.value };
  }

  #begin(waitMs: number): Outcome {
    const connection = this.#open(waitMs, this.#settings.mode);
    this.#wait(waitMs);
    connection.run("BEGIN IMMEDIATE");
    const version = connection.get("PRAGMA data_version")?.["data_version"] ?? null;
    if (version === this.#seen) return { is: "begun", history: null };
    const history = this.#read(connection);
    if (!history.ok) return { is: "failed", failure: history.failure };
    return { is: "begun", history: history.value };
  }

  #execute(step: ReadyStep, statement: Statement): Outcome {
    const connection = this.#open();
    try {
      connection.run(statement.text);
    } catch (error) {
      const cause = statementFailure(error, step, statement, this.#settings.path);
      return { is: "failed", failure: cause };
    }
    if (connection.inTransaction) return done;
    return { is: "failed", failure: transactionLost(step, statement) };
  }

  #call(step: ReadyStep, work: Call): Outcome {
    const connection = this.#open();
    const handle = new Handle(connection, step, this.#settings.path);
    try {
      const returned = work.call(handle);
      if (isThenable(returned)) {
        returned.then(null, () => undefined);
        return { is: "failed", failure: promised(step) };
      }
    } catch (error) {
      return { is: "failed", failure: thrown(step, error) };
    } finally {
      handle.revoke();
    }
    if (connection.inTransaction) return done;
    return { is: "failed", failure: transactionLost(step) };
  }

  #guard(step: ReadyStep): Outcome {
    const broken = this.#open().all("PRAGMA foreign_key_check");
    const [first] = broken;
    if (first === undefined) return done;
    const text = `Migration ${step.version} ${step.name} leaves ${broken.length} broken foreign keys in ${first["table"]}.`;
    return { is: "failed", failure: failure("guard.foreign-keys", text, "Mend the rows first.") };
  }

  #record(step: ReadyStep, seq: number, durationMs: number): Outcome {
    const { date, by } = this.#settings;
    this.#writer ??= new HistoryWriter(this.#open());
    this.#writer.record(step, { at: date().toISOString(), by: by(), seq, durationMs });
    return done;
  }

  #undo(scope: "step" | "group"): Outcome {
    const connection = this.#connection;
    const isEntered = this.#isEntered;
    this.#isEntered = false;
    if (connection === null || !connection.inTransaction)
      return { is: "undone", transaction: "gone" };
    if (scope === "group") {
      connection.run("ROLLBACK");
      return { is: "undone", transaction: "gone" };
    }
    if (isEntered) {
      connection.run("ROLLBACK TO rung_step");
      connection.run("RELEASE rung_step");
    }
    return { is: "undone", transaction: "open" };
  }

  #settle(): Outcome {
    const history = this.#readCommitted();
    if (!history.ok) return { is: "failed", failure: history.failure };
    return { is: "settled", history: history.value };
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}

function promised(step: ReadyStep): Failure {
  return failure(
    "step.promise",
    `Migration ${step.version} ${step.name} returned a promise, and migrations are synchronous.`,
    "Remove async and await: every call on db is synchronous.",
    { at: { file: step.file, line: 1, column: 1 } },
  );
}

function thrown(step: ReadyStep, error: unknown): Failure {
  if (error instanceof StepError) return error.failure;
  return failure(
    "step.threw",
    `Migration ${step.version} ${step.name} failed: ${messageOf(error)}`,
    "Mend the migration and run the command again.",
    { at: { file: step.file, line: 1, column: 1 } },
  );
}

function unexpected(effect: Effect, error: unknown): Failure {
  return failure(
    "step.failed",
    `SQLite refused to ${effect.do}: ${messageOf(error)}.`,
    "Look for something in the database that stands in the way, such as a trigger on our tables.",
  );
}
