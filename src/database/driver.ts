// The driver over a SQLite file: hands each effect to the part that performs it, and says what came of it.

import { failure, messageOf, type Failure } from "../failure.ts";
import type { DatabaseEffect, Driver, Outcome } from "../run/driver.ts";
import { databaseFailure, isBusy } from "./errors.ts";
import { whyNotOpen } from "./file.ts";
import type { FileEffect, FileWork } from "./filework.ts";
import { Reading, type ReadingEffect, type ReadingSettings } from "./reading.ts";
import { sqliteCode } from "./sqlite.ts";
import type { ObservingEffect } from "./observing.ts";
import type { Writing, WritingEffect, WritingSettings } from "./writing.ts";

/** What a driver is opened with. */
export interface DriverSettings extends ReadingSettings, WritingSettings {}

/** The driver for one database file. What only some commands need is loaded by the first effect that needs it. */
export class SqliteDriver implements Driver {
  private readonly settings: DriverSettings;
  private readonly reading: Reading;
  private writing: Writing | null = null;
  private fileWork: FileWork | null = null;

  constructor(settings: DriverSettings) {
    this.settings = settings;
    this.reading = new Reading(settings);
  }

  perform(effect: DatabaseEffect): Outcome | Promise<Outcome> {
    switch (effect.do) {
      case "look":
      case "settle":
      case "survey":
      case "read-log":
        return this.read(effect);
      case "prepare-copy":
      case "fill-copy":
      case "publish-backup":
      case "discard-copy":
      case "restore":
        return this.workOnFiles(effect);
      case "measure":
      case "check":
      case "seed":
      case "read-rows":
        return this.observe(effect);
      default: {
        const writing = this.writing;
        return writing === null ? this.beginWriting(effect) : this.write(writing, effect);
      }
    }
  }

  private write(writing: Writing, effect: WritingEffect): Outcome | Promise<Outcome> {
    let outcome: Outcome | null;
    try {
      outcome = writing.perform(effect);
    } catch (error) {
      outcome = this.refused(effect, error);
    }
    return outcome === null ? this.lookCloser(effect) : this.explained(outcome);
  }

  close(): void {
    this.reading.close();
    this.writing?.forget();
  }

  private read(effect: ReadingEffect): Outcome | Promise<Outcome> {
    const { connection } = this.reading;
    let outcome: Outcome | null;
    try {
      outcome = this.reading.perform(effect);
    } catch (error) {
      outcome = this.failed(effect, error);
    }
    if (this.reading.connection !== connection) this.writing?.forget();
    return outcome === null ? this.lookCloser(effect) : this.explained(outcome);
  }

  /** Performs an effect for which a glance is not enough: from now on there is more than that. */
  private async lookCloser(effect: ReadingEffect | WritingEffect): Promise<Outcome> {
    const { closer } = await import("./history.ts");
    this.reading.closer = closer;
    return this.perform(effect);
  }

  /** An outcome, with the reason for which a file does not open where the file system tells. */
  private explained(outcome: Outcome): Outcome {
    const isUnopened = outcome.is === "failed" && outcome.failure.code === "database.cannot-open";
    if (!isUnopened) return outcome;
    return { is: "failed", failure: whyNotOpen(this.settings.path, outcome.failure) };
  }

  private async beginWriting(effect: WritingEffect): Promise<Outcome> {
    return this.write(await this.loadWriting(), effect);
  }

  /** At once wherever that is possible: what a migration has left to be done later is not to run in between. */
  private observe(effect: ObservingEffect): Outcome | Promise<Outcome> {
    const writing = this.writing;
    return writing?.canObserve === true ? this.write(writing, effect) : this.beginObserving(effect);
  }

  private async beginObserving(effect: ObservingEffect): Promise<Outcome> {
    const writing = await this.loadWriting();
    await writing.learnToObserve();
    return this.write(writing, effect);
  }

  private async loadWriting(): Promise<Writing> {
    if (this.writing !== null) return this.writing;
    const { Writing } = await import("./writing.ts");
    const writing = new Writing(this.reading, this.settings);
    // Where steps are measured, the first one is already.
    if (this.settings.measuring !== undefined) await writing.learnToObserve();
    this.writing = writing;
    return writing;
  }

  private async workOnFiles(effect: FileEffect): Promise<Outcome> {
    const { FileWork } = await import("./filework.ts");
    const { fileFailure } = await import("./copies.ts");
    const work = (this.fileWork ??= new FileWork(this.settings));
    // Nobody else is to have the file open, and we neither.
    if (effect.do === "restore") this.close();
    // The file may have to be looked at by itself, which takes the locks away from whoever has it open here.
    const isIdle = this.reading.connection?.inTransaction === false;
    if (effect.do === "prepare-copy" && isIdle) this.close();
    try {
      return this.explained(work.perform(effect));
    } catch (error) {
      return this.explained(this.failed(effect, error, fileFailure));
    }
  }

  private refused(effect: WritingEffect, error: unknown): Outcome {
    const mayWait = effect.do === "begin" || effect.do === "commit";
    return mayWait && isBusy(error) ? { is: "busy" } : this.failed(effect, error);
  }

  /** `causeOf` knows errors that are not SQLite's. */
  private failed(
    effect: DatabaseEffect,
    error: unknown,
    causeOf: (error: unknown) => Failure | null = () => null,
  ): Outcome {
    const { path } = this.settings;
    const errno = this.reading.connection?.errno ?? 0;
    const cause = databaseFailure(error, { path, errno }) ?? causeOf(error);
    // What neither SQLite nor the file system has said is a bug of ours.
    if (cause === null && sqliteCode(error) === null) throw error;
    return { is: "failed", failure: cause ?? unexpected(effect, error) };
  }
}

function unexpected(effect: DatabaseEffect, error: unknown): Failure {
  return failure(
    "step.failed",
    `SQLite refused to ${effect.do}: ${messageOf(error)}.`,
    "Look for something in the database that stands in the way, such as a trigger on our tables.",
  );
}
