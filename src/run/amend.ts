// A change of history alone: decided on a first look, decided again under the lock, written, committed.

import type { Event } from "../event.ts";
import type { Failure, Result } from "../failure.ts";
import { isIdle, type Amendment } from "../plan/amend.ts";
import type { MigrationName } from "../migration/migration.ts";
import type { History, HistoryRow } from "../plan/history.ts";
import type { SchemaObject } from "../plan/schema.ts";
import type { Driver, Outcome } from "./driver.ts";
import { causeOf, commitUnknown, lockedFor } from "./moves.ts";

/** Decides, from history and schema, what to write. */
export type Decide = (history: History, schema: readonly SchemaObject[]) => Result<Amendment>;

/** How an amendment is carried out. */
export interface AmendSettings {
  readonly driver: Driver;
  readonly waitMs: number;
  /** Decide and show only. */
  readonly isDryRun: boolean;
}

function failedWith(failure: Failure): Event {
  return { kind: "failed", failure, migration: null };
}

/** The live schema, or the event of not having got it. */
async function survey(driver: Driver): Promise<readonly SchemaObject[] | Event> {
  const outcome = await driver.perform({ do: "survey" });
  return outcome.is === "surveyed" ? outcome.objects : failedWith(causeOf(outcome));
}

function isEvent(found: readonly SchemaObject[] | Event): found is Event {
  return "kind" in found;
}

async function undo(driver: Driver, event: Event): Promise<Event> {
  const undone = await driver.perform({ do: "undo", scope: "group" });
  // What could not be taken back goes with the connection.
  if (undone.is !== "undone") await driver.perform({ do: "settle" });
  return event;
}

/** Whether history, and the schema that is kept, are what an amendment makes of them. */
function isAmended(amendment: Amendment, { rows, drift }: History): boolean {
  const rowOf = ({ version }: MigrationName): HistoryRow | undefined =>
    rows.find((row) => row.version === version);
  switch (amendment.kind) {
    case "settle": {
      const row = rowOf(amendment.migration);
      return amendment.as === "applied" ? row?.state === "applied" : row === undefined;
    }
    case "accept-changed":
    case "baseline":
      return amendment.migrations.every((each) => rowOf(each)?.checksum === each.checksum);
    case "forget-missing":
      return amendment.migrations.every((each) => rowOf(each) === undefined);
    case "accept-drift":
      return drift.length === 0;
  }
}

/** The commit failed, or gave no answer: history, read on a new connection, tells whether it was made. */
async function settle(driver: Driver, amendment: Amendment, committed: Outcome): Promise<Event> {
  const settled = await driver.perform({ do: "settle" });
  if (settled.is !== "settled") return failedWith(commitUnknown);
  if (!isAmended(amendment, settled.history)) return failedWith(causeOf(committed));
  if (committed.is === "lost") return { kind: "amended", amendment, isDryRun: false };
  // It is there, but the sync that makes it durable has failed: a power cut could still take it.
  return failedWith(commitUnknown);
}

function refusal(outcome: Outcome, waitMs: number): Event {
  return failedWith(outcome.is === "busy" ? lockedFor(waitMs) : causeOf(outcome));
}

/** Carries out an amendment; what came of it is the event. */
export async function amend(decide: Decide, settings: AmendSettings): Promise<Event> {
  const { driver, waitMs, isDryRun } = settings;
  const looked = await driver.perform({ do: "look" });
  if (looked.is !== "looked") return failedWith(causeOf(looked));
  const live = await survey(driver);
  if (isEvent(live)) return live;
  // Refused here, a missing file stays missing.
  const early = decide(looked.history, live);
  if (!early.ok) return failedWith(early.failure);
  if (isDryRun || isIdle(early.value)) return { kind: "amended", amendment: early.value, isDryRun };

  const begun = await driver.perform({ do: "begin", waitMs, foreignKeys: false });
  if (begun.is !== "begun") return undo(driver, refusal(begun, waitMs));
  const history = begun.history ?? looked.history;
  const locked = await survey(driver);
  if (isEvent(locked)) return undo(driver, locked);
  const decided = decide(history, locked);
  if (!decided.ok) return undo(driver, failedWith(decided.failure));
  const founded = history.founded
    ? ({ is: "done" } as const)
    : await driver.perform({ do: "found" });
  if (founded.is !== "done") return undo(driver, refusal(founded, waitMs));
  const amendment = decided.value;
  const written = await driver.perform({ do: "amend", amendment });
  if (written.is !== "done") return undo(driver, refusal(written, waitMs));
  const committed = await driver.perform({ do: "commit", waitMs });
  if (committed.is === "busy") return undo(driver, refusal(committed, waitMs));
  if (committed.is !== "done") return settle(driver, amendment, committed);
  return { kind: "amended", amendment, isDryRun };
}
