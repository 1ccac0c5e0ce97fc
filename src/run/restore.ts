// A restoration, stage by stage: until the one that replaces the database, all can be taken back.

import type { Watch } from "../activity.ts";
import type { Event } from "../event.ts";
import { failure, type Failure } from "../failure.ts";
import type { Driver, Outcome, RestoreStage, RestoreWish } from "./driver.ts";
import { causeOf, lockedFor } from "./moves.ts";

/** How a restoration is carried out. */
export interface RestoreSettings {
  readonly driver: Driver;
  /** How long to wait for others to let go of the database, in milliseconds. */
  readonly waitMs: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly watch?: Watch | undefined;
}

const glanceMs = 50;
const beforeReplacing = ["settle", "copy", "keep"] as const;

const unknown = failure(
  "database.commit-unknown",
  "Whether the database was replaced durably could not be found out.",
  "Run rung status, and the restoration again if the old database is still there.",
  { changed: "unknown" },
);

/** Performs a stage, again and again while others hold the database. */
async function perform(
  stage: Exclude<RestoreStage, "discard">,
  wish: RestoreWish,
  { driver, waitMs, now, watch }: RestoreSettings,
): Promise<Outcome> {
  const since = now();
  watch?.({ is: "restoring", stage });
  for (;;) {
    const outcome = await driver.perform({ do: "restore", wish, stage });
    if (outcome.is !== "busy" || now() - since >= waitMs) return outcome;
    await new Promise((resolve) => setTimeout(resolve, glanceMs));
  }
}

function causeIn(outcome: Outcome, waitMs: number): Failure {
  return outcome.is === "busy" ? lockedFor(waitMs) : causeOf(outcome);
}

/** Puts a backup in the place of the database; the last event tells what came of it. */
export async function restore(
  wish: RestoreWish,
  settings: RestoreSettings,
): Promise<readonly Event[]> {
  const { driver, waitMs } = settings;
  const fail = (cause: Failure): readonly Event[] => [
    { kind: "failed", failure: cause, migration: null },
  ];
  const undo = async (outcome: Outcome): Promise<readonly Event[]> => {
    const undone = await driver.perform({ do: "restore", wish, stage: "discard" });
    const cause = causeIn(outcome, waitMs);
    return fail(undone.is === "done" ? cause : { ...cause, changed: "unknown" });
  };
  for (const stage of beforeReplacing) {
    const outcome = await perform(stage, wish, settings);
    if (outcome.is !== "done") return undo(outcome);
  }
  const replaced = await perform("replace", wish, settings);
  if (replaced.is === "failed") return undo(replaced);
  if (replaced.is !== "done") return fail(unknown);
  const finished = await perform("finish", wish, settings);
  if (finished.is !== "restored") return fail(unknown);
  const { note, ...restored } = finished.restored;
  const done: Event = { kind: "restored", ...restored };
  return note === null ? [done] : [{ kind: "note", text: note }, done];
}
