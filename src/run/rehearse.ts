// The plan run on a copy of the database, as a migrate would run it -> what it did there, and what it took.

import type { Event } from "../event.ts";
import { failure, type Failure } from "../failure.ts";
import type { Rehearsal, RehearsedStep } from "../plan/rehearsal.ts";
import { failedWith, onCopy, type CopyPlace, type Failed } from "./copied.ts";
import type { Apart, Driver, Outcome, RehearsalWish } from "./driver.ts";
import { execute } from "./execute.ts";
import { MeasuringDriver, RunClock } from "./measure.ts";
import { causeOf } from "./moves.ts";
import type { RunRequest } from "./state.ts";

/** What a rehearsal needs of the world. */
export interface RehearsalPlace extends CopyPlace {
  readonly openCopy: (path: string, measuring: Apart) => Promise<Driver>;
}

/** What is said of a run on a copy is passed on, but not that something was applied. */
function isPassedOn({ kind }: Event): boolean {
  return kind === "drift" || kind === "note" || kind === "running";
}

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

/** Rehearses a request; the copy is gone when it is over, whatever came of it. */
export async function rehearse(
  request: RunRequest,
  wish: RehearsalWish,
  place: RehearsalPlace,
): Promise<void> {
  await onCopy(wish, place, async ({ path, bytes, durationMs }) => {
    const { rehearsed, failed } = await runOn(path, request, place);
    await place.emit({
      kind: "rehearsed",
      rehearsal: { copy: { bytes, durationMs }, ...rehearsed },
    });
    return failed ?? { kind: "finished" };
  });
}
