// A driver that does as the real one does, but for the faults that it is told to commit at chosen effects.

import { appendFileSync } from "node:fs";
import { openConnection } from "../../src/database/sqlite.ts";
import { failure, type FailureCode } from "../../src/failure.ts";
import type { DriverRequest } from "../../src/job.ts";
import type { DatabaseEffect, Driver, Outcome } from "../../src/run/driver.ts";

/** What can go wrong at an effect, in the words of `RUNG_FAULTS`. */
export const faultKinds = [
  /** SIGKILL before the effect. */
  "kill",
  /** SIGKILL right after it. */
  "kill-after",
  /** It fails, and nothing has happened. */
  "fail",
  /** It happens, and is reported to have failed. */
  "fail-after",
  /** It happens, but no answer comes. */
  "lose",
  /** It doesn't happen, and no answer comes. */
  "drop",
  /** The lock isn't to be had: makes sense at `begin` and `commit` only. */
  "busy",
  /** A replication tool writes to a table of its own just before it, which is nobody's drift. */
  "intrude",
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One fault: `at` counts the effects of the whole process from 1. */
export interface Fault {
  readonly kind: FaultKind;
  readonly at: number;
  readonly code: FailureCode;
}

const codes: readonly FailureCode[] = ["database.io", "database.full", "step.failed"];

/** Reads faults as tests write them: `KIND@N` or `KIND:CODE@N`, with commas between. */
export function readFaults(text: string): readonly Fault[] {
  return text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const [, kindWord, codeWord, at] = /^([a-z-]+)(?::([a-z.]+))?@(\d+)$/.exec(part) ?? [];
      const kind = faultKinds.find((each) => each === kindWord);
      const code = codes.find((each) => each === (codeWord ?? "database.io"));
      if (kind === undefined || code === undefined) throw new Error(`no fault: ${part}`);
      return { kind, code, at: Number(at) };
    });
}

/** An effect as tests read it in the trace: its name, and the version that it is about. */
export function nameOf(effect: DatabaseEffect): string {
  if (effect.do === "undo") return `undo ${effect.scope}`;
  if (effect.do === "restore") return `restore ${effect.stage}`;
  return "step" in effect ? `${effect.do} ${effect.step.version}` : effect.do;
}

/**
 * What the drivers of one process have in common. The clock is its own: how long a group has lasted must not depend on
 * the machine, or effects would not be numbered alike in every run.
 */
export class Saboteur {
  readonly #faults: ReadonlyMap<number, Fault>;
  readonly #trace: string;
  readonly #tick: number;
  #performed = 0;
  #clock = 0;

  /** `trace` is a file for the names of the effects, or empty; `tick` the milliseconds that one takes. */
  constructor(faults: readonly Fault[], trace: string, tick: number) {
    this.#faults = new Map(faults.map((fault) => [fault.at, fault]));
    this.#trace = trace;
    this.#tick = tick;
  }

  /** Milliseconds so far. */
  get now(): number {
    return this.#clock;
  }

  /** Lets the time pass that an effect has taken. */
  pass(effect: DatabaseEffect, outcome: Outcome): void {
    const isWait = outcome.is === "busy" && "waitMs" in effect;
    this.#clock += isWait ? effect.waitMs : this.#tick;
  }

  /** The fault that is due at an effect, if any. */
  next(effect: DatabaseEffect): Fault | undefined {
    if (this.#trace !== "") appendFileSync(this.#trace, `${nameOf(effect)}\n`);
    return this.#faults.get(++this.#performed);
  }
}

/** The table that an intruder writes to. */
export const bystander = "_litestream_seq";

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

function intrude(path: string): void {
  const application = openConnection(path, "create");
  application.run(`CREATE TABLE IF NOT EXISTS ${bystander} (row INTEGER PRIMARY KEY)`);
  application.run(`INSERT INTO ${bystander} DEFAULT VALUES`);
  application.close();
}

/** A real driver with a saboteur in front. */
class FaultyDriver implements Driver {
  readonly #path: string;
  readonly #driver: Driver;
  readonly #saboteur: Saboteur;

  /** `driver` is the one that works on the database at `path`. */
  constructor(path: string, driver: Driver, saboteur: Saboteur) {
    this.#path = path;
    this.#driver = driver;
    this.#saboteur = saboteur;
  }

  async perform(effect: DatabaseEffect): Promise<Outcome> {
    const outcome = await this.#perform(effect);
    this.#saboteur.pass(effect, outcome);
    return outcome;
  }

  async #perform(effect: DatabaseEffect): Promise<Outcome> {
    const fault = this.#saboteur.next(effect);
    if (fault === undefined) return this.#driver.perform(effect);
    const { kind, code } = fault;
    if (kind === "kill") die();
    if (kind === "intrude") {
      intrude(this.#path);
      return this.#driver.perform(effect);
    }
    if (kind === "busy") return { is: "busy" };
    if (kind === "drop") return { is: "lost" };
    const text = `This failure of ${nameOf(effect)} was asked for.`;
    const failed: Outcome = { is: "failed", failure: failure(code, text, "Ask for none.") };
    if (kind === "fail") return failed;
    const outcome = await this.#driver.perform(effect);
    if (kind === "kill-after") die();
    if (kind === "fail-after") return failed;
    return kind === "lose" ? { is: "lost" } : outcome;
  }

  close(): void {
    this.#driver.close();
  }
}

/** Puts a saboteur in front of a driver; a scratch database in memory is nobody's to disturb. */
export function disturbed(request: DriverRequest, driver: Driver, saboteur: Saboteur): Driver {
  return request.mode === "memory" ? driver : new FaultyDriver(request.path, driver, saboteur);
}
