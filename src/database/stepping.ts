// The steps of a run, one at a time: each entered, run under the eyes of the guard, and entered into the ledger.

import { namesOurs, type Statement } from "../migration/statements.ts";
import { touchOf } from "../migration/touch.ts";
import type { Call, ReadyStep } from "../plan/step.ts";
import type { Apart, DatabaseEffect, Outcome } from "../run/driver.ts";
import { callFunction } from "./function.ts";
import type { Ground } from "./ground.ts";
import { findingsFailure } from "./guard.ts";
import { Handle, type Counted } from "./handle.ts";
import { HistoryWriter, type Stamp } from "./recording.ts";
import type { Mark } from "./ledger.ts";
import type { LiveSchema } from "./live.ts";
import type { Observing, ObservingEffect } from "./observing.ts";
import { OutsideScope } from "./outside.ts";
import { plainChange, type PlainChange } from "./plain.ts";
import { durably } from "./reading.ts";
import { statementFailure, transactionLost } from "./refusal.ts";
import { StepScope, type Scope } from "./scope.ts";
import type { Connection } from "./sqlite.ts";

/** An effect on one step, or one that tells of what the steps have done. */
export type SteppingEffect =
  | ObservingEffect
  | Extract<
      DatabaseEffect,
      {
        readonly do:
          | "enter"
          | "execute"
          | "call"
          | "guard"
          | "record"
          | "leave"
          | "start"
          | "mark"
          | "abandon";
      }
    >;

/** What steps need besides. */
export interface SteppingSettings {
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
const none: readonly string[] = [];

/** Stands for a fingerprint that nobody records. */
function unrecorded(): string {
  return "";
}

/** The step whose savepoint is open. */
interface Entered {
  readonly scope: Scope;
  /** Who watches it; or what it does, where that can lose nothing. */
  readonly eyes: StepScope | PlainChange;
  readonly mark: Mark;
}

/** Whether a step may read our tables, which are to tell of the steps before it then. */
function mayReadOurs({ work }: ReadyStep): boolean {
  return work.kind === "call" || work.statements.some(({ text }) => namesOurs(text));
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

/** Runs steps on the ground of a run. */
export class Stepping {
  private readonly ground: Ground;
  private readonly settings: SteppingSettings;
  private entered: Entered | null = null;
  /** The step outside any transaction that is running here. */
  private outside: OutsideScope | null = null;
  private worn = false;
  private observing: Observing | null = null;
  /** What looks at a database while steps run, once it is loaded. */
  private eyes: typeof import("./observing.ts") | null = null;
  /** What the latest step has lost and was allowed to lose, a sentence each. */
  private allowed: readonly string[] = none;

  constructor(ground: Ground, settings: SteppingSettings) {
    this.ground = ground;
    this.settings = settings;
  }

  /** Whether a step outside any transaction has run here: what it set on the connection goes with that. */
  get isWorn(): boolean {
    return this.worn;
  }

  /** Whether such a step is running here. */
  get isOutside(): boolean {
    return this.outside !== null;
  }

  /** Whether effects that observe can be performed. */
  get canObserve(): boolean {
    return this.eyes !== null;
  }

  /** Loads what observes: only a proof or a rehearsal does. */
  async learnToObserve(): Promise<void> {
    this.eyes ??= await import("./observing.ts");
  }

  /** Performs an effect. Throws what SQLite reports. */
  perform(effect: SteppingEffect): Outcome {
    switch (effect.do) {
      case "enter":
        return this.enter(effect.step);
      case "execute":
        return this.execute(effect.step, effect.statement);
      case "call":
        return this.call(effect.step, effect.work);
      case "guard":
        return this.guard(effect.step);
      case "record":
        return this.record(effect.step, effect.seq, effect.durationMs);
      case "leave":
        this.ground.connection.run("RELEASE rung_step");
        this.entered = null;
        return done;
      case "start":
        // Nobody watches it.
        this.allowed = none;
        this.writer().start(effect.step, this.stamp(effect.seq, 0, unrecorded));
        this.outside = new OutsideScope(this.ground.known.tracker, this.ground.reading.hasDrifted);
        return done;
      case "mark":
        return this.writeOutside((writer) => writer.mark(effect.step, effect.done));
      case "abandon":
        return this.writeOutside((writer) => writer.abandon(effect.step));
      case "measure":
      case "check":
      case "seed":
      case "read-rows": {
        const outcome = this.observe().perform(effect, this.allowed);
        // Rows can make a virtual table create tables behind it.
        if (effect.do === "seed") this.ground.present?.live.refresh();
        return outcome;
      }
    }
  }

  /** Takes back the step whose savepoint is open, and what was entered of it; or lets go of it with its transaction. */
  undo(connection: Connection): void {
    const entered = this.entered;
    this.entered = null;
    if (entered === null) return;
    if (connection.inTransaction) {
      connection.run("ROLLBACK TO rung_step");
      connection.run("RELEASE rung_step");
    }
    if (entered.eyes instanceof StepScope) entered.eyes.restore();
    if (connection.inTransaction) this.ground.ledger.back(entered.mark);
  }

  /** The connection was left behind. */
  leave(): void {
    this.entered = null;
    this.outside = null;
    this.worn = false;
    this.observing = null;
  }

  /** Enters into history, from where it is written before the commit. */
  writer(): HistoryWriter {
    return new HistoryWriter(this.ground.ledger);
  }

  /** When and by whom something is entered, and what gives the fingerprint of the schema after it. */
  stamp(seq: number, durationMs: number, fingerprint: () => string): Stamp {
    const { date, by } = this.settings;
    return { at: date().toISOString(), by: by(), seq, durationMs, fingerprint };
  }

  /** Takes in what a step has done; gives the fingerprint of the schema after it, but for a down: nobody records that. */
  private follow({ direction, options }: ReadyStep): () => string {
    const { known } = this.ground;
    if (options.transaction) {
      const { eyes } = this.inside();
      if (!(eyes instanceof StepScope)) return known.tracker.expect(eyes, direction);
      known.tracker.follow();
    } else if (this.outside !== null) {
      known.tracker = this.outside.follow();
      this.ground.reading.hasDrifted = this.outside.hasDrifted;
      this.outside = null;
      this.worn = true;
    }
    if (direction === "down") return unrecorded;
    const now = known.tracker.fingerprint;
    return () => now;
  }

  private enter(step: ReadyStep): Outcome {
    const { connection, known, ledger } = this.ground;
    const { live, facts, tracker } = known;
    // What is plain names none of our tables, or only drops, which reads nothing.
    const plain = plainChange(step);
    const isReader = live.hasReaders || (plain === null && mayReadOurs(step));
    const change = isReader ? null : plain;
    const isSafe = change !== null && (change.does === "create" || live.isBare);
    // What is entered until here is the doing of the steps before, and stays where this one is taken back.
    tracker.await(isSafe ? change : null);
    if (step.direction === "up") tracker.anticipate();
    if (isReader) ledger.write();
    const { mark } = ledger;
    connection.run("SAVEPOINT rung_step");
    if (isSafe) {
      this.entered = { scope: unwatched(live), eyes: change, mark };
    } else {
      const scope = new StepScope(connection, facts, step);
      this.entered = { scope, eyes: scope, mark };
    }
    return done;
  }

  private inside(): Entered {
    if (this.entered === null) throw new Error("no step was entered");
    return this.entered;
  }

  private observe(): Observing {
    if (this.eyes === null) throw new Error("what observes was not loaded");
    const { Observing } = this.eyes;
    return (this.observing ??= new Observing(this.ground.connection, this.settings.measuring));
  }

  private scopeOf(step: ReadyStep): Scope {
    const scope = this.plainScopeOf(step);
    const isObserved = this.settings.measuring !== undefined || this.observing !== null;
    return isObserved
      ? this.observe().watching(scope, step, this.ground.present?.facts ?? null)
      : scope;
  }

  private plainScopeOf(step: ReadyStep): Scope {
    if (step.options.transaction) return this.inside().scope;
    if (this.outside === null) throw new Error("no step was started");
    const { reading } = this.ground;
    reading.open(reading.settings.readWaitMs);
    return this.outside;
  }

  private execute(step: ReadyStep, statement: Statement): Outcome {
    const { connection, reading } = this.ground;
    const isOutside = !step.options.transaction;
    const changes = isOutside ? totalChanges(connection) : null;
    try {
      this.scopeOf(step).run(statement, () => connection.run(statement.text));
    } catch (error) {
      const used = { path: reading.settings.path, errno: connection.errno };
      const cause = statementFailure(error, step, statement, used);
      // What OR FAIL had changed before the statement failed is durable there.
      const hasKept = isOutside && totalChanges(connection) !== changes;
      return { is: "failed", failure: hasKept ? { ...cause, changed: "some" } : cause };
    }
    if (connection.inTransaction === step.options.transaction) return done;
    return { is: "failed", failure: transactionLost(step, statement) };
  }

  private call(step: ReadyStep, work: Call): Outcome {
    const { connection, reading } = this.ground;
    const { path } = reading.settings;
    const { counted } = this.settings;
    const handle = new Handle(connection, this.scopeOf(step), step, path, counted);
    const cause = callFunction(work, handle, step);
    if (cause !== null) return { is: "failed", failure: cause };
    if (connection.inTransaction === step.options.transaction) return done;
    return { is: "failed", failure: transactionLost(step) };
  }

  private guard(step: ReadyStep): Outcome {
    const { eyes } = this.inside();
    if (!(eyes instanceof StepScope)) {
      this.allowed = none;
      return done;
    }
    const findings = eyes.findings();
    this.allowed = findings.map(({ sentence }) => sentence);
    const found = findingsFailure(step, findings);
    return found === null ? done : { is: "failed", failure: found };
  }

  /** Writes into history between the statements of a step that may have set this connection to wait and sync less. */
  private writeOutside(enter: (writer: HistoryWriter) => void): Outcome {
    const { connection, ledger, reading } = this.ground;
    reading.open(reading.settings.readWaitMs);
    const level = connection.get("PRAGMA synchronous")?.["synchronous"];
    connection.run(durably);
    enter(this.writer());
    try {
      ledger.write();
    } finally {
      ledger.clear();
    }
    connection.run(`PRAGMA synchronous = ${String(level)}`);
    return done;
  }

  private record(step: ReadyStep, seq: number, durationMs: number): Outcome {
    const fingerprint = this.follow(step);
    this.writer().record(step, this.stamp(seq, durationMs, fingerprint));
    return done;
  }
}

/** How many rows the connection has changed so far. */
function totalChanges(connection: Connection): unknown {
  return connection.get("SELECT total_changes() AS changes")?.["changes"];
}
