// A driver that measures what each step does, and how long the write lock is held, while a run goes on as ever.

import type { LockTime, RehearsedStep, RowChange } from "../plan/rehearsal.ts";
import { differences, type SchemaObject } from "../plan/schema.ts";
import type { ReadyStep } from "../plan/step.ts";
import type { Apart, DatabaseEffect, Driver, Outcome } from "./driver.ts";

/** The database at one moment of the run. */
interface Moment {
  readonly bytes: number;
  readonly rows: readonly RowChange[];
  readonly allowed: readonly string[];
  readonly objects: readonly SchemaObject[];
}

type Measured = Omit<RehearsedStep, "durationMs">;

/** A clock that stands still while something is only measured. */
export class RunClock {
  private readonly wall: () => number;
  private apartMs = 0;

  constructor(now: () => number) {
    this.wall = now;
  }

  readonly now = (): number => this.wall() - this.apartMs;

  readonly apart: Apart = (work) => {
    const since = this.wall();
    try {
      return work();
    } finally {
      this.apartMs += this.wall() - since;
    }
  };

  async apartAsync<T>(work: () => Promise<T>): Promise<T> {
    const since = this.wall();
    const result = await work();
    this.apartMs += this.wall() - since;
    return result;
  }
}

/** Whether an effect takes the lock and lets go of it: outside a transaction, all that is no mere query does. */
function locksByItself(effect: DatabaseEffect): boolean {
  switch (effect.do) {
    case "mark":
    case "abandon":
      return true;
    case "execute":
      return !effect.step.options.transaction && effect.statement.verb !== "SELECT";
    case "call":
      return !effect.step.options.transaction;
    default:
      return false;
  }
}

/** Stands in front of the driver of the copy, and measures each step and how long the write lock is held. */
export class MeasuringDriver implements Driver {
  private readonly driver: Driver;
  private readonly clock: RunClock;
  private readonly steps = new Map<number, Measured>();
  private before: Moment | null = null;
  private lockedSince: number | null = null;
  private lockTime: LockTime = { totalMs: 0, longestMs: 0, times: 0 };

  constructor(driver: Driver, clock: RunClock) {
    this.driver = driver;
    this.clock = clock;
  }

  get lock(): LockTime {
    return this.lockTime;
  }

  /** What was measured of a step that has run. */
  measured(version: number): Measured {
    const found = this.steps.get(version);
    if (found === undefined) throw new Error(`version ${version} was not measured`);
    return found;
  }

  async perform(effect: DatabaseEffect): Promise<Outcome> {
    if ((effect.do === "enter" || effect.do === "start") && this.before === null) {
      const before = await this.clock.apartAsync(() => this.moment());
      if ("is" in before) return before;
      this.before = before;
    }
    const since = this.clock.now();
    const outcome = await this.driver.perform(effect);
    this.watchLock(effect, outcome, since);
    if (effect.do === "undo" || effect.do === "settle") this.before = null;
    if (effect.do !== "record" || outcome.is !== "done") return outcome;
    // Without its measure, a step is as good as not rehearsed.
    return this.clock.apartAsync(() => this.measure(effect.step));
  }

  close(): void {
    this.driver.close();
  }

  private watchLock(effect: DatabaseEffect, outcome: Outcome, since: number): void {
    const now = this.clock.now();
    if (locksByItself(effect)) return this.held(now - since);
    if (outcome.is === "begun") this.lockedSince = now;
    const isReleased =
      (effect.do === "commit" && outcome.is === "done") ||
      (effect.do === "undo" && effect.scope === "group") ||
      effect.do === "settle";
    if (!isReleased || this.lockedSince === null) return;
    this.held(now - this.lockedSince);
    this.lockedSince = null;
  }

  private held(heldMs: number): void {
    const { totalMs, longestMs, times } = this.lockTime;
    this.lockTime = {
      totalMs: totalMs + heldMs,
      longestMs: Math.max(longestMs, heldMs),
      times: times + 1,
    };
  }

  /** The database as it is now, with what the last step did; or why that could not be found out. */
  private async moment(): Promise<Moment | Outcome> {
    const measured = await this.driver.perform({ do: "measure" });
    if (measured.is !== "measured") return measured;
    const surveyed = await this.driver.perform({ do: "survey" });
    if (surveyed.is !== "surveyed") return surveyed;
    const { bytes, rows, allowed } = measured;
    return { bytes, rows, allowed, objects: surveyed.objects };
  }

  private async measure({ version, name }: ReadyStep): Promise<Outcome> {
    const now = await this.moment();
    if ("is" in now) return now;
    const { bytes, rows, allowed, objects } = now;
    const before = this.before ?? now;
    const schema = differences(before.objects, objects);
    const size = { before: before.bytes, after: bytes };
    this.steps.set(version, { version, name, rows, schema, size, allowed });
    this.before = now;
    return { is: "done" };
  }
}
