// The transactions of a run: taken, filled step by step under the eyes of the guard, entered into history, and ended.

import type { Statement } from "../migration/statements.ts";
import { touchOf } from "../migration/touch.ts";
import type { Amendment } from "../plan/amend.ts";
import type { Call, ReadyStep } from "../plan/step.ts";
import type { Apart, DatabaseEffect, Outcome } from "../run/driver.ts";
import type { UsedDatabase } from "./errors.ts";
import { SchemaFacts } from "./facts.ts";
import { callFunction } from "./function.ts";
import { findingsFailure } from "./guard.ts";
import { Handle, statementFailure, transactionLost, type Counted, type Scope } from "./handle.ts";
import { foundHistory, HistoryWriter, type Stamp } from "./history.ts";
import { Ledger, type Mark } from "./ledger.ts";
import { LiveSchema, schemaVersion } from "./live.ts";
import { Observing, type ObservingEffect } from "./observing.ts";
import { OutsideScope } from "./outside.ts";
import { plainChange, type PlainChange } from "./plain.ts";
import { durably, type Reading } from "./reading.ts";
import { SchemaTracker } from "./schema.ts";
import { StepScope } from "./scope.ts";
import type { Connection } from "./sqlite.ts";

/** An effect that writes, or tells of what was written. */
export type WritingEffect =
  | ObservingEffect
  | Extract<
      DatabaseEffect,
      {
        readonly do:
          | "begin"
          | "found"
          | "enter"
          | "execute"
          | "call"
          | "guard"
          | "record"
          | "start"
          | "mark"
          | "abandon"
          | "amend"
          | "leave"
          | "commit"
          | "undo"
          | "recall";
      }
    >;

/** What writing needs besides. */
export interface WritingSettings {
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

/** What is known of the schema on one connection, as of one reading of history. */
interface Standing {
  readonly connection: Connection;
  readonly live: LiveSchema;
  readonly facts: SchemaFacts;
  readonly ledger: Ledger;
  tracker: SchemaTracker;
}

/** The step whose savepoint is open. */
interface Entered {
  readonly scope: Scope;
  /** Who watches it; or what it does, where that can lose nothing. */
  readonly eyes: StepScope | PlainChange;
  readonly mark: Mark;
}

/** For steps that can lose nothing: it is noted what they make. */
function unwatched(live: LiveSchema): Scope {
  return {
    run: (statement, action) => {
      live.note(touchOf(statement));
      return action();
    },
  };
}

/** Writes to the database that is read by `reading`. */
export class Writing {
  readonly #reading: Reading;
  readonly #settings: WritingSettings;
  /** The number of the reading that what is known of the schema goes by. */
  #asOf = -1;
  #standing: Standing | null = null;
  #ledger: Ledger | null = null;
  #observing: Observing | null = null;
  /** Whether something else has changed the schema since our latest change. */
  #hasDrifted = false;
  /** The step outside any transaction that is running here. */
  #outside: OutsideScope | null = null;
  /** Whether a step outside any transaction has run here: what it set on the connection goes with it. */
  #isWorn = false;
  #entered: Entered | null = null;
  /** What the latest step has lost and was allowed to lose, a sentence each. */
  #allowed: readonly string[] = [];

  constructor(reading: Reading, settings: WritingSettings) {
    this.#reading = reading;
    this.#settings = settings;
  }

  /** Performs an effect. Throws what SQLite reports. */
  perform(effect: WritingEffect): Outcome {
    switch (effect.do) {
      case "begin":
        return this.#begin(effect.waitMs, effect.foreignKeys);
      case "found":
        foundHistory(this.#open(), this.#entries());
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
        this.#outside = new OutsideScope(this.#known().tracker, this.#hasDrifted);
        return done;
      case "mark":
        return this.#writeOutside((writer) => writer.mark(effect.step, effect.done));
      case "abandon":
        return this.#writeOutside((writer) => writer.abandon(effect.step));
      case "amend":
        return this.#amend(effect.amendment);
      case "leave":
        this.#open().run("RELEASE rung_step");
        this.#entered = null;
        return done;
      case "commit":
        return this.#commit(effect.waitMs);
      case "undo":
        return this.#undo(effect.scope);
      case "recall":
        return { is: "surveyed", objects: this.#known().tracker.objects };
      case "measure":
      case "check":
      case "seed":
      case "read-rows": {
        const outcome = this.#observe().perform(effect, this.#allowed);
        // Rows can make a virtual table create tables behind it.
        if (effect.do === "seed") this.#standing?.live.refresh();
        return outcome;
      }
    }
  }

  /** The connection was left behind: nothing of what was under way is any more. */
  forget(): void {
    this.#standing = null;
    this.#ledger = null;
    this.#observing = null;
    this.#outside = null;
    this.#isWorn = false;
    this.#entered = null;
  }

  #open(): Connection {
    return this.#reading.open();
  }

  #used(): UsedDatabase {
    const { settings, connection } = this.#reading;
    return { path: settings.path, errno: connection?.errno ?? 0 };
  }

  /** What is known of the schema, read anew where history was. */
  #known(): Standing {
    if (this.#asOf !== this.#reading.readings) {
      this.#asOf = this.#reading.readings;
      this.#hasDrifted = this.#reading.hasDrifted;
      this.#standing = null;
    }
    return (this.#standing ??= this.#survey());
  }

  #survey(): Standing {
    const connection = this.#open();
    const live = new LiveSchema(connection);
    const ledger = this.#entries();
    const tracker = new SchemaTracker(connection, live, ledger);
    return { connection, live, facts: new SchemaFacts(connection, live), ledger, tracker };
  }

  #entries(): Ledger {
    return (this.#ledger ??= new Ledger(this.#open()));
  }

  #begin(waitMs: number, foreignKeys: boolean): Outcome {
    // A scratch database lives and dies with its connection.
    if (this.#isWorn && this.#reading.settings.mode !== "memory") {
      this.#reading.close();
      this.forget();
    }
    const connection = this.#reading.open(waitMs);
    this.#reading.wait(waitMs);
    if (this.#outside !== null) connection.run(durably);
    // Inside a transaction this pragma would be ignored.
    connection.run(`PRAGMA foreign_keys = ${foreignKeys ? "ON" : "OFF"}`);
    this.#standing?.facts.clean.clear();
    connection.run("BEGIN IMMEDIATE");
    const history = this.#reading.again();
    if (!history.ok) return { is: "failed", failure: history.failure };
    return { is: "begun", history: history.value };
  }

  #enter(step: ReadyStep): Outcome {
    const connection = this.#open();
    connection.run("SAVEPOINT rung_step");
    const { live, facts, tracker, ledger } = this.#known();
    const { mark } = ledger;
    const change = plainChange(step);
    const isSafe = change !== null && (change.does === "create" || live.isBare);
    tracker.await(isSafe ? change : null);
    if (isSafe) {
      this.#entered = { scope: unwatched(live), eyes: change, mark };
    } else {
      const scope = new StepScope(connection, facts, step);
      this.#entered = { scope, eyes: scope, mark };
    }
    return done;
  }

  #inside(): Entered {
    if (this.#entered === null) throw new Error("no step was entered");
    return this.#entered;
  }

  #observe(): Observing {
    return (this.#observing ??= new Observing(this.#open(), this.#settings.measuring));
  }

  #scopeOf(step: ReadyStep): Scope {
    const scope = this.#plainScopeOf(step);
    const isObserved = this.#settings.measuring !== undefined || this.#observing !== null;
    return isObserved
      ? this.#observe().watching(scope, step, this.#standing?.facts ?? null)
      : scope;
  }

  #plainScopeOf(step: ReadyStep): Scope {
    if (step.options.transaction) return this.#inside().scope;
    if (this.#outside === null) throw new Error("no step was started");
    this.#reading.wait(this.#reading.settings.readWaitMs);
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
    const { path } = this.#reading.settings;
    const { counted } = this.#settings;
    const handle = new Handle(connection, this.#scopeOf(step), step, path, counted);
    const cause = callFunction(work, handle, step);
    if (cause !== null) return { is: "failed", failure: cause };
    if (connection.inTransaction === step.options.transaction) return done;
    return { is: "failed", failure: transactionLost(step) };
  }

  #guard(step: ReadyStep): Outcome {
    const { eyes } = this.#inside();
    if (!(eyes instanceof StepScope)) {
      this.#allowed = [];
      return done;
    }
    const findings = eyes.findings();
    this.#allowed = findings.map(({ sentence }) => sentence);
    const found = findingsFailure(step, findings);
    return found === null ? done : { is: "failed", failure: found };
  }

  #writer(): HistoryWriter {
    return new HistoryWriter(this.#entries());
  }

  /** Writes into history between the statements of a step that may have set this connection to wait and sync less. */
  #writeOutside(enter: (writer: HistoryWriter) => void): Outcome {
    const connection = this.#open();
    const ledger = this.#entries();
    this.#reading.wait(this.#reading.settings.readWaitMs);
    const level = connection.get("PRAGMA synchronous")?.["synchronous"];
    connection.run(durably);
    enter(this.#writer());
    try {
      ledger.write();
    } finally {
      ledger.clear();
    }
    connection.run(`PRAGMA synchronous = ${String(level)}`);
    return done;
  }

  /** `fingerprint` is that of the schema as it is known now, unless another is given. */
  #stamp(seq: number, durationMs: number, fingerprint?: () => string): Stamp {
    const { date, by } = this.#settings;
    const stamp = { at: date().toISOString(), by: by(), seq, durationMs };
    if (fingerprint !== undefined) return { ...stamp, fingerprint };
    const now = this.#known().tracker.fingerprint;
    return { ...stamp, fingerprint: () => now };
  }

  #record(step: ReadyStep, seq: number, durationMs: number): Outcome {
    const known = this.#known();
    let fingerprint: (() => string) | undefined;
    if (step.options.transaction) {
      const { eyes } = this.#inside();
      if (eyes instanceof StepScope) known.tracker.follow();
      else fingerprint = known.tracker.expect(eyes);
    } else if (this.#outside !== null) {
      known.tracker = this.#outside.follow();
      this.#hasDrifted = this.#outside.hasDrifted;
      this.#outside = null;
      this.#isWorn = true;
    }
    this.#writer().record(step, this.#stamp(seq, durationMs, fingerprint));
    return done;
  }

  #amend(amendment: Amendment): Outcome {
    this.#writer().amend(amendment, this.#stamp(1, 0));
    const accepts = "drift" in amendment && amendment.drift.length > 0;
    if (accepts || amendment.kind === "baseline") {
      this.#known().tracker.keepAll();
      this.#hasDrifted = false;
    }
    return done;
  }

  #commit(waitMs: number): Outcome {
    const connection = this.#open();
    const ledger = this.#entries();
    this.#reading.wait(waitMs);
    this.#standing?.tracker.settle();
    if (!ledger.isEmpty) {
      ledger.write();
      const version = this.#hasDrifted ? null : schemaVersion(connection);
      this.#writer().keepSchemaVersion(version);
      ledger.write();
    }
    this.#end(connection);
    ledger.clear();
    return done;
  }

  #end(connection: Connection): void {
    const { measuring } = this.#settings;
    if (measuring === undefined) return connection.run("COMMIT");
    // A commit may fold the log in, which keeps nobody from writing.
    const limit = connection.get("PRAGMA wal_autocheckpoint")?.["wal_autocheckpoint"];
    connection.run("PRAGMA wal_autocheckpoint = 0");
    try {
      connection.run("COMMIT");
      measuring(() => foldIn(connection));
    } finally {
      connection.run(`PRAGMA wal_autocheckpoint = ${String(limit)}`);
    }
  }

  #undo(scope: "step" | "group"): Outcome {
    const { connection } = this.#reading;
    const entered = this.#entered;
    const standing = this.#standing;
    this.#entered = null;
    this.#standing = null;
    if (connection === null) return { is: "undone", transaction: "gone" };
    const isOpen = connection.inTransaction;
    if (isOpen && scope === "group") connection.run("ROLLBACK");
    if (isOpen && scope === "step" && entered !== null) {
      connection.run("ROLLBACK TO rung_step");
      connection.run("RELEASE rung_step");
    }
    if (entered?.eyes instanceof StepScope) entered.eyes.restore();
    const { inTransaction } = connection;
    if (!inTransaction) this.#ledger?.clear();
    else if (entered !== null) this.#ledger?.back(entered.mark);
    // What the steps before have made is told apart now, before it is forgotten what the schema was.
    if (inTransaction) standing?.tracker.settle();
    return { is: "undone", transaction: inTransaction ? "open" : "gone" };
  }
}

/** How many rows the connection has changed so far. */
function totalChanges(connection: Connection): unknown {
  return connection.get("SELECT total_changes() AS changes")?.["changes"];
}

/** Copies the log into the database; as when SQLite does so by itself, it is no failure that this cannot be. */
function foldIn(connection: Connection): void {
  try {
    connection.run("PRAGMA wal_checkpoint(PASSIVE)");
  } catch {
    return;
  }
}
