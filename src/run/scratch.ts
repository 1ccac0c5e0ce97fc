// The catalog run on a scratch database in memory -> the schema that it makes.

import type { Watch } from "../activity.ts";
import type { MigrateCommand } from "../command.ts";
import type { Event } from "../event.ts";
import { fail, ok, type Failure, type Result } from "../failure.ts";
import type { Catalog } from "../migration/migration.ts";
import type { SchemaObject } from "../plan/schema.ts";
import type { Driver } from "./driver.ts";
import { execute } from "./execute.ts";

/** What a scratch run needs of the world. */
export interface ScratchPlace {
  readonly openDriver: (request: {
    readonly path: string;
    readonly mode: "memory";
    readonly readWaitMs: number;
  }) => Promise<Driver>;
  readonly now: () => number;
  /** Told of what takes time, where somebody watches. */
  readonly watch?: Watch | undefined;
}

/** How a scratch database begins. */
export interface Scratch {
  readonly open: () => Promise<Result<Driver>>;
  /** Whether our tables are there, and the last order of application that they know. */
  readonly standing: { readonly founded: boolean; readonly seq: number };
}

function openMemory(openDriver: ScratchPlace["openDriver"]): Promise<Driver> {
  return openDriver({ path: "scratch", mode: "memory", readWaitMs: 0 });
}

/** A scratch database in memory, which begins empty. */
export function emptyScratch({ openDriver }: ScratchPlace): Scratch {
  return {
    open: async () => ok(await openMemory(openDriver)),
    standing: { founded: false, seq: 0 },
  };
}

function upTo(version: number): MigrateCommand {
  const flags = { strict: false, backup: false, dry_run: false, detail: false };
  return { type: "migrate", to: version, commit: "group", allow_out_of_order: false, ...flags };
}

function failureOf(events: readonly Event[]): Failure | null {
  const failed = events.find((event) => event.kind === "failed");
  return failed?.failure ?? null;
}

/** The schema that the migrations up to a version make of an empty database; version 0 is the empty one. */
export async function schemaAt(
  catalog: Catalog,
  version: number,
  place: ScratchPlace,
): Promise<Result<readonly SchemaObject[]>> {
  if (version === 0) return ok([]);
  if (!catalog.migrations.some((each) => each.version === version)) {
    const text = `There is no migration of version ${version}.`;
    return fail("usage.unknown-version", text, "See rung status for the versions there are.");
  }
  const driver = await openMemory(place.openDriver);
  try {
    const events: Event[] = [];
    const request = { command: upTo(version), catalog, commit: "group", lockTimeoutMs: 0 } as const;
    const { now } = place;
    await execute(request, {
      driver,
      now,
      signals: null,
      emit: (event) => void events.push(event),
    });
    const cause = failureOf(events);
    if (cause !== null) return { ok: false, failure: { ...cause, changed: "nothing" } };
    const outcome = await driver.perform({ do: "survey" });
    if (outcome.is !== "surveyed") throw new Error(`a survey came to ${outcome.is}`);
    return ok(outcome.objects);
  } finally {
    driver.close();
  }
}
