// One command on one database: catalog and driver are brought together, and events come out.

import type { Command } from "./command.ts";
import type { Event } from "./event.ts";
import type { Catalog } from "./migration/migration.ts";
import { refuseSample, statusRows } from "./plan/status.ts";
import type { Driver } from "./run/driver.ts";
import { failure, type Result } from "./failure.ts";

/** How a driver is asked for: by path, and by what the command may do there. */
export interface DriverRequest {
  readonly path: string;
  readonly mayCreate: boolean;
  readonly readWaitMs: number;
}

/** Where and with what a command works. */
export interface Workplace {
  readonly path: string;
  readonly catalog: () => Result<Catalog>;
  readonly openDriver: (request: DriverRequest) => Promise<Driver>;
  /** How long to wait for a lock where the command doesn't say, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

const noAnswer = failure(
  "database.io",
  "The database gave no answer.",
  "Run the command again: it only reads.",
);

async function look(catalog: Catalog, driver: Driver): Promise<Event> {
  const outcome = await driver.perform({ do: "look" });
  if (outcome.is === "lost") return { kind: "failed", failure: noAnswer, migration: null };
  const allowed = outcome.is === "looked" ? refuseSample(catalog, outcome.history) : outcome;
  if ("failure" in allowed) return { kind: "failed", failure: allowed.failure, migration: null };
  if (outcome.is !== "looked") throw new Error(`a look came to ${outcome.is}`);
  return { kind: "status", catalog: catalog.label, rows: statusRows(catalog, outcome.history) };
}

/** Runs a command; all that comes of it, failures included, is emitted as events. */
export async function perform(
  command: Command,
  place: Workplace,
  emit: (event: Event) => void,
): Promise<void> {
  const catalog = place.catalog();
  if (!catalog.ok) {
    emit({ kind: "failed", failure: catalog.failure, migration: null });
    return;
  }
  const lockTimeoutMs = command.lock_timeout ?? place.lockTimeoutMs;
  const driver = await place.openDriver({
    path: place.path,
    mayCreate: command.type === "migrate",
    readWaitMs: lockTimeoutMs,
  });
  try {
    if (command.type === "status") {
      emit(await look(catalog.value, driver));
      return;
    }
    const { execute } = await import("./run/execute.ts");
    const commit = command.type === "migrate" ? command.commit : "group";
    const request = { command, catalog: catalog.value, commit, lockTimeoutMs };
    await execute(request, { driver, now: place.now, emit });
  } finally {
    driver.close();
  }
}
