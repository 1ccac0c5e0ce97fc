// A scratch database on which migrations are tried, one step at a time: nobody else writes there, so nothing is planned anew.

import type { MigrateCommand, RollbackCommand } from "../command.ts";
import type { Event } from "../event.ts";
import type { Failure } from "../failure.ts";
import type { Catalog, Migration } from "../migration/migration.ts";
import type { TableContents } from "../plan/contents.ts";
import { lastSeq, type HistoryRow } from "../plan/history.ts";
import type { SteppingCommand } from "../plan/plan.ts";
import { differences, type SchemaObject } from "../plan/schema.ts";
import { recordOf, stepDown, stepUp, type Step } from "../plan/step.ts";
import type { Driver, Outcome } from "./driver.ts";
import { execute, executeFrom, type World } from "./execute.ts";
import { startPlanned } from "./planning.ts";
import type { Scratch, ScratchPlace } from "./scratch.ts";

const flags = { dry_run: false, detail: false } as const;
const up: MigrateCommand = {
  type: "migrate",
  commit: "group",
  allow_out_of_order: false,
  strict: false,
  backup: false,
  ...flags,
};
const upOnce: MigrateCommand = { ...up, steps: 1 };
const downOnce: RollbackCommand = { type: "rollback", steps: 1, down: "recorded", ...flags };

/** What trials need of the world. */
export type TrialPlace = Pick<ScratchPlace, "now" | "watch">;

/** A database at one moment. */
export interface Moment {
  readonly objects: readonly SchemaObject[];
  /** The rows; none where they are not looked at. */
  readonly tables: readonly TableContents[];
}

function unexpected(outcome: Outcome): Error {
  return new Error(`a scratch database answered ${JSON.stringify(outcome)}`);
}

/** A scratch database, which knows how to become the one of any version again. */
export class Trial {
  private readonly catalog: Catalog;
  private readonly place: TrialPlace;
  private readonly scratch: Scratch;
  private readonly withRows: boolean;
  private driver: Driver | null = null;
  private standing: Scratch["standing"];
  /** What was applied last. */
  private latest: { readonly migration: Migration; readonly row: HistoryRow } | null = null;

  /** With `withRows`, tables are seeded when asked, and their contents are looked at. */
  constructor(catalog: Catalog, place: TrialPlace, scratch: Scratch, withRows: boolean) {
    this.catalog = catalog;
    this.place = place;
    this.scratch = scratch;
    this.standing = scratch.standing;
    this.withRows = withRows;
  }

  /** Opens the scratch database; null, or why that could not be. To be called first. */
  async begin(): Promise<Failure | null> {
    const opened = await this.scratch.open();
    if (!opened.ok) return opened.failure;
    this.driver = opened.value;
    return null;
  }

  /** Applies a migration; null, or what it failed with. */
  async up(migration: Migration): Promise<Failure | null> {
    const step = stepUp(migration);
    if (!step.ok) return step.failure;
    const { seq } = this.standing;
    const cause = await this.run(upOnce, step.value);
    if (cause !== null) return cause;
    this.standing = { founded: true, seq: seq + 1 };
    this.latest = { migration, row: recordOf(step.value, seq + 1) };
    return null;
  }

  /** Undoes what was applied last; null, or what that failed with. */
  async down(): Promise<Failure | null> {
    if (this.latest === null) throw new Error("nothing was applied");
    const { migration, row } = this.latest;
    const step = stepDown(row, migration, "recorded");
    return step.ok ? this.run(downOnce, step.value) : step.failure;
  }

  /** Gives rows to tables that have too few; tells what was not possible. */
  async seed(): Promise<readonly string[]> {
    if (!this.withRows) return [];
    const outcome = await this.opened().perform({ do: "seed" });
    if (outcome.is !== "seeded") throw unexpected(outcome);
    return outcome.notes;
  }

  /** The database as it is now. */
  async moment(): Promise<Moment> {
    const driver = this.opened();
    const schema = await driver.perform({ do: "recall" });
    if (schema.is !== "surveyed") throw unexpected(schema);
    if (!this.withRows) return { objects: schema.objects, tables: [] };
    const rows = await driver.perform({ do: "read-rows" });
    if (rows.is !== "rows-read") throw unexpected(rows);
    return { objects: schema.objects, tables: rows.tables };
  }

  /** Starts over, with every migration up to a version applied, and no rows but theirs. */
  async rebuild(version: number): Promise<Failure | null> {
    this.close();
    const unopened = await this.begin();
    if (unopened !== null || version === 0) return unopened;
    const events: Event[] = [];
    await execute(this.request({ ...up, to: version }), this.world(events));
    const cause = events.find((event) => event.kind === "failed")?.failure ?? null;
    const looked = await this.opened().perform({ do: "look" });
    if (cause !== null || looked.is !== "looked") return cause;
    this.standing = { founded: looked.history.founded, seq: lastSeq(looked.history) };
    return null;
  }

  /** Reads the schema anew: what was followed step by step must have been all that there is. */
  async check(): Promise<void> {
    const { objects } = await this.moment();
    const outcome = await this.opened().perform({ do: "survey" });
    if (outcome.is !== "surveyed") throw unexpected(outcome);
    const [unseen] = differences(objects, outcome.objects);
    if (unseen !== undefined) throw new Error(`${unseen.type} ${unseen.name} went unseen`);
  }

  close(): void {
    this.driver?.close();
    this.driver = null;
    this.latest = null;
    this.standing = this.scratch.standing;
  }

  private opened(): Driver {
    if (this.driver === null) throw new Error("the trial has not begun");
    return this.driver;
  }

  private world(events: Event[]): World {
    const { now, watch } = this.place;
    const emit = (event: Event): void => void events.push(event);
    return { driver: this.opened(), now, signals: null, emit, watch };
  }

  private request(command: SteppingCommand): Parameters<typeof execute>[0] {
    return { command, catalog: this.catalog, commit: "group", lockTimeoutMs: 0 };
  }

  private async run(command: SteppingCommand, step: Step): Promise<Failure | null> {
    const events: Event[] = [];
    const world = this.world(events);
    const request = this.request(command);
    await executeFrom(startPlanned(request, [step], this.standing, world.now()), world);
    return events.find((event) => event.kind === "failed")?.failure ?? null;
  }
}
