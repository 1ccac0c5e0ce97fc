// A migration, or its row in history, and a direction -> the step that takes it there.

import { fail, ok, type Result } from "../failure.ts";
import { refuseAll } from "../migration/forbidden.ts";
import {
  defaultOptions,
  type Direction,
  type Migration,
  type MigrationDb,
  type Section,
  type StepOptions,
  type TypeScriptMigration,
} from "../migration/migration.ts";
import { readSection, sectionsOf, writeSection } from "../migration/sections.ts";
import { splitStatements, type Statement } from "../migration/statements.ts";
import type { HistoryRow } from "./history.ts";

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
  /** What its reader should know of it before it runs; null for nothing. */
  readonly note: string | null;
  readonly work: Work;
}

/** One migration in one direction. */
export type Step = StepBase<Script | Call | Module>;

/** A step with everything at hand to run it. */
export type ReadyStep = StepBase<Script | Call>;

/** Whether a step cannot share a transaction with others. */
export function standsAlone({ options }: Step): boolean {
  return !options.transaction || options.foreignKeys;
}

/** Which down undoes a migration: the one kept in history when it was applied, or the file's of today. */
export type DownSource = "recorded" | "catalog";

function readScript(section: Section): Result<Script> {
  const statements = splitStatements(section);
  if (!statements.ok) return statements;
  const refused = refuseAll(statements.value, section);
  return refused ?? ok({ kind: "script", statements: statements.value });
}

/** The step that applies a migration. Fails with `catalog.*`. */
export function stepUp(migration: Migration): Result<Step> {
  const { version, name, file, checksum } = migration;
  const base = { direction: "up", version, name, file, checksum, seq: null, note: null } as const;
  if (migration.kind === "typescript") {
    const work: Module = { kind: "module", migration };
    return ok({ ...base, kind: "typescript", options: defaultOptions, down: null, work });
  }
  const sections = sectionsOf(migration);
  if (!sections.ok) return sections;
  const { up, down } = sections.value;
  const script = readScript(up);
  if (!script.ok) return script;
  // It would be kept as it is: what could never run must not become history.
  const undo = down === null ? null : readScript(down);
  if (undo !== null && !undo.ok) return undo;
  const kept = down === null ? null : writeSection(down, "down");
  return ok({ ...base, kind: "sql", options: up.options, down: kept, work: script.value });
}

/** What history records of an up that has run. */
export function recordOf({ version, name, checksum, kind, down }: Step, seq: number): HistoryRow {
  return {
    version,
    name,
    checksum,
    kind,
    state: "applied",
    seq,
    down,
    appliedAt: "",
    durationMs: 0,
    appliedBy: "",
  };
}

function irreversible(row: HistoryRow, why: string, hint: string): Result<never> {
  return fail("history.irreversible", `Version ${row.version} ${row.name} ${why}.`, hint);
}

const writeAnother = "Write a new migration that undoes it, or restore a backup.";

function typeScriptDown(row: HistoryRow, migration: Migration | undefined): Result<Step> {
  const { version, name, checksum, seq } = row;
  if (migration?.kind !== "typescript") {
    const hint = "Run the rollback with the migrations, or the executable, that holds it.";
    return irreversible(row, "is undone by TypeScript, whose file is not at hand", hint);
  }
  const isSame = migration.checksum === checksum;
  const note = isSame ? null : `${migration.file} has changed since it was applied.`;
  const base = { direction: "down", version, name, checksum, seq, note, down: null } as const;
  const work: Module = { kind: "module", migration };
  return ok({ ...base, kind: "typescript", file: migration.file, options: defaultOptions, work });
}

function catalogDown(migration: Migration | undefined): Result<Section | null> {
  if (migration?.kind !== "sql") return ok(null);
  const sections = sectionsOf(migration);
  return sections.ok ? ok(sections.value.down) : sections;
}

function noteOn(row: HistoryRow, ours: Section | null, source: DownSource): string | null {
  const isSame = ours === null || writeSection(ours, "down").trim() === row.down?.trim();
  if (isSame || source === "catalog") return null;
  return `The down in ${ours.file} differs from the one recorded when it was applied, which is what runs.`;
}

/** The step that undoes what a row of history records; a migration of that version may be at hand. Fails with `history.irreversible` or `catalog.*`. */
export function stepDown(
  row: HistoryRow,
  sameVersion: Migration | undefined,
  source: DownSource,
): Result<Step> {
  const { version, name, checksum, seq } = row;
  // A file that was renamed is the same migration as long as it holds the same.
  const isSame = sameVersion?.name === name || sameVersion?.checksum === checksum;
  const migration = isSame ? sameVersion : undefined;
  if (row.kind === "typescript") return typeScriptDown(row, migration);
  const ours = catalogDown(migration);
  if (!ours.ok) return ours;
  const file = `${migration?.file ?? name} (down, as recorded)`;
  const recorded = row.down === null ? ok(null) : readSection(row.down, file, "down");
  const section = source === "catalog" ? ours : recorded;
  if (!section.ok) return section;
  if (section.value === null) {
    const other = source === "recorded" && ours.value !== null;
    const hint = other ? "Its file has one by now: use it with --down catalog." : writeAnother;
    return irreversible(
      row,
      source === "catalog" ? "has no down in its file" : "has no down",
      hint,
    );
  }
  const script = readScript(section.value);
  if (!script.ok) return script;
  const { options } = section.value;
  const note = noteOn(row, ours.value, source);
  const base = { direction: "down", version, name, checksum, seq, note, down: null } as const;
  return ok({ ...base, kind: "sql", file: section.value.file, options, work: script.value });
}
