// The driver over a SQLite file: performs each effect of a run, and says what came of it.

import { failure, type Failure, type Result, messageOf } from "../failure.ts";
import type { Statement } from "../migration/statements.ts";
import type { Amendment } from "../plan/amend.ts";
import { noHistory, type History } from "../plan/history.ts";
import type { Call, ReadyStep } from "../plan/step.ts";
import type { Apart, DatabaseEffect, Driver, Outcome } from "../run/driver.ts";
import { databaseFailure, isBusy, type UsedDatabase } from "./errors.ts";
import { Handle, statementFailure, transactionLost, type Counted, type Scope } from "./handle.ts";
import { ContentsReader } from "./contents.ts";
import { fileFailure } from "./copies.ts";
import { databaseSize, integrityOf } from "./copy.ts";
import { RowCounts } from "./counts.ts";
import { SchemaFacts } from "./facts.ts";
import { fileKind, identityOf, noFile, sizeOf, whyNotOpen, type FileKind } from "./file.ts";
import { FileWork, type FileEffect } from "./filework.ts";
import { callFunction } from "./function.ts";
import { findingsFailure } from "./guard.ts";
import { foundHistory, HistoryWriter, readHistory, readLog, type Stamp } from "./history.ts";
import { OutsideScope } from "./outside.ts";
import { LiveSchema, schemaVersion } from "./live.ts";
import { liveSchema, SchemaTracker } from "./schema.ts";
import { StepScope } from "./scope.ts";
import { seed } from "./seed.ts";
import { openConnection, sqliteCode, type Connection, type OpenMode } from "./sqlite.ts";

/** What a driver is opened with. */
export interface DriverSettings {
  readonly path: string;
  /** What the command may do: only look, write to what is there, or create it. */
  readonly mode: OpenMode;
  /** How long a plain read waits for a lock, in milliseconds. */
  readonly readWaitMs: number;
  /** Globs of schema objects that are never looked at. */
  readonly ignored?: readonly string[];
  /** Given where the rows of every table that a step touches are to be counted, for `measure`: what that runs by. */
  readonly measuring?: Apart;
  /** Told of statements that a TypeScript migration has run, and of the rows that they have changed. */
  readonly counted?: Counted;
  /** The wall clock. */
  readonly date: () => Date;
  /** Who runs this, for the audit trail. */
  readonly by: () => string;
}

const done: Outcome = { is: "done" };

/** FULL can lose the last commit of a DELETE-mode database to a power cut: the journal's unlink isn't synced. */
const durably = "PRAGMA synchronous = EXTRA";

/** The driver for one database file; nothing is opened before the first effect needs it. */
export class SqliteDriver implements Driver {
  readonly #settings: DriverSettings;
  #connection: Connection | null = null;
  /** SQLite's data_version when history was last read: it moves when another connection commits. */
  #seen: unknown = null;
  /** History as of `#seen`, as long as nothing of our own was written since. */
  #known: History | null = null;
  /** Whether the latest look found no database. */
  #hasSeenNothing = false;
  /** The file that was opened. */
  #identity = "";
  #live: LiveSchema | null = null;
  #facts: SchemaFacts | null = null;
  #tracker: SchemaTracker | null = null;
  /** Whether something else has changed the schema since our latest change. */
  #hasDrifted = false;
  /** The step outside any transaction that is running here. */
  #outside: OutsideScope | null = null;
  /** Whether a step outside any transaction has run here: what it set on the connection goes with it. */
  #isWorn = false;
  /** The step whose savepoint is open. */
  #scope: StepScope | null = null;
  /** The rows of a scratch database, once they were asked for. */
  #contents: ContentsReader | null = null;
  #fileWork: FileWork | null = null;
  #counts: RowCounts | null = null;
  /** What the latest step has lost and was allowed to lose, a sentence each. */
  #allowed: readonly string[] = [];

  constructor(settings: DriverSettings) {
    this.#settings = settings;
  }

  perform(effect: DatabaseEffect): Outcome {
    try {
      return this.#perform(effect);
    } catch (error) {
      const mayWait = effect.do === "begin" || effect.do === "commit";
      if (mayWait && isBusy(error)) return { is: "busy" };
      const found = databaseFailure(error, this.#used());
      if (found?.code === "database.cannot-open") {
        return { is: "failed", failure: whyNotOpen(this.#settings.path, found) };
      }
      const cause = found ?? fileFailure(error);
      // What neither SQLite nor the file system has said is a bug of ours.
      if (cause === null && sqliteCode(error) === null) throw error;
      return { is: "failed", failure: cause ?? unexpected(effect, error) };
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
    this.#seen = null;
    this.#known = null;
    this.#forgetSchema();
    this.#scope = null;
    this.#isWorn = false;
    this.#outside = null;
    this.#contents = null;
    this.#counts = null;
  }

  #perform(effect: DatabaseEffect): Outcome {
    switch (effect.do) {
      case "look":
        return this.#look();
      case "begin":
        return this.#begin(effect.waitMs, effect.foreignKeys);
      case "found":
        foundHistory(this.#open());
        return done;
      case "enter":
        return this.#enter(effect.step);
      case "execute":
        return this.#execute(effect.step, effect.statement);
      case "call":
        return this.#call(effect.step, effect.work);
      case "guard":
        return this.#guard(effect.step);
      case "record":
        return this.#record(effect.step, effect.seq, effect.durationMs);
      case "start":
        this.#writer().start(effect.step, this.#stamp(effect.seq, 0));
        this.#outside = new OutsideScope(this.#tracked(), this.#hasDrifted);
        return done;
      case "mark":
        return this.#writeOutside((writer) => writer.mark(effect.step, effect.done));
      case "amend":
        return this.#amend(effect.amendment);
      case "survey":
        return this.#survey();
      case "read-log":
        return this.#readLog();
      case "abandon":
        return this.#writeOutside((writer) => writer.abandon(effect.step));
      case "leave":
        this.#open().run("RELEASE rung_step");
        this.#scope = null;
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
      case "restore":
        // Nobody else is to have the file open, and we neither.
        this.close();
        return this.#workOnFiles(effect);
      case "prepare-copy":
      case "fill-copy":
      case "publish-backup":
      case "discard-copy":
        return this.#workOnFiles(effect);
      case "measure":
        return this.#measure();
      case "check":
        return { is: "checked", problems: integrityOf(this.#open()) };
      case "recall":
        return { is: "surveyed", objects: this.#tracked().objects };
      case "seed":
        return { is: "seeded", notes: seed(this.#open(), this.#readContents()) };
      case "read-rows":
        return { is: "rows-read", tables: this.#readContents().read() };
    }
  }

  #workOnFiles(effect: FileEffect): Outcome {
    this.#fileWork ??= new FileWork(this.#settings);
    return this.#fileWork.perform(effect);
  }

  #measure(): Outcome {
    const rows = this.#counts?.changes() ?? [];
    const allowed = this.#allowed;
    this.#allowed = [];
    return { is: "measured", bytes: databaseSize(this.#open()), rows, allowed };
  }

  #readContents(): ContentsReader {
    this.#contents ??= new ContentsReader(this.#open());
    return this.#contents;
  }

  #used(): UsedDatabase {
    return { path: this.#settings.path, errno: this.#connection?.errno ?? 0 };
  }

  #open(waitMs = this.#settings.readWaitMs): Connection {
    if (this.#connection !== null) return this.#connection;
    const { path, mode } = this.#settings;
    // Read-only, nothing is checkpointed at the close; but only with a log in use, else it would leave files behind,
    // and a journal left by a crash can only be played back by somebody who may write.
    const isLogged = sizeOf(`${path}-wal`) > 0;
    const connection = openConnection(
      path,
      mode === "read" && !isLogged ? "write" : mode,
      this.#settings.ignored ?? [],
    );
    try {
      // First, as the next pragma reads the schema and must wait for its lock like any other read.
      connection.run(`PRAGMA busy_timeout = ${Math.round(waitMs)}`);
      connection.run(durably);
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#identity = identityOf(path);
    this.#connection = connection;
    return connection;
  }

  #wait(milliseconds: number): void {
    this.#open().run(`PRAGMA busy_timeout = ${Math.round(milliseconds)}`);
  }

  #dataVersion(): unknown {
    return this.#open().get("PRAGMA data_version")?.["data_version"] ?? null;
  }

  #read(connection: Connection): Result<History> {
    this.#seen = this.#dataVersion();
    this.#forgetSchema();
    const history = readHistory(connection);
    this.#known = history.ok ? history.value : null;
    if (history.ok) this.#hasDrifted = history.value.drift.length > 0;
    return history;
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

  #fileKind(): FileKind {
    const { path, mode } = this.#settings;
    if (mode !== "memory") return fileKind(path);
    return this.#connection === null ? "nothing" : "file";
  }

  /** Whether the file that was opened is still the one at its path. */
  #isSameFile(): boolean {
    const { path, mode } = this.#settings;
    return mode === "memory" || identityOf(path) === this.#identity;
  }

  #look(): Outcome {
    if (this.#connection !== null && !this.#isSameFile()) this.close();
    const known = this.#known;
    if (known !== null && this.#dataVersion() === this.#seen) {
      return { is: "looked", history: known };
    }
    const kind = this.#fileKind();
    this.#hasSeenNothing = kind === "nothing";
    if (kind === "nothing") return { is: "looked", history: noHistory };
    if (kind !== "file") return { is: "failed", failure: noFile(this.#settings.path, kind) };
    const history = this.#readCommitted();
    if (!history.ok) return { is: "failed", failure: history.failure };
    return { is: "looked", history: history.value };
  }

  #begin(waitMs: number, foreignKeys: boolean): Outcome {
    // A scratch database lives and dies with its connection.
    if (this.#isWorn && this.#settings.mode !== "memory") this.close();
    const connection = this.#open(waitMs);
    this.#wait(waitMs);
    if (this.#outside !== null) connection.run(durably);
    // Inside a transaction this pragma would be ignored.
    connection.run(`PRAGMA foreign_keys = ${foreignKeys ? "ON" : "OFF"}`);
    this.#facts?.clean.clear();
    connection.run("BEGIN IMMEDIATE");
    const hasMoved = this.#dataVersion() !== this.#seen;
    // What is written from now on is our own doing, which SQLite's counter does not count.
    this.#known = null;
    if (!hasMoved) return { is: "begun", history: null };
    const history = this.#read(connection);
    this.#known = null;
    if (!history.ok) return { is: "failed", failure: history.failure };
    const { vacant, founded } = history.value;
    const isStillNothing = this.#hasSeenNothing && vacant && !founded;
    this.#hasSeenNothing = false;
    return { is: "begun", history: isStillNothing ? null : history.value };
  }

  #enter(step: ReadyStep): Outcome {
    const connection = this.#open();
    connection.run("SAVEPOINT rung_step");
    const live = this.#schema();
    this.#tracked();
    live.refresh();
    this.#facts ??= new SchemaFacts(connection, live);
    this.#scope = new StepScope(connection, this.#facts, step);
    return done;
  }

  #entered(): StepScope {
    if (this.#scope === null) throw new Error("no step was entered");
    return this.#scope;
  }

  #scopeOf(step: ReadyStep): Scope {
    const scope = this.#countedScopeOf(step);
    return this.#contents?.watching(scope, step, this.#facts) ?? scope;
  }

  #countedScopeOf(step: ReadyStep): Scope {
    const scope = this.#plainScopeOf(step);
    const { measuring } = this.#settings;
    if (measuring === undefined) return scope;
    const counts = (this.#counts ??= new RowCounts(this.#open()));
    return {
      run: (statement, action) => {
        measuring(() => counts.note(statement));
        return scope.run(statement, action);
      },
    };
  }

  #plainScopeOf(step: ReadyStep): Scope {
    if (step.options.transaction) return this.#entered();
    if (this.#outside === null) throw new Error("no step was started");
    this.#wait(this.#settings.readWaitMs);
    return this.#outside;
  }

  #execute(step: ReadyStep, statement: Statement): Outcome {
    const connection = this.#open();
    const isOutside = !step.options.transaction;
    const changes = isOutside ? totalChanges(connection) : null;
    try {
      this.#scopeOf(step).run(statement, () => connection.run(statement.text));
    } catch (error) {
      const cause = statementFailure(error, step, statement, this.#used());
      // What OR FAIL had changed before the statement failed is durable there.
      const hasKept = isOutside && totalChanges(connection) !== changes;
      return { is: "failed", failure: hasKept ? { ...cause, changed: "some" } : cause };
    }
    if (connection.inTransaction === step.options.transaction) return done;
    return { is: "failed", failure: transactionLost(step, statement) };
  }

  #call(step: ReadyStep, work: Call): Outcome {
    const connection = this.#open();
    const { path, counted } = this.#settings;
    const handle = new Handle(connection, this.#scopeOf(step), step, path, counted);
    const cause = callFunction(work, handle, step);
    if (cause !== null) return { is: "failed", failure: cause };
    if (connection.inTransaction === step.options.transaction) return done;
    return { is: "failed", failure: transactionLost(step) };
  }

  #guard(step: ReadyStep): Outcome {
    const scope = this.#entered();
    const findings = scope.findings();
    this.#allowed = findings.map(({ sentence }) => sentence);
    const found = findingsFailure(step, findings);
    return found === null ? done : { is: "failed", failure: found };
  }

  #writer(): HistoryWriter {
    return new HistoryWriter(this.#open());
  }

  /** Writes into history between the statements of a step that may have set this connection to wait and sync less. */
  #writeOutside(write: (writer: HistoryWriter) => void): Outcome {
    const connection = this.#open();
    this.#wait(this.#settings.readWaitMs);
    const level = connection.get("PRAGMA synchronous")?.["synchronous"];
    connection.run(durably);
    write(this.#writer());
    connection.run(`PRAGMA synchronous = ${String(level)}`);
    return done;
  }

  #stamp(seq: number, durationMs: number): Stamp {
    const { date, by } = this.#settings;
    const fingerprint = this.#tracked().fingerprint;
    return { at: date().toISOString(), by: by(), seq, durationMs, fingerprint };
  }

  #tracked(): SchemaTracker {
    this.#tracker ??= new SchemaTracker(this.#open(), this.#schema());
    return this.#tracker;
  }

  #schema(): LiveSchema {
    this.#live ??= new LiveSchema(this.#open());
    return this.#live;
  }

  #forgetSchema(): void {
    this.#live = null;
    this.#facts = null;
    this.#tracker = null;
  }

  #record(step: ReadyStep, seq: number, durationMs: number): Outcome {
    if (step.options.transaction) {
      this.#tracked().follow();
    } else if (this.#outside !== null) {
      this.#tracker = this.#outside.follow();
      this.#hasDrifted = this.#outside.hasDrifted;
      this.#outside = null;
    }
    const writer = this.#writer();
    writer.record(step, this.#stamp(seq, durationMs));
    if (!step.options.transaction) this.#isWorn = true;
    this.#keepSchemaVersion(writer);
    return done;
  }

  #amend(amendment: Amendment): Outcome {
    const writer = this.#writer();
    writer.amend(amendment, this.#stamp(1, 0));
    const accepts = "drift" in amendment && amendment.drift.length > 0;
    if (accepts || amendment.kind === "baseline") {
      this.#tracked().keepAll();
      this.#hasDrifted = false;
    }
    this.#keepSchemaVersion(writer);
    return done;
  }

  #keepSchemaVersion(writer: HistoryWriter): void {
    writer.keepSchemaVersion(this.#hasDrifted ? null : schemaVersion(this.#open()));
  }

  #survey(): Outcome {
    if (this.#connection === null && this.#fileKind() === "nothing") {
      return { is: "surveyed", objects: [] };
    }
    return { is: "surveyed", objects: liveSchema(this.#open()) };
  }

  #readLog(): Outcome {
    if (this.#fileKind() === "nothing") return { is: "log-read", entries: [] };
    const entries = readLog(this.#open());
    if (!entries.ok) return { is: "failed", failure: entries.failure };
    return { is: "log-read", entries: entries.value };
  }

  #undo(scope: "step" | "group"): Outcome {
    const connection = this.#connection;
    const entered = this.#scope;
    this.#scope = null;
    this.#forgetSchema();
    if (connection === null) return { is: "undone", transaction: "gone" };
    const isOpen = connection.inTransaction;
    if (isOpen && scope === "group") connection.run("ROLLBACK");
    if (isOpen && scope === "step" && entered !== null) {
      connection.run("ROLLBACK TO rung_step");
      connection.run("RELEASE rung_step");
    }
    entered?.restore();
    return { is: "undone", transaction: connection.inTransaction ? "open" : "gone" };
  }

  #settle(): Outcome {
    const history = this.#readCommitted();
    if (!history.ok) return { is: "failed", failure: history.failure };
    return { is: "settled", history: history.value };
  }
}

/** How many rows the connection has changed so far. */
function totalChanges(connection: Connection): unknown {
  return connection.get("SELECT total_changes() AS changes")?.["changes"];
}

function unexpected(effect: DatabaseEffect, error: unknown): Failure {
  return failure(
    "step.failed",
    `SQLite refused to ${effect.do}: ${messageOf(error)}.`,
    "Look for something in the database that stands in the way, such as a trigger on our tables.",
  );
}
