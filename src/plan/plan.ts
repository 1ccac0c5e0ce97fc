// Command x catalog x history -> the steps to run, complete before anything runs.

import type { MigrateCommand, RollbackCommand } from "../command.ts";
import { fail, failure, ok, type Failure, type Result } from "../failure.ts";
import { refuseForbidden } from "../migration/forbidden.ts";
import {
  defaultOptions,
  type Catalog,
  type Direction,
  type Migration,
  type MigrationDb,
  type Section,
  type StepOptions,
  type TypeScriptMigration,
} from "../migration/migration.ts";
import { readSection, writeSection } from "../migration/sections.ts";
import { splitStatements, type Statement } from "../migration/statements.ts";
import type { History, HistoryRow } from "./history.ts";
import { refuseSample, standings, type Standing } from "./status.ts";

/** SQL, split and checked. */
export interface Script {
  readonly kind: "script";
  readonly statements: readonly Statement[];
}

/** A function of a TypeScript migration, loaded. */
export interface Call {
  readonly kind: "call";
  readonly call: (db: MigrationDb) => unknown;
}

/** A TypeScript migration whose module must be loaded before anything runs. */
export interface Module {
  readonly kind: "module";
  readonly migration: TypeScriptMigration;
}

interface StepBase<Work> {
  readonly direction: Direction;
  readonly version: number;
  readonly name: string;
  readonly file: string;
  readonly kind: "sql" | "typescript";
  readonly checksum: string;
  readonly options: StepOptions;
  /** The down section to keep in history when an up is recorded. */
  readonly down: string | null;
  /** The order of application of the row that a down takes away; null for an up, which gets the next. */
  readonly seq: number | null;
  readonly work: Work;
}

/** One migration in one direction. */
export type Step = StepBase<Script | Call | Module>;

/** A step with everything at hand to run it. */
export type ReadyStep = StepBase<Script | Call>;

/** What a run is asked to do: the command, and the catalog to do it with. */
export interface PlanRequest {
  readonly command: MigrateCommand | RollbackCommand;
  readonly catalog: Catalog;
}

function readScript(section: Section): Result<Script> {
  const statements = splitStatements(section.text, section.file, section.line);
  if (!statements.ok) return statements;
  for (const statement of statements.value) {
    const allowed = refuseForbidden(statement, section.options);
    if (!allowed.ok) return allowed;
  }
  return ok({ kind: "script", statements: statements.value });
}

function stepUp(migration: Migration): Result<Step> {
  const { version, name, file, checksum } = migration;
  const base = { direction: "up", version, name, file, checksum, seq: null } as const;
  if (migration.kind === "typescript") {
    const work: Module = { kind: "module", migration };
    return ok({ ...base, kind: "typescript", options: defaultOptions, down: null, work });
  }
  const sections = migration.sections();
  if (!sections.ok) return sections;
  const { up, down } = sections.value;
  const script = readScript(up);
  if (!script.ok) return script;
  const kept = down === null ? null : writeSection(down, "down");
  return ok({ ...base, kind: "sql", options: up.options, down: kept, work: script.value });
}

function irreversible(row: HistoryRow, why: string, hint: string): Result<never> {
  return fail("history.irreversible", `Version ${row.version} ${row.name} ${why}.`, hint);
}

function stepDown(row: HistoryRow, migrations: readonly Migration[]): Result<Step> {
  const { version, name, checksum, kind, seq } = row;
  const base = { direction: "down", version, name, checksum, kind, seq, down: null } as const;
  const migration = migrations.find((each) => each.version === version && each.name === name);
  if (kind === "typescript") {
    if (migration?.kind !== "typescript") {
      const hint = "Run the rollback with the migrations, or the executable, that holds it.";
      return irreversible(row, "is undone by TypeScript, whose file is not at hand", hint);
    }
    const work: Module = { kind: "module", migration };
    return ok({ ...base, file: migration.file, options: defaultOptions, work });
  }
  if (row.down === null) {
    const hint = "Write a new migration that undoes it, or restore a backup.";
    return irreversible(row, "has no down", hint);
  }
  const file = `${migration?.file ?? name} (down, as recorded)`;
  const section = readSection(row.down, file, "down");
  if (!section.ok) return section;
  const script = readScript(section.value);
  if (!script.ok) return script;
  return ok({ ...base, file, options: section.value.options, work: script.value });
}

/** The failure of meeting a step outside any transaction: another process is at it, or has died of it. */
export function interruption(row: HistoryRow): Failure {
  const one = `Version ${row.version} ${row.name}`;
  if (row.isRunning) {
    return failure(
      "database.locked",
      `${one} is being run by another process, outside any transaction.`,
      "Run the command again once the other is done, or wait longer with --lock-timeout.",
    );
  }
  return failure(
    "history.interrupted",
    `${one} was started outside any transaction (${row.direction ?? "up"}) and never came to its end.`,
    `See rung status for how far it came, then settle it: ` +
      `rung repair --settle ${row.version} --as applied, or --as pending.`,
  );
}

function conflictOf(standing: Standing, allowOutOfOrder: boolean): Failure | null {
  const { state } = standing;
  if (state === "applied" || state === "pending") return null;
  const { version, name } = standing.migration ?? standing.row;
  const one = `Version ${version} ${name}`;
  const conflict = (code: Failure["code"], text: string, hint: string): Failure => ({
    code,
    text,
    hint,
    changed: "nothing",
  });
  switch (state) {
    case "out-of-order":
      if (allowOutOfOrder) return null;
      return conflict(
        "history.out-of-order",
        `${one} is pending, though a later version has been applied.`,
        "Give it a version above the head, or apply it late with --allow-out-of-order.",
      );
    case "changed":
      return conflict(
        "history.changed",
        `${one} is not what was applied: its file has changed since.`,
        "Put the file back as it was, and make the change in a new migration.",
      );
    case "missing":
      return conflict(
        "history.missing",
        `${one} was applied, but is not among the migrations at hand.`,
        "Put its file back, or run the build that holds it.",
      );
    case "interrupted":
      return interruption(standing.row);
  }
}

function planMigrate(
  command: MigrateCommand,
  catalog: Catalog,
  history: History,
): Result<readonly Step[]> {
  const steps: Step[] = [];
  for (const standing of standings(catalog, history)) {
    const conflict = conflictOf(standing, command.allow_out_of_order);
    if (conflict !== null) return { ok: false, failure: conflict };
    if (standing.state !== "pending" && standing.state !== "out-of-order") continue;
    const step = stepUp(standing.migration);
    if (!step.ok) return step;
    steps.push(step.value);
  }
  return ok(steps);
}

function planRollback(migrations: readonly Migration[], history: History): Result<readonly Step[]> {
  const [latest] = history.rows.toSorted((a, b) => b.seq - a.seq);
  if (latest === undefined) {
    const text = "There is nothing to roll back: no migration is applied.";
    return fail("history.nothing-to-roll-back", text, "See rung status.");
  }
  const step = stepDown(latest, migrations);
  return step.ok ? ok([step.value]) : step;
}

/**
 * The steps that bring the database where the command wants it, in order; none where it already is.
 * `done` is how many steps of the command are durable already, when history is read again in the middle of a run.
 */
export function plan(
  request: PlanRequest,
  history: History,
  done: number,
): Result<readonly Step[]> {
  const { command, catalog } = request;
  const allowed = refuseSample(catalog, history);
  if (command.type === "migrate") {
    return allowed.ok ? planMigrate(command, catalog, history) : allowed;
  }
  if (done > 0) return ok([]);
  // What history itself keeps can be undone from any executable; only the sample's own code must stay out of it.
  return planRollback(allowed.ok ? catalog.migrations : [], history);
}
