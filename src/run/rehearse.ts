// The plan run on a copy of the database, as a migrate would run it -> what it did there, and what it took.

import type { Watch } from "../activity.ts";
import type { Emit, Event } from "../event.ts";
import { failure, type Failure } from "../failure.ts";
import type { MigrationName } from "../migration/migration.ts";
import type { Rehearsal, RehearsedStep } from "../plan/rehearsal.ts";
import type { Apart, CopyTarget, Driver, Outcome, RehearsalWish } from "./driver.ts";
import { execute, type Signals } from "./execute.ts";
import { MeasuringDriver, RunClock } from "./measure.ts";
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

/** Whatever became of the copy, the database is as it was. */
function failedWith(cause: Failure, migration: MigrationName | null = null): Failed {
  return { kind: "failed", failure: { ...cause, changed: "nothing" }, migration };
}

/** What is said of a run on a copy is passed on, but not that something was applied. */
function isPassedOn({ kind }: Event): boolean {
  return kind === "drift" || kind === "note" || kind === "running";
}

type Failed = Extract<Event, { readonly kind: "failed" }>;

interface CopyRun {
  readonly rehearsed: Omit<Rehearsal, "copy">;
  readonly failed: Failed | null;
}

function damaged(problems: readonly string[]): Failure {
  return failure(
    "rehearse.damaged",
    "After the plan, the copy does not pass integrity_check.",
    "Check the database itself with PRAGMA integrity_check, then the migrations.",
    { losses: problems },
  );
}

/** What a run that went well fails with all the same, by what a check of the copy has come to. */
function endOf(checked: Outcome): Failed | null {
  if (checked.is !== "checked") return failedWith(causeOf(checked));
  return checked.problems.length === 0 ? null : failedWith(damaged(checked.problems));
}

async function runOn(copy: string, request: RunRequest, place: RehearsalPlace): Promise<CopyRun> {
  const clock = new RunClock(place.now);
  const driver = new MeasuringDriver(await place.openCopy(copy, clock.apart), clock);
  const steps: RehearsedStep[] = [];
  let failed: Failed | null = null;
  try {
    const { signals, watch } = place;
    const emit = async (event: Event): Promise<void> => {
      if (isPassedOn(event)) await place.emit(event);
      if (event.kind === "failed") failed = failedWith(event.failure, event.migration);
      if (event.kind !== "stepped") return;
      const { migration, durationMs } = event;
      steps.push({ ...driver.measured(migration.version), durationMs });
    };
    await execute(request, { driver, now: clock.now, signals, emit, watch });
    signals.hold();
    watch?.({ is: "checking" });
    const checked = await driver.perform({ do: "check" });
    const problems = checked.is === "checked" ? checked.problems : null;
    if (failed === null) failed = endOf(checked);
    return { rehearsed: { steps, lock: driver.lock, problems }, failed };
  } finally {
    driver.close();
  }
}

/** Makes the copy and runs on it; gives the event that the rehearsal ends with. */
async function onCopy(
  target: CopyTarget,
  request: RunRequest,
  wish: RehearsalWish,
  place: RehearsalPlace,
): Promise<Event> {
  const { driver, now, emit, watch } = place;
  const since = now();
  await emit({ kind: "copying", ...target });
  watch?.({ is: "copying", path: target.path, totalBytes: target.bytes });
  const waitMs = request.lockTimeoutMs;
  const copied = await driver.perform({ do: "fill-copy", wish, target, waitMs });
  if (copied.is !== "done") return failedWith(causeOf(copied));
  const copy = { bytes: target.bytes, durationMs: Math.round(now() - since) };
  const { rehearsed, failed } = await runOn(target.path, request, place);
  await emit({ kind: "rehearsed", rehearsal: { copy, ...rehearsed } });
  return failed ?? { kind: "finished" };
}

function notDiscarded({ path }: CopyTarget): Failure {
  return failure(
    "database.copy-failed",
    `The copy ${path} could not be removed.`,
    "Remove it by hand; the next rehearsal tries, too.",
  );
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
    if (room.is !== "prepared") return await emit(failedWith(causeOf(room)));
    const { target } = room;
    let end: Event | null = null;
    let isDiscarded = false;
    try {
      end = await onCopy(target, request, wish, place);
    } finally {
      isDiscarded = (await driver.perform({ do: "discard-copy", target })).is === "done";
    }
    if (end.kind === "finished" && !isDiscarded) end = failedWith(notDiscarded(target));
    await emit(end);
  } finally {
    signals.release();
  }
}
