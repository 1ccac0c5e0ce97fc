// The transactions of a run: taken, filled step by step, written into history, and made durable or taken back.

import type { Amendment } from "../plan/amend.ts";
import type { DatabaseEffect, Outcome } from "../run/driver.ts";
import { Ground } from "./ground.ts";
import { foundHistory } from "./recording.ts";
import { durably, type Reading } from "./reading.ts";
import { schemaVersion, type Connection } from "./sqlite.ts";
import { Stepping, type SteppingEffect, type SteppingSettings } from "./stepping.ts";

/** An effect that writes, or tells of what was written. */
export type WritingEffect =
  | SteppingEffect
  | Extract<
      DatabaseEffect,
      { readonly do: "begin" | "found" | "amend" | "commit" | "undo" | "recall" }
    >;

/** What writing needs besides. */
export type WritingSettings = SteppingSettings;

const done: Outcome = { is: "done" };

/** Writes to the database that is read by `reading`. */
export class Writing {
  private readonly ground: Ground;
  private readonly stepping: Stepping;
  private readonly settings: WritingSettings;

  constructor(reading: Reading, settings: WritingSettings) {
    this.ground = new Ground(reading);
    this.stepping = new Stepping(this.ground, settings);
    this.settings = settings;
  }

  /** Whether effects that observe can be performed. */
  get canObserve(): boolean {
    return this.stepping.canObserve;
  }

  /** Loads what observes. */
  learnToObserve(): Promise<void> {
    return this.stepping.learnToObserve();
  }

  /**
   * Performs an effect; one that observes once that is loaded. Null where it takes a closer look than `reading` has, and
   * nothing was done. Throws what SQLite reports.
   */
  perform(effect: WritingEffect): Outcome | null {
    switch (effect.do) {
      case "begin":
        return this.begin(effect.waitMs, effect.foreignKeys);
      case "found":
        foundHistory(this.ground.connection);
        this.ground.known.tracker.keepAll();
        return done;
      case "amend":
        return this.amend(effect.amendment);
      case "commit":
        return this.commit(effect.waitMs);
      case "undo":
        return this.undo(effect.scope);
      case "recall":
        return { is: "surveyed", objects: this.ground.known.tracker.objects };
      default:
        return this.stepping.perform(effect);
    }
  }

  /** The connection was left behind: nothing of what was under way is any more. */
  forget(): void {
    this.ground.leave();
    this.stepping.leave();
  }

  private begin(waitMs: number, foreignKeys: boolean): Outcome | null {
    const { reading, present } = this.ground;
    // A scratch database lives and dies with its connection.
    if (this.stepping.isWorn && reading.settings.mode !== "memory") {
      reading.close();
      this.forget();
    }
    const connection = reading.open(waitMs);
    if (this.stepping.isOutside) connection.run(durably);
    // Inside a transaction this pragma would be ignored.
    connection.run(`PRAGMA foreign_keys = ${foreignKeys ? "ON" : "OFF"}`);
    present?.facts.clean.clear();
    connection.run("BEGIN IMMEDIATE");
    const again = reading.again();
    switch (again.is) {
      case "same":
        return { is: "begun", history: null };
      case "moved":
        return { is: "begun", history: again.history };
      case "failed":
        return again;
      case "unclear":
        connection.run("ROLLBACK");
        return null;
    }
  }

  private amend(amendment: Amendment): Outcome {
    const fingerprint = (): string => this.ground.known.tracker.fingerprint;
    this.stepping.writer().amend(amendment, this.stepping.stamp(1, 0, fingerprint));
    const accepts = "drift" in amendment && amendment.drift.length > 0;
    if (accepts || amendment.kind === "baseline") {
      this.ground.known.tracker.keepAll();
      this.ground.reading.hasDrifted = false;
    }
    return done;
  }

  private commit(waitMs: number): Outcome {
    const { ledger, reading, present } = this.ground;
    const connection = reading.open(waitMs);
    present?.tracker.settle();
    if (!ledger.isEmpty) {
      ledger.write();
      this.stepping
        .writer()
        .keepSchemaVersion(reading.hasDrifted ? null : schemaVersion(connection));
      ledger.write();
    }
    this.end(connection);
    ledger.clear();
    return done;
  }

  private end(connection: Connection): void {
    const { measuring } = this.settings;
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

  private undo(scope: "step" | "group"): Outcome {
    const { present } = this.ground;
    const { connection } = this.ground.reading;
    this.ground.forgetSchema();
    if (connection === null) return { is: "undone", transaction: "gone" };
    if (connection.inTransaction && scope === "group") connection.run("ROLLBACK");
    this.stepping.undo(connection);
    if (!connection.inTransaction) {
      this.ground.ledger.clear();
      return { is: "undone", transaction: "gone" };
    }
    // What the steps before have done is told apart now, before it is forgotten what the schema was.
    present?.tracker.settle();
    return { is: "undone", transaction: "open" };
  }
}

/** Copies the log into the database; as when SQLite does so by itself, it is no failure that this cannot be. */
function foldIn(connection: Connection): void {
  try {
    connection.run("PRAGMA wal_checkpoint(PASSIVE)");
  } catch {
    return;
  }
}
