// The catalog on a scratch database, step by step -> proof that every down undoes its up, or what it leaves.

import type { Watch } from "../activity.ts";
import { ok, type Failure, type Result } from "../failure.ts";
import type { Catalog, Migration } from "../migration/migration.ts";
import { contentLosses, contentLossText } from "../plan/contents.ts";
import type { Difference } from "../plan/difference.ts";
import { differences, type SchemaObject } from "../plan/schema.ts";
import type { Verdict } from "../plan/verdict.ts";
import type { Scratch } from "./scratch.ts";
import { Trial, type TrialPlace } from "./trial.ts";

interface Compared {
  readonly real: readonly Difference[];
  readonly orderOnly: readonly Difference[];
}

function compare(wanted: readonly SchemaObject[], found: readonly SchemaObject[]): Compared {
  // Most of a schema is the very same objects before and after, in the same order.
  let same = 0;
  while (same < wanted.length && wanted[same] === found[same]) same++;
  const all = differences(wanted.slice(same), found.slice(same));
  return {
    real: all.filter((each) => !each.isOrderOnly),
    orderOnly: all.filter((each) => each.isOrderOnly),
  };
}

function hasNoDown(failure: Failure): boolean {
  return failure.code === "history.irreversible";
}

/** Goes up, down and up again with the next migration. */
async function verifyOne(
  migration: Migration,
  trial: Trial,
  notes: readonly string[],
): Promise<Verdict> {
  const { version, name } = migration;
  const base = { version, name, orderOnly: [], lost: [], notes };
  const before = await trial.moment();
  const up = await trial.up(migration);
  if (up !== null) return { ...base, verdict: "up-fails", failure: up };
  const after = await trial.moment();
  const down = await trial.down();
  if (down !== null) {
    if (hasNoDown(down)) return { ...base, verdict: "irreversible" };
    return { ...base, verdict: "down-fails", failure: down };
  }
  const back = await trial.moment();
  const undone = compare(before.objects, back.objects);
  const lost = contentLosses(before.tables, back.tables);
  if (undone.real.length > 0) {
    return { ...base, lost, verdict: "not-undone", differences: undone.real };
  }
  const again = await trial.up(migration);
  if (again !== null) {
    return { ...base, lost, verdict: "not-repeatable", failure: again, differences: [] };
  }
  const second = await trial.moment();
  const repeated = compare(after.objects, second.objects);
  const orderOnly = [...undone.orderOnly, ...repeated.orderOnly];
  if (repeated.real.length > 0) {
    return { ...base, lost, verdict: "not-repeatable", failure: null, differences: repeated.real };
  }
  if (lost.length > 0) return { ...base, lost, orderOnly, verdict: "lossy" };
  // The clock, chance and counters make such differences, too: they are told, and fail nothing.
  const other = contentLosses(after.tables, second.tables).map(
    (loss) => `its second up makes other rows: ${contentLossText(loss)}`,
  );
  return { ...base, orderOnly, notes: [...notes, ...other], verdict: "reversible" };
}

/** Whether the next migration finds what it stands on: after a way that failed, the scratch database is made anew. */
async function canGoOn({ verdict, version }: Verdict, trial: Trial): Promise<boolean> {
  switch (verdict) {
    case "up-fails":
      return false;
    case "reversible":
    case "irreversible":
    case "lossy":
      return true;
    default:
      return (await trial.rebuild(version)) === null;
  }
}

/**
 * Tries a migration on generated rows. That its up fails there may be the fault of rows that nobody would have made:
 * it is told, and the migration is tried again without them.
 */
async function verifyOnRows(
  migration: Migration,
  previous: number,
  trial: Trial,
): Promise<Verdict> {
  const verdict = await verifyOne(migration, trial, await trial.seed());
  if (verdict.verdict !== "up-fails") return verdict;
  const cause = await trial.rebuild(previous);
  if (cause !== null) return verdict;
  const note = `its up fails on generated rows: ${verdict.failure.text}`;
  const without = await verifyOne(migration, trial, [note]);
  return without.verdict === "up-fails" ? { ...without, notes: [] } : without;
}

/** How migrations are verified. */
export interface VerifySettings {
  readonly scratch: Scratch;
  /** Those that are to be tried, in order; the scratch database has all that come before them. */
  readonly migrations: readonly Migration[];
  /** Whether tables are given rows, and these are compared too. */
  readonly withRows: boolean;
}

/** A verdict on every migration, in order; the first that cannot be left applied is the last, as nothing stands on it. */
export async function verify(
  catalog: Catalog,
  place: TrialPlace,
  { scratch, migrations, withRows }: VerifySettings,
): Promise<Result<readonly Verdict[]>> {
  const verdicts: Verdict[] = [];
  const of = migrations.length;
  // Each way is a run of its own; who watches wants to know how far the whole has come.
  const watch: Watch = (activity) => {
    const number = verdicts.length + 1;
    place.watch?.("place" in activity ? { ...activity, place: { number, of } } : activity);
  };
  const watched = place.watch === undefined ? place : { ...place, watch };
  const trial = new Trial(catalog, watched, scratch, withRows);
  try {
    const unopened = await trial.begin();
    if (unopened !== null) return { ok: false, failure: unopened };
    for (const migration of migrations) {
      const verdict = withRows
        ? await verifyOnRows(migration, verdicts.at(-1)?.version ?? 0, trial)
        : await verifyOne(migration, trial, []);
      verdicts.push(verdict);
      if (!(await canGoOn(verdict, trial))) return ok(verdicts);
    }
    await trial.check();
    return ok(verdicts);
  } finally {
    trial.close();
  }
}
