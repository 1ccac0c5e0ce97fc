// The driver over a SQLite file: hands each effect to the part that performs it, and says what came of it.

import { failure, messageOf, type Failure } from "../failure.ts";
import type { DatabaseEffect, Driver, Outcome } from "../run/driver.ts";
import { databaseFailure, isBusy } from "./errors.ts";
import { whyNotOpen } from "./file.ts";
import type { FileEffect, FileWork } from "./filework.ts";
import { Reading, type ReadingEffect, type ReadingSettings } from "./reading.ts";
import { sqliteCode } from "./sqlite.ts";
import type { Writing, WritingEffect, WritingSettings } from "./writing.ts";

/** What a driver is opened with. */
export interface DriverSettings extends ReadingSettings, WritingSettings {}

function isReading(effect: DatabaseEffect): effect is ReadingEffect {
  const { do: what } = effect;
  return what === "look" || what === "settle" || what === "survey" || what === "read-log";
}

function isOnFiles(effect: DatabaseEffect): effect is FileEffect {
  const { do: what } = effect;
  const isCopying = what === "prepare-copy" || what === "fill-copy" || what === "discard-copy";
  return isCopying || what === "publish-backup" || what === "restore";
}

/** The driver for one database file. What only some commands need is loaded by the first effect that needs it. */
export class SqliteDriver implements Driver {
  readonly #settings: DriverSettings;
  readonly #reading: Reading;
  #writing: Writing | null = null;
  #fileWork: FileWork | null = null;

  constructor(settings: DriverSettings) {
    this.#settings = settings;
    this.#reading = new Reading(settings);
  }

  perform(effect: DatabaseEffect): Outcome | Promise<Outcome> {
    if (isReading(effect)) return this.#read(effect);
    if (isOnFiles(effect)) return this.#workOnFiles(effect);
    const writing = this.#writing;
    if (writing === null) return this.#beginWriting(effect);
    return this.#attempt(effect, () => writing.perform(effect));
  }

  close(): void {
    this.#reading.close();
    this.#writing?.forget();
  }

  #read(effect: ReadingEffect): Outcome {
    const { connection } = this.#reading;
    const outcome = this.#attempt(effect, () => this.#reading.perform(effect));
    if (this.#reading.connection !== connection) this.#writing?.forget();
    return outcome;
  }

  async #beginWriting(effect: WritingEffect): Promise<Outcome> {
    const { Writing } = await import("./writing.ts");
    this.#writing = new Writing(this.#reading, this.#settings);
    return this.perform(effect);
  }

  async #workOnFiles(effect: FileEffect): Promise<Outcome> {
    const { FileWork } = await import("./filework.ts");
    const { fileFailure } = await import("./copies.ts");
    const work = (this.#fileWork ??= new FileWork(this.#settings));
    // Nobody else is to have the file open, and we neither.
    if (effect.do === "restore") this.close();
    return this.#attempt(effect, () => work.perform(effect), fileFailure);
  }

  /** `causeOf` knows errors that are not SQLite's. */
  #attempt(
    effect: DatabaseEffect,
    action: () => Outcome,
    causeOf: (error: unknown) => Failure | null = () => null,
  ): Outcome {
    try {
      return action();
    } catch (error) {
      const mayWait = effect.do === "begin" || effect.do === "commit";
      if (mayWait && isBusy(error)) return { is: "busy" };
      const { path } = this.#settings;
      const found = databaseFailure(error, { path, errno: this.#reading.connection?.errno ?? 0 });
      if (found?.code === "database.cannot-open") {
        return { is: "failed", failure: whyNotOpen(path, found) };
      }
      const cause = found ?? causeOf(error);
      // What neither SQLite nor the file system has said is a bug of ours.
      if (cause === null && sqliteCode(error) === null) throw error;
      return { is: "failed", failure: cause ?? unexpected(effect, error) };
    }
  }
}

function unexpected(effect: DatabaseEffect, error: unknown): Failure {
  return failure(
    "step.failed",
    `SQLite refused to ${effect.do}: ${messageOf(error)}.`,
    "Look for something in the database that stands in the way, such as a trigger on our tables.",
  );
}
