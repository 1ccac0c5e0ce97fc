// Work on a copy of the database: the copy is made, used, and gone when it is over, whatever came of it.

import type { Watch } from "../activity.ts";
import type { Emit, Event } from "../event.ts";
import { failure, type Failure } from "../failure.ts";
import type { MigrationName } from "../migration/migration.ts";
import type { CopyTarget, Driver, RehearsalWish } from "./driver.ts";
import type { Signals } from "./execute.ts";
import { causeOf } from "./moves.ts";

/** What such work needs of the world. */
export interface CopyPlace {
  /** The driver of the database itself: it is copied, and otherwise left alone. */
  readonly driver: Driver;
  /** How long to wait for others, in milliseconds. */
  readonly waitMs: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** Signals are kept until the copy is gone. */
  readonly signals: Signals;
  readonly emit: Emit;
  readonly watch?: Watch | undefined;
}

/** A command that failed. */
export type Failed = Extract<Event, { readonly kind: "failed" }>;

/** A copy that is filled, and how long that took. */
export interface Copied extends CopyTarget {
  readonly durationMs: number;
}

/** Whatever became of the copy, the database is as it was. */
export function failedWith(cause: Failure, migration: MigrationName | null = null): Failed {
  return { kind: "failed", failure: { ...cause, changed: "nothing" }, migration };
}

function notDiscarded({ path }: CopyTarget): Failure {
  return failure(
    "database.copy-failed",
    `The copy ${path} could not be removed.`,
    "Remove it by hand; the next run that makes a copy tries, too.",
  );
}

async function filled(
  target: CopyTarget,
  wish: RehearsalWish,
  place: CopyPlace,
  use: (copy: Copied) => Promise<Event>,
): Promise<Event> {
  const { driver, waitMs, now, emit, watch } = place;
  const since = now();
  await emit({ kind: "copying", ...target });
  watch?.({ is: "copying", path: target.path, totalBytes: target.bytes });
  const copied = await driver.perform({ do: "fill-copy", wish, target, waitMs });
  if (copied.is !== "done") return failedWith(causeOf(copied));
  return use({ ...target, durationMs: Math.round(now() - since) });
}

/** Makes a copy and uses it; emits what the use gives as the last event, once the copy is gone. */
export async function onCopy(
  wish: RehearsalWish,
  place: CopyPlace,
  use: (copy: Copied) => Promise<Event>,
): Promise<void> {
  const { driver, waitMs, signals, emit } = place;
  signals.hold();
  try {
    const room = await driver.perform({ do: "prepare-copy", wish, waitMs });
    if (room.is !== "prepared") return await emit(failedWith(causeOf(room)));
    const { target } = room;
    let end: Event | null = null;
    let isDiscarded = false;
    try {
      end = await filled(target, wish, place, use);
    } finally {
      isDiscarded = (await driver.perform({ do: "discard-copy", target })).is === "done";
    }
    if (end.kind === "finished" && !isDiscarded) end = failedWith(notDiscarded(target));
    await emit(end);
  } finally {
    signals.release();
  }
}
