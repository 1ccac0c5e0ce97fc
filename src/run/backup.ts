// A backup: made ready, filled, published; by itself, or under the lock of a run and before anything is changed.

import type { Watch } from "../activity.ts";
import type { Emit, Event } from "../event.ts";
import type { Backup, BackupWish, CopyTarget, Driver, Outcome } from "./driver.ts";
import { opened } from "./group.ts";
import { causeOf, failGroup, to, type Advance } from "./moves.ts";
import type { BackingUp, State } from "./state.ts";

function backingUp({ run, queue, wish }: BackingUp): BackingUp {
  return { run, queue, wish };
}

function backedUp({ path, bytes, removed }: Backup): Event {
  return { kind: "backed-up", path, bytes, removed };
}

/** Room was asked for. */
export function prepared(state: BackingUp, outcome: Outcome): Advance {
  if (outcome.is !== "prepared") return failGroup(state.run, causeOf(outcome));
  const { target } = outcome;
  return to({ at: "filling-backup", ...backingUp(state), target }, { kind: "copying", ...target });
}

function unmade({ run, target }: BackingUp & { target: CopyTarget }, outcome: Outcome): Advance {
  return to({ at: "discarding-backup", run, target, failure: causeOf(outcome) });
}

/** The copy was to be filled. */
export function filled(state: State & { at: "filling-backup" }, outcome: Outcome): Advance {
  if (outcome.is !== "done") return unmade(state, outcome);
  return to({ ...state, at: "publishing-backup" });
}

/** The backup was to be given its name: the steps that wait for it follow. */
export function published(
  state: State & { at: "publishing-backup" },
  outcome: Outcome,
  now: number,
): Advance {
  if (outcome.is !== "published") return unmade(state, outcome);
  const { state: next, events } = opened({ ...state.run, backup: null }, state.queue, now);
  return to(next, backedUp(outcome.backup), ...events);
}

/** What a backup needs besides the database. */
export interface BackupPlace {
  readonly waitMs: number;
  readonly emit: Emit;
  readonly watch?: Watch | undefined;
}

/** Makes a backup by itself; what came of it is the last event. */
export async function backup(
  wish: BackupWish,
  driver: Driver,
  { waitMs, emit, watch }: BackupPlace,
): Promise<void> {
  const fail = async (outcome: Outcome): Promise<void> => {
    await emit({ kind: "failed", failure: causeOf(outcome), migration: null });
  };
  const room = await driver.perform({ do: "prepare-copy", wish, waitMs });
  if (room.is !== "prepared") return fail(room);
  const { target } = room;
  await emit({ kind: "copying", ...target });
  watch?.({ is: "copying", path: target.path, totalBytes: target.bytes });
  const discard = async (outcome: Outcome): Promise<void> => {
    await driver.perform({ do: "discard-copy", target });
    await fail(outcome);
  };
  const copied = await driver.perform({ do: "fill-copy", wish, target, waitMs });
  if (copied.is !== "done") return discard(copied);
  const named = await driver.perform({ do: "publish-backup", wish, target });
  if (named.is !== "published") return discard(named);
  await emit(backedUp(named.backup));
}
