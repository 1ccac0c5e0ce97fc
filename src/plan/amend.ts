// A repair or a baseline x catalog x history -> what is to be written into history, without running anything.

import type { BaselineCommand, RepairCommand, SettledState } from "../command.ts";
import { fail, ok, type FailureCode, type Result } from "../failure.ts";
import { sectionsOf, writeSection } from "../migration/sections.ts";
import type { Catalog, Migration, MigrationName } from "../migration/migration.ts";
import { differenceText, withoutOrder, type Difference } from "./difference.ts";
import { interruption } from "./conflict.ts";
import type { History } from "./history.ts";
import { differences, type SchemaObject } from "./schema.ts";
import { refuseSample, standings } from "./status.ts";

/** A migration that is recorded without having run. */
export interface Recorded extends MigrationName {
  readonly checksum: string;
  readonly kind: "sql" | "typescript";
  readonly down: string | null;
}

/** A change of history alone. */
export type Amendment =
  | {
      readonly kind: "settle";
      readonly migration: MigrationName;
      readonly as: SettledState;
      /** What the interrupted step has changed in the schema, where it counts as done. */
      readonly drift: readonly Difference[];
    }
  | { readonly kind: "accept-changed"; readonly migrations: readonly Recorded[] }
  | { readonly kind: "forget-missing"; readonly migrations: readonly MigrationName[] }
  | { readonly kind: "accept-drift"; readonly drift: readonly Difference[] }
  | { readonly kind: "baseline"; readonly migrations: readonly Recorded[] };

/** Whether there is nothing to write: the schema that was to be accepted has not drifted. */
export function isIdle(amendment: Amendment): boolean {
  return amendment.kind === "accept-drift" && amendment.drift.length === 0;
}

function recordOf(migration: Migration): Result<Recorded> {
  const { version, name, checksum, kind } = migration;
  if (migration.kind === "typescript") return ok({ version, name, checksum, kind, down: null });
  const sections = sectionsOf(migration);
  if (!sections.ok) return sections;
  const { down } = sections.value;
  const text = down === null ? null : writeSection(down, "down");
  return ok({ version, name, checksum, kind, down: text });
}

function recordAll(migrations: readonly Migration[]): Result<readonly Recorded[]> {
  const records: Recorded[] = [];
  for (const migration of migrations) {
    const record = recordOf(migration);
    if (!record.ok) return record;
    records.push(record.value);
  }
  return ok(records);
}

function notSo(code: FailureCode, version: number | "all", what: string): Result<never> {
  const text = version === "all" ? `No migration ${what}.` : `Version ${version} ${what}.`;
  return fail(code, text, "See rung status for where each migration stands.");
}

function settle(version: number, as: SettledState, history: History): Result<Amendment> {
  const row = history.rows.find((each) => each.version === version);
  if (row?.state !== "started") {
    const state = row === undefined ? "it is not applied" : "it is applied";
    return notSo("history.not-interrupted", version, `was not interrupted: ${state}`);
  }
  if (row.progress?.isRunning === true) return { ok: false, failure: interruption(row) };
  const isDone = as === (row.progress?.direction === "down" ? "pending" : "applied");
  const drift = isDone ? history.drift : [];
  return ok({ kind: "settle", migration: { version, name: row.name }, as, drift });
}

function acceptChanged(
  which: number | "all",
  catalog: Catalog,
  history: History,
): Result<Amendment> {
  const changed = standings(catalog, history)
    .filter((each) => each.state === "changed")
    .filter(({ row }) => which === "all" || row.version === which);
  if (changed.length === 0) {
    const what = which === "all" ? "has changed since it was applied" : "has not changed";
    return notSo("history.not-changed", which, what);
  }
  const records = recordAll(changed.map(({ migration }) => migration));
  return records.ok ? ok({ kind: "accept-changed", migrations: records.value }) : records;
}

function forgetMissing(
  which: number | "all",
  catalog: Catalog,
  history: History,
): Result<Amendment> {
  const missing = standings(catalog, history)
    .filter((each) => each.state === "missing" || each.state === "ahead")
    .filter(({ row }) => which === "all" || row.version === which)
    .map(({ row }) => ({ version: row.version, name: row.name }));
  if (missing.length === 0) return notSo("history.not-missing", which, "is missing");
  return ok({ kind: "forget-missing", migrations: missing });
}

/**
 * What a repair writes. Fails with `history.not-…` where there is nothing of the kind to repair, and with
 * `catalog.none-given` where files would be held against history and there are but the sample's.
 */
export function planRepair(
  command: RepairCommand,
  catalog: Catalog,
  history: History,
): Result<Amendment> {
  const { changed, missing, settle: started, as } = command;
  // Held against the sample, every migration of a real history would be missing.
  const isHeldAgainst = changed !== undefined || missing !== undefined;
  const allowed = isHeldAgainst ? refuseSample(catalog, history) : ok(null);
  if (!allowed.ok) return allowed;
  if (changed !== undefined) return acceptChanged(changed, catalog, history);
  if (missing !== undefined) return forgetMissing(missing, catalog, history);
  if (started !== undefined && as !== undefined) return settle(started, as, history);
  return ok({ kind: "accept-drift", drift: history.drift });
}

/**
 * What a baseline writes: every migration up to a version. `wanted` is the schema that these make, which the live one
 * must be; null to take it as it is. Fails with `history.not-baseline`, naming every difference, and as `refuseSample`.
 */
export function planBaseline(
  command: BaselineCommand,
  catalog: Catalog,
  history: History,
  wanted: readonly SchemaObject[] | null,
  live: readonly SchemaObject[],
): Result<Amendment> {
  const { version } = command;
  const allowed = refuseSample(catalog, history);
  if (!allowed.ok) return allowed;
  const upTo = catalog.migrations.filter((each) => each.version <= version);
  if (upTo.at(-1)?.version !== version) {
    const text = `There is no migration of version ${version}.`;
    return fail("usage.unknown-version", text, "See rung status for the versions there are.");
  }
  if (history.rows.length > 0) {
    const text = "This database has a history already: a baseline is for one that has none.";
    return fail("history.not-baseline", text, "See rung status; rung repair mends a history.");
  }
  const found = wanted === null ? [] : withoutOrder(differences(wanted, live));
  if (found.length > 0) {
    return fail(
      "history.not-baseline",
      `The live schema is not what the migrations up to version ${version} make.`,
      "Choose the version that it is, or record this one all the same with --force.",
      { losses: found.map(differenceText) },
    );
  }
  const records = recordAll(upTo);
  return records.ok ? ok({ kind: "baseline", migrations: records.value }) : records;
}
