// The plan run on a copy of the database, as a migrate would run it -> what it did there, and what it took.

import type { Watch } from "../activity.ts";
import type { Emit, Event } from "../event.ts";
import { failure, type Failure } from "../failure.ts";
import type { MigrationName } from "../migration/migration.ts";
import type { LockTime, RehearsedStep } from "../plan/rehearsal.ts";
import { differences, type SchemaObject } from "../plan/schema.ts";
import type { ReadyStep } from "../plan/step.ts";
import type {
  Apart,
  CopyTarget,
  DatabaseEffect,
  Driver,
  Outcome,
  RehearsalWish,
} from "./driver.ts";
import { execute, type Signals } from "./execute.ts";
import { causeOf } from "./moves.ts";
import type { RunRequest } from "./state.ts";

/** What a rehearsal needs of the world. */
export interface RehearsalPlace {
  /** The driver of the database itself: it is copied, and otherwise left alone. */
  readonly driver: Driver;
  readonly openCopy: (path: string, measuring: Apart) => Promise<Driver>;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** Signals are kept until the copy is gone. */
  readonly signals: Signals;
  readonly emit: Emit;
  readonly watch?: Watch | undefined;
}

/** The database at one moment of the run. */
interface Moment {
  readonly bytes: number;
  readonly objects: readonly SchemaObject[];
}

type Measured = Omit<RehearsedStep, "durationMs">;

/** A clock that stands still while something is only measured. */
class RunClock {
  readonly #now: () => number;
  #apartMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  readonly now = (): number => this.#now() - this.#apartMs;

  readonly apart: Apart = (work) => {
    const since = this.#now();
    try {
      return work();
    } finally {
      this.#apartMs += this.#now() - since;
    }
  };

  async apartAsync<T>(work: () => Promise<T>): Promise<T> {
    const since = this.#now();
    const result = await work();
    this.#apartMs += this.#now() - since;
    return result;
  }
}

/** Stands in front of the driver of the copy, and measures each step and how long the write lock is held. */
class MeasuringDriver implements Driver {
  readonly #driver: Driver;
  readonly #clock: RunClock;
  readonly #steps = new Map<number, Measured>();
  #before: Moment | null = null;
  #lockedSince: number | null = null;
  #lock: LockTime = { totalMs: 0, longestMs: 0, times: 0 };

  constructor(driver: Driver, clock: RunClock) {
    this.#driver = driver;
    this.#clock = clock;
  }

  get lock(): LockTime {
    return this.#lock;
  }

  /** What was measured of a step that has run. */
  measured(version: number): Measured {
    const found = this.#steps.get(version);
    if (found === undefined) throw new Error(`version ${version} was not measured`);
    return found;
  }

  async perform(effect: DatabaseEffect): Promise<Outcome> {
    if ((effect.do === "enter" || effect.do === "start") && this.#before === null) {
      this.#before = await this.#clock.apartAsync(() => this.#moment());
    }
    const outcome = await this.#driver.perform(effect);
    this.#watchLock(effect, outcome);
    if (effect.do === "undo" || effect.do === "settle") this.#before = null;
    if (effect.do === "record" && outcome.is === "done") {
      await this.#clock.apartAsync(() => this.#measure(effect.step));
    }
    return outcome;
  }

  close(): void {
    this.#driver.close();
  }

  #watchLock(effect: DatabaseEffect, outcome: Outcome): void {
    const now = this.#clock.now();
    if (outcome.is === "begun") this.#lockedSince = now;
    const isReleased =
      (effect.do === "commit" && outcome.is === "done") ||
      (effect.do === "undo" && effect.scope === "group") ||
      effect.do === "settle";
    if (!isReleased || this.#lockedSince === null) return;
    const heldMs = now - this.#lockedSince;
    this.#lockedSince = null;
    const { totalMs, longestMs, times } = this.#lock;
    this.#lock = {
      totalMs: totalMs + heldMs,
      longestMs: Math.max(longestMs, heldMs),
      times: times + 1,
    };
  }

  async #survey(): Promise<readonly SchemaObject[]> {
    const outcome = await this.#driver.perform({ do: "survey" });
    if (outcome.is !== "surveyed") throw new Error(`a survey came to ${outcome.is}`);
    return outcome.objects;
  }

  async #moment(): Promise<Moment> {
    const measured = await this.#driver.perform({ do: "measure" });
    if (measured.is !== "measured") throw new Error(`a measurement came to ${measured.is}`);
    return { bytes: measured.bytes, objects: await this.#survey() };
  }

  async #measure({ version, name }: ReadyStep): Promise<void> {
    const outcome = await this.#driver.perform({ do: "measure" });
    if (outcome.is !== "measured") throw new Error(`a measurement came to ${outcome.is}`);
    const { bytes, rows, allowed } = outcome;
    const objects = await this.#survey();
    const before = this.#before ?? { bytes, objects };
    const schema = differences(before.objects, objects);
    const size = { before: before.bytes, after: bytes };
    this.#steps.set(version, { version, name, rows, schema, size, allowed });
    this.#before = { bytes, objects };
  }
}

/** Whatever became of the copy, the database is as it was. */
function failedWith(cause: Failure, migration: MigrationName | null = null): Event {
  return { kind: "failed", failure: { ...cause, changed: "nothing" }, migration };
}

/** What is said of a run on a copy is passed on, but not that something was applied. */
function isPassedOn({ kind }: Event): boolean {
  return kind === "drift" || kind === "note" || kind === "running";
}

interface CopyRun {
  readonly steps: readonly RehearsedStep[];
  readonly lock: LockTime;
  readonly problems: readonly string[] | null;
  readonly failed: Extract<Event, { kind: "failed" }> | null;
}

async function runOn(copy: string, request: RunRequest, place: RehearsalPlace): Promise<CopyRun> {
  const clock = new RunClock(place.now);
  const driver = new MeasuringDriver(await place.openCopy(copy, clock.apart), clock);
  const steps: RehearsedStep[] = [];
  let failed: CopyRun["failed"] = null;
  try {
    const { signals, watch } = place;
    const emit = async (event: Event): Promise<void> => {
      if (isPassedOn(event)) await place.emit(event);
      if (event.kind === "failed") failed = event;
      if (event.kind !== "stepped") return;
      const { migration, durationMs } = event;
      steps.push({ ...driver.measured(migration.version), durationMs });
    };
    await execute(request, { driver, now: clock.now, signals, emit, watch });
    signals.hold();
    watch?.({ is: "checking" });
    const checked = await driver.perform({ do: "check" });
    const problems = checked.is === "checked" ? checked.problems : null;
    return { steps, lock: driver.lock, problems, failed };
  } finally {
    driver.close();
  }
}

function damaged(problems: readonly string[]): Failure {
  return failure(
    "rehearse.damaged",
    "After the plan, the copy does not pass integrity_check.",
    "Check the database itself with PRAGMA integrity_check, then the migrations.",
    { losses: problems },
  );
}

async function onCopy(
  target: CopyTarget,
  request: RunRequest,
  wish: RehearsalWish,
  place: RehearsalPlace,
): Promise<void> {
  const { driver, now, emit, watch } = place;
  const since = now();
  await emit({ kind: "copying", ...target });
  watch?.({ is: "copying", path: target.path, totalBytes: target.bytes });
  const waitMs = request.lockTimeoutMs;
  const copied = await driver.perform({ do: "fill-copy", wish, target, waitMs });
  if (copied.is !== "done") return emit(failedWith(causeOf(copied)));
  const copy = { bytes: target.bytes, durationMs: Math.round(now() - since) };
  const { failed, ...ran } = await runOn(target.path, request, place);
  await emit({ kind: "rehearsed", rehearsal: { copy, ...ran } });
  if (failed !== null) return emit(failedWith(failed.failure, failed.migration));
  const { problems } = ran;
  if (problems !== null && problems.length > 0) return emit(failedWith(damaged(problems)));
  await emit({ kind: "finished" });
}

/** Rehearses a request; the copy is gone when it is over, whatever came of it. */
export async function rehearse(
  request: RunRequest,
  wish: RehearsalWish,
  place: RehearsalPlace,
): Promise<void> {
  const { driver, signals, emit } = place;
  signals.hold();
  try {
    const waitMs = request.lockTimeoutMs;
    const room = await driver.perform({ do: "prepare-copy", wish, waitMs });
    if (room.is !== "prepared") return emit(failedWith(causeOf(room)));
    const { target } = room;
    try {
      await onCopy(target, request, wish, place);
    } finally {
      await driver.perform({ do: "discard-copy", target });
    }
  } finally {
    signals.release();
  }
}
