// What a modelled run is about, before anything goes wrong.

import { readCommand, type CommitMode } from "../../src/command.ts";
import {} from "../../src/failure.ts";
import {
  defaultOptions,
  type Catalog,
  type Migration,
  type StepOptions,
} from "../../src/migration/migration.ts";
import type { SteppingCommand } from "../../src/plan/plan.ts";
import type { RunRequest } from "../../src/run/state.ts";

/** A run, and the database that it begins with. */
export interface Setting {
  readonly type: SteppingCommand["type"];
  readonly to?: number;
  readonly steps?: number;
  readonly commit: CommitMode;
  readonly isStrict: boolean;
  readonly migrations: number;
  readonly applied: number;
  readonly founded: boolean;
  readonly hasDrifted: boolean;
  /** What every second migration is: one that cannot share a transaction, or one like the others. */
  readonly second: "plain" | "outside" | "keys" | "both";
  /** Whether every third is TypeScript, so that plans are mixed and modules have to be loaded. */
  readonly hasModules: boolean;
  readonly lockTimeoutMs: number;
  /** Whether a migrate is to make a backup first. */
  readonly hasBackup: boolean;
}

/** The options of a migration. */
export function optionsOf({ second }: Setting, version: number): StepOptions {
  const isEven = version % 2 === 0;
  const isOutside = second === "outside" || (second === "both" && version % 4 === 0);
  const hasKeys = second === "keys" || (second === "both" && version % 4 === 2);
  const transaction = !(isEven && isOutside);
  return { ...defaultOptions, transaction, foreignKeys: isEven && hasKeys };
}

/** Whether a migration cannot share a transaction with others. */
export function isLoner(setting: Setting, version: number): boolean {
  const { transaction, foreignKeys } = optionsOf(setting, version);
  return !transaction || foreignKeys;
}

function migration(setting: Setting, version: number): Migration {
  const name = `m${version}`;
  const checksum = String(version);
  if (setting.hasModules && version % 3 === 2) {
    const load = (): Promise<unknown> => Promise.resolve({});
    return { kind: "typescript", version, name, checksum, file: `${version}_${name}.ts`, load };
  }
  const file = `${version}_${name}.sql`;
  const options = optionsOf(setting, version);
  const section = { text: "SELECT 1;\nSELECT 2;\n", file, line: 2, options };
  const sections = { up: section, down: section };
  return { kind: "sql", version, name, checksum, file, sections };
}

/** The migrations of a setting. */
export function catalogOf(setting: Setting): Catalog {
  const migrations = Array.from({ length: setting.migrations }, (_, index) =>
    migration(setting, index + 1),
  );
  return { origin: "directory", label: "model", migrations };
}

/** What the run of a setting is started with. */
export function requestOf(setting: Setting, catalog: Catalog): RunRequest {
  const { type, to, steps, commit, isStrict, lockTimeoutMs, hasBackup } = setting;
  const reach = { ...(to === undefined ? {} : { to }), ...(steps === undefined ? {} : { steps }) };
  const own = type === "migrate" ? { commit, strict: isStrict } : {};
  const read = readCommand({ type, ...reach, ...own }, (key) => key);
  const command = read.ok ? read.value : null;
  const isStepping =
    command?.type === "migrate" || command?.type === "rollback" || command?.type === "redo";
  if (!isStepping) throw new Error(`no command: ${JSON.stringify(setting)}`);
  const request = { command, catalog, lockTimeoutMs };
  if (type !== "migrate") return { ...request, commit: "group" };
  const wish = { for: "backup", file: null, keep: null } as const;
  return { ...request, commit, ...(hasBackup ? { backup: wish } : {}) };
}

/** The steps that the run would make if nothing else happened: versions, a negative one for a down. */
export function planOf({ type, to, steps, migrations, applied }: Setting): readonly number[] {
  const versions = Array.from({ length: migrations }, (_, index) => index + 1);
  if (type === "migrate") {
    return versions
      .slice(applied)
      .filter((version) => version <= (to ?? migrations))
      .slice(0, steps);
  }
  const latest = versions.slice(0, applied).reverse();
  const count = steps ?? (to === undefined ? 1 : applied);
  const downs = latest.filter((version) => version > (to ?? 0)).slice(0, count);
  const ups = type === "redo" ? downs.toReversed() : [];
  return [...downs.map((version) => -version), ...ups];
}

/** The code with which the run is refused before anything happens; null where it isn't. */
export function refusalOf(setting: Setting): string | null {
  const { type, to, applied, commit, isStrict, hasDrifted } = setting;
  if (type === "migrate" && isStrict && hasDrifted) return "schema.drifted";
  if (type !== "migrate" && applied === 0 && to === undefined)
    return "history.nothing-to-roll-back";
  const hasLoner = planOf(setting).some((version) => isLoner(setting, Math.abs(version)));
  return type === "migrate" && commit === "all" && hasLoner ? "usage.invalid-option" : null;
}
