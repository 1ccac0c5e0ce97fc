// Command x catalog x history -> the steps to run, complete before anything runs.

import type { MigrateCommand, RedoCommand, RollbackCommand } from "../command.ts";
import { fail, ok, type Result } from "../failure.ts";
import type { Catalog, Direction, Migration } from "../migration/migration.ts";
import { conflictOf, drifted, interruption } from "./conflict.ts";
import type { History, HistoryRow } from "./history.ts";
import { withoutOrder } from "./difference.ts";
import { refuseSample, standings, type Standing } from "./status.ts";
import { standsAlone, stepDown, stepUp, type Step } from "./step.ts";

/** A command that is carried out in steps. */
export type SteppingCommand = MigrateCommand | RollbackCommand | RedoCommand;

/** What a run is asked to do: the command, and the catalog to do it with. */
export interface PlanRequest {
  readonly command: SteppingCommand;
  readonly catalog: Catalog;
}

/** A step of the same command that is durable already. */
export interface DoneStep {
  readonly direction: Direction;
  readonly version: number;
}

/** The steps of all, or why the first that has none has none. */
function collect<T>(all: readonly T[], stepOf: (one: T) => Result<Step>): Result<readonly Step[]> {
  const steps: Step[] = [];
  for (const one of all) {
    const step = stepOf(one);
    if (!step.ok) return step;
    steps.push(step.value);
  }
  return ok(steps);
}

/** A target must be a version that exists somewhere: a mistyped one must not run, or undo, everything. */
function checkTarget(to: number | undefined, catalog: Catalog, history: History): Result<null> {
  const isKnown =
    to === undefined ||
    to === 0 ||
    catalog.migrations.some(({ version }) => version === to) ||
    history.rows.some(({ version }) => version === to);
  if (isKnown) return ok(null);
  const text = `There is no migration of version ${to}.`;
  return fail("usage.unknown-version", text, "See rung status for the versions there are.");
}

type Pending = Extract<Standing, { readonly state: "pending" | "out-of-order" }>;

function planMigrate(
  command: MigrateCommand,
  catalog: Catalog,
  history: History,
  done: number,
): Result<readonly Step[]> {
  const { to = Number.MAX_SAFE_INTEGER, steps = Number.MAX_SAFE_INTEGER } = command;
  const pending: Pending[] = [];
  // What is wrong with the past comes before the order of what is to come.
  for (const standing of standings(catalog, history)) {
    const { state } = standing;
    if (state === "applied") continue;
    if (state === "pending" || state === "out-of-order") {
      if (standing.migration.version <= to) pending.push(standing);
      continue;
    }
    const conflict = conflictOf(standing, command.allow_out_of_order);
    if (conflict !== null) return { ok: false, failure: conflict };
  }
  const next = pending.slice(0, steps - done);
  for (const standing of next) {
    const conflict = conflictOf(standing, command.allow_out_of_order);
    if (conflict !== null) return { ok: false, failure: conflict };
  }
  return collect(next, ({ migration }) => stepUp(migration));
}

/** The rows of history, most recently applied first. */
function latestFirst(history: History): readonly HistoryRow[] {
  return history.rows.toSorted((a, b) => b.seq - a.seq);
}

function byVersion(migrations: readonly Migration[]): ReadonlyMap<number, Migration> {
  return new Map(migrations.map((migration) => [migration.version, migration]));
}

function nothingToUndo(): Result<never> {
  const text = "There is nothing to roll back: no migration is applied.";
  return fail("history.nothing-to-roll-back", text, "See rung status.");
}

function planRollback(
  command: RollbackCommand,
  migrations: readonly Migration[],
  history: History,
  done: number,
): Result<readonly Step[]> {
  const { to, steps = to === undefined ? 1 : Number.MAX_SAFE_INTEGER } = command;
  const applied = latestFirst(history);
  if (applied.length === 0 && done === 0 && to === undefined) return nothingToUndo();
  const undone = applied.filter(({ version }) => version > (to ?? 0)).slice(0, steps - done);
  const known = byVersion(migrations);
  return collect(undone, (row) => stepDown(row, known.get(row.version), command.down));
}

/** Refuses steps that cannot be part of one transaction for all, where that is asked for. Their modules are loaded. */
export function checkTogether(command: SteppingCommand, steps: readonly Step[]): Result<null> {
  const isAll = command.type === "migrate" && command.commit === "all";
  const alone = isAll ? steps.find(standsAlone) : undefined;
  if (alone === undefined) return ok(null);
  const option = alone.options.transaction ? "foreign_keys:on" : "transaction:false";
  return fail(
    "usage.invalid-option",
    `Migration ${alone.version} ${alone.name} says ${option} and cannot be part of --commit all.`,
    "Leave --commit all out, or migrate without it.",
    { at: { file: alone.file, line: 1, column: 1 } },
  );
}

/** Undoes the latest and applies the same again; what is undone already is only applied. */
function planRedo(
  command: RedoCommand,
  catalog: Catalog,
  history: History,
  done: readonly DoneStep[],
): Result<readonly Step[]> {
  const { migrations } = catalog;
  const versions = (direction: Direction): number[] =>
    done.filter((step) => step.direction === direction).map((step) => step.version);
  const undone = versions("down");
  const applied = latestFirst(history);
  if (applied.length === 0 && undone.length === 0) return nothingToUndo();
  const still = applied
    .filter(({ version }) => !undone.includes(version))
    .slice(0, Math.max(0, command.steps - undone.length));
  const redone = new Set(versions("up"));
  // Another process may have applied meanwhile what this one has undone.
  const there = new Set(applied.map(({ version }) => version));
  const again = [
    ...undone.filter((version) => !there.has(version)),
    ...still.map(({ version }) => version),
  ].reverse();
  const known = byVersion(migrations);
  const ups = collect(again, (version): Result<Step> => {
    const migration = known.get(version);
    if (migration !== undefined) return stepUp(migration);
    const isAhead = version > (migrations.at(-1)?.version ?? 0);
    const text = `Version ${version} cannot be applied again: it is not among the migrations at hand.`;
    const way = isAhead ? "Run the build that has it" : "Put its file back";
    const code = isAhead ? "history.ahead" : "history.missing";
    return fail(code, text, `${way}, or use rung rollback alone.`);
  });
  // What has been applied again is the latest by now, and is not to be undone another time.
  if (redone.size > 0) return ups;
  const downs = collect(still, (row) => stepDown(row, known.get(row.version), command.down));
  if (!downs.ok) return downs;
  return ups.ok ? ok([...downs.value, ...ups.value]) : ups;
}

/**
 * The steps that bring the database where the command wants it, in order; none where it already is.
 * `done` are those of the command that are durable already, when history is read again in the middle of a run.
 */
export function plan(
  request: PlanRequest,
  history: History,
  done: readonly DoneStep[],
): Result<readonly Step[]> {
  const { command, catalog } = request;
  const drift = withoutOrder(history.drift);
  if (command.type === "migrate" && command.strict && drift.length > 0) {
    return { ok: false, failure: drifted(drift) };
  }
  const target = "to" in command ? checkTarget(command.to, catalog, history) : ok(null);
  if (!target.ok) return target;
  const allowed = refuseSample(catalog, history);
  if (command.type === "migrate") {
    return allowed.ok ? planMigrate(command, catalog, history, done.length) : allowed;
  }
  const started = history.rows.find((row) => row.state === "started");
  if (started !== undefined) return { ok: false, failure: interruption(started) };
  // What history itself keeps can be undone from any executable; only the sample's own code must stay out of it.
  const migrations = allowed.ok ? catalog.migrations : [];
  if (command.type === "rollback") return planRollback(command, migrations, history, done.length);
  return allowed.ok ? planRedo(command, catalog, history, done) : allowed;
}
