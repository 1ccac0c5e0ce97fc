// The catalog on a scratch database, step by step -> proof that every down undoes its up, or what it leaves.

import type { Watch } from "../activity.ts";
import type { MigrateCommand, RollbackCommand } from "../command.ts";
import type { Event } from "../event.ts";
import type { Failure } from "../failure.ts";
import type { Catalog, Migration } from "../migration/migration.ts";
import type { SteppingCommand } from "../plan/plan.ts";
import { differences, type Difference, type SchemaObject } from "../plan/schema.ts";
import type { Verdict } from "../plan/verdict.ts";
import type { Driver } from "./driver.ts";
import { execute } from "./execute.ts";
import type { ScratchPlace } from "./scratch.ts";

const flags = { dry_run: false, detail: false } as const;
const upOnce: MigrateCommand = {
  type: "migrate",
  steps: 1,
  commit: "group",
  allow_out_of_order: false,
  strict: false,
  backup: false,
  ...flags,
};
const downOnce: RollbackCommand = { type: "rollback", steps: 1, down: "recorded", ...flags };

/** A scratch database, which knows how to become the one of any version again. */
class Scratch {
  readonly #catalog: Catalog;
  readonly #place: ScratchPlace;
  #driver: Driver | null = null;

  constructor(catalog: Catalog, place: ScratchPlace) {
    this.#catalog = catalog;
    this.#place = place;
  }

  /** Runs one command; null, or what it failed with. */
  async run(command: SteppingCommand): Promise<Failure | null> {
    const driver = await this.#open();
    const events: Event[] = [];
    const request = { command, catalog: this.#catalog, commit: "group", lockTimeoutMs: 0 } as const;
    const { now, watch } = this.#place;
    const world = { driver, now, signals: null, emit: (event: Event) => void events.push(event) };
    await execute(request, watch === undefined ? world : { ...world, watch });
    return events.find((event) => event.kind === "failed")?.failure ?? null;
  }

  async schema(): Promise<readonly SchemaObject[]> {
    const driver = await this.#open();
    const outcome = await driver.perform({ do: "survey" });
    if (outcome.is !== "surveyed") throw new Error(`a survey came to ${outcome.is}`);
    return outcome.objects;
  }

  /** Starts over, with every migration up to a version applied. */
  async rebuild(version: number): Promise<Failure | null> {
    this.close();
    const { steps: _steps, ...all } = upOnce;
    return this.run({ ...all, to: version });
  }

  close(): void {
    this.#driver?.close();
    this.#driver = null;
  }

  async #open(): Promise<Driver> {
    this.#driver ??= await this.#place.openDriver({
      path: "scratch",
      mode: "memory",
      readWaitMs: 0,
    });
    return this.#driver;
  }
}

interface Compared {
  readonly real: readonly Difference[];
  readonly orderOnly: readonly Difference[];
}

function compare(wanted: readonly SchemaObject[], found: readonly SchemaObject[]): Compared {
  const all = differences(wanted, found);
  return {
    real: all.filter((each) => !each.isOrderOnly),
    orderOnly: all.filter((each) => each.isOrderOnly),
  };
}

function hasNoDown(failure: Failure): boolean {
  return failure.code === "history.irreversible";
}

/** Goes up, down and up again with the next migration. */
async function verifyOne(migration: Migration, scratch: Scratch): Promise<Verdict> {
  const { version, name } = migration;
  const base = { version, name, orderOnly: [] };
  const before = await scratch.schema();
  const up = await scratch.run(upOnce);
  if (up !== null) return { ...base, verdict: "up-fails", failure: up };
  const after = await scratch.schema();
  const down = await scratch.run(downOnce);
  if (down !== null) {
    if (hasNoDown(down)) return { ...base, verdict: "irreversible" };
    return { ...base, verdict: "down-fails", failure: down };
  }
  const undone = compare(before, await scratch.schema());
  if (undone.real.length > 0) {
    return { ...base, verdict: "not-undone", differences: undone.real };
  }
  const again = await scratch.run(upOnce);
  if (again !== null) {
    return { ...base, verdict: "not-repeatable", failure: again, differences: [] };
  }
  const repeated = compare(after, await scratch.schema());
  const orderOnly = [...undone.orderOnly, ...repeated.orderOnly];
  if (repeated.real.length === 0) return { ...base, verdict: "reversible", orderOnly };
  return { ...base, verdict: "not-repeatable", failure: null, differences: repeated.real };
}

/** Whether the next migration finds what it stands on: after a way that failed, the scratch database is made anew. */
async function canGoOn({ verdict, version }: Verdict, scratch: Scratch): Promise<boolean> {
  if (verdict === "up-fails") return false;
  if (verdict === "reversible" || verdict === "irreversible") return true;
  return (await scratch.rebuild(version)) === null;
}

/** A verdict on every migration, in order; the first that cannot be left applied is the last, as nothing stands on it. */
export async function verify(catalog: Catalog, place: ScratchPlace): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const of = catalog.migrations.length;
  // Each way is a run of its own; who watches wants to know how far the whole has come.
  const watch: Watch = async (activity) => {
    const number = verdicts.length + 1;
    await place.watch?.("place" in activity ? { ...activity, place: { number, of } } : activity);
  };
  const scratch = new Scratch(catalog, place.watch === undefined ? place : { ...place, watch });
  try {
    for (const migration of catalog.migrations) {
      const verdict = await verifyOne(migration, scratch);
      verdicts.push(verdict);
      if (!(await canGoOn(verdict, scratch))) break;
    }
    return verdicts;
  } finally {
    scratch.close();
  }
}
