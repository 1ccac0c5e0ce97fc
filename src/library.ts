// The library face: a program migrates its own database when it starts, and gets the outcome as a value.

import type { CommitMode } from "./command.ts";
import { readCommand } from "./command.ts";
import type { Event } from "./event.ts";
import type { Failure, Result } from "./failure.ts";
import type { Workplace } from "./job.ts";
import type { MigrationName } from "./migration/migration.ts";
import { readCatalog } from "./migration/source.ts";
import { perform } from "./perform.ts";
import type { Difference } from "./plan/difference.ts";
import type { StatusRow } from "./plan/status.ts";
import { isSound, tally, type Tally } from "./report/tally.ts";

/** Which database, and which migrations. */
export interface Place {
  /** The path of the database file. */
  readonly db: string;
  /** The directory of migrations; left out, ./migrations. */
  readonly dir?: string;
  /** How long to wait for other processes, in milliseconds; 30,000 where nothing is said. */
  readonly lockTimeoutMs?: number;
  /** Globs of schema objects to leave out of guard and drift. */
  readonly ignore?: readonly string[];
}

/** How far, and how; as the options of `rung migrate`. */
export interface MigrateOptions extends Place {
  readonly to?: number;
  readonly steps?: number;
  readonly commit?: CommitMode;
  readonly allowOutOfOrder?: boolean;
  readonly strict?: boolean;
  readonly backup?: boolean;
}

/** A migration that is durable. */
export interface Applied extends MigrationName {
  readonly durationMs: number;
}

/** What came of a migrate: `applied` is durable in either case. */
export type Migrated = {
  readonly applied: readonly Applied[];
  readonly notes: readonly string[];
} & (
  | { readonly ok: true }
  | { readonly ok: false; readonly failure: Failure; readonly failed: MigrationName | null }
);

/** Where the migrations stand; `sound` where all is applied and nothing is wrong with it. */
export interface Standing {
  readonly migrations: readonly StatusRow[];
  readonly drift: readonly Difference[];
  readonly sound: boolean;
}

const usualWaitMs = 30_000;

const noSignals: ReturnType<Workplace["heldSignals"]> = {
  hold: () => undefined,
  release: () => undefined,
  received: async () => null,
};

function placeOf({
  db,
  dir = "migrations",
  lockTimeoutMs = usualWaitMs,
  ignore = [],
}: Place): Workplace {
  return {
    path: db,
    catalog: () => readCatalog(dir),
    openDriver: async (request) => {
      const { openDatabase } = await import("./database/open.ts");
      return openDatabase({ ...request, ignored: ignore });
    },
    lockTimeoutMs,
    now: () => performance.now(),
    // The signals are the program's own.
    signals: null,
    heldSignals: () => noSignals,
  };
}

async function performed(
  fields: Readonly<Record<string, unknown>>,
  place: Place,
): Promise<Result<Tally>> {
  const command = readCommand(fields, (field) => field);
  if (!command.ok) return command;
  const { value } = command;
  if (value.type === "init" || value.type === "help") throw new Error(`${value.type} is a message`);
  const events: Event[] = [];
  await perform(value, placeOf(place), (event) => void events.push(event));
  return { ok: true, value: tally(events) };
}

/**
 * Applies what is pending, as `rung migrate` does. Prints nothing, ends nothing, installs no signal handlers; what goes
 * wrong as expected is a failure with a code (README, "Exit statuses and failure codes"). Throws only on a bug of ours.
 */
export async function migrate(options: MigrateOptions): Promise<Migrated> {
  const { to, steps, commit, allowOutOfOrder, strict, backup } = options;
  const given = { to, steps, commit, allow_out_of_order: allowOutOfOrder, strict, backup };
  const fields = Object.entries(given).filter(([, value]) => value !== undefined);
  const found = await performed({ type: "migrate", ...Object.fromEntries(fields) }, options);
  if (!found.ok) {
    return { ok: false, failure: found.failure, failed: null, applied: [], notes: [] };
  }
  const { stepped, notes, fault } = found.value;
  const applied = stepped.map(({ version, name, durationMs }) => ({ version, name, durationMs }));
  if (fault === null) return { ok: true, applied, notes };
  return { ok: false, failure: fault.failure, failed: fault.migration, applied, notes };
}

/** Where the migrations stand, as `rung status` tells it; creates nothing. Fails as that does. */
export async function status(place: Place): Promise<Result<Standing>> {
  const found = await performed({ type: "status" }, place);
  if (!found.ok) return found;
  const { rows, drift, fault } = found.value;
  if (fault !== null) return { ok: false, failure: fault.failure };
  return { ok: true, value: { migrations: rows, drift, sound: isSound(rows, drift) } };
}
