// Settling what was interrupted: under the lock, only what history really has as started, and only as asked.

import type { RepairCommand } from "../command.ts";
import type { Event } from "../event.ts";
import { failure, type Failure } from "../failure.ts";
import { interruption } from "../plan/plan.ts";
import type { History } from "../plan/history.ts";
import type { Driver, Outcome } from "./driver.ts";
import { causeOf, lockedFor } from "./moves.ts";

function refusal(command: RepairCommand, history: History): Failure | null {
  const row = history.rows.find((each) => each.version === command.settle);
  if (row?.state === "started") return row.isRunning ? interruption(row) : null;
  const state = row === undefined ? "is not applied" : "is applied";
  return failure(
    "history.not-interrupted",
    `Version ${command.settle} was not interrupted: it ${state}.`,
    "See rung status for what is.",
  );
}

function failed(outcome: Outcome, waitMs: number): Event {
  const cause = outcome.is === "busy" ? lockedFor(waitMs) : causeOf(outcome);
  return { kind: "failed", failure: cause, migration: null };
}

/** Settles an interrupted migration; what came of it is the event. */
export async function repair(
  command: RepairCommand,
  driver: Driver,
  waitMs: number,
): Promise<Event> {
  const looked = await driver.perform({ do: "look" });
  if (looked.is !== "looked") return failed(looked, waitMs);
  // Refused here, a missing file stays missing.
  const early = refusal(command, looked.history);
  if (early !== null) return { kind: "failed", failure: early, migration: null };
  const begun = await driver.perform({ do: "begin", waitMs, foreignKeys: false });
  if (begun.is !== "begun") return failed(begun, waitMs);
  const history = begun.history ?? looked.history;
  const refused = refusal(command, history);
  const row = history.rows.find((each) => each.version === command.settle);
  if (refused !== null || row === undefined) {
    await driver.perform({ do: "undo", scope: "group" });
    return { kind: "failed", failure: refused ?? causeOf({ is: "lost" }), migration: null };
  }
  const migration = { version: row.version, name: row.name };
  const { as } = command;
  for (const effect of [
    { do: "settle-started", migration, as } as const,
    { do: "commit", waitMs } as const,
  ]) {
    const outcome = await driver.perform(effect);
    if (outcome.is === "done") continue;
    await driver.perform({ do: "undo", scope: "group" });
    return failed(outcome, waitMs);
  }
  return { kind: "settled", migration, as };
}
