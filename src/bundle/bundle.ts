// A directory of migrations -> a new executable that carries them, and can bundle in its turn.

import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import * as v from "valibot";
import { fail, ok, type Result } from "../failure.ts";
import { facts } from "../facts.ts";
import { catalogOf, readFiles } from "../migration/directory.ts";
import type { ReadMigration } from "../migration/read.ts";
import { summaryOf, type Summary } from "../migration/summary.ts";
import { verdictFailure } from "../plan/verdict.ts";
import { startAfresh } from "../platform/afresh.ts";
import { emptyScratch, type ScratchPlace } from "../run/scratch.ts";
import { verify } from "../run/verify.ts";
import { make } from "./make.ts";
import type { BundleRequest } from "./request.ts";
import { checkRuntime } from "./runtime.ts";
import { sourcesOf } from "./tree.ts";

const textsSchema = v.record(v.string(), v.string());

/** The executable that was written. */
export interface Bundled {
  readonly file: string;
  readonly bytes: number;
  readonly target: string | null;
  readonly catalog: Summary;
}

/** The migrations of the directory, proved to come back where that is asked. */
async function readMigrations(
  { directory, isVerified }: BundleRequest,
  place: ScratchPlace,
): Promise<Result<readonly ReadMigration[]>> {
  const read = await readFiles(directory);
  if (!read.ok) return read;
  if (read.value.length === 0) {
    const text = `There are no migrations in ${directory}.`;
    return fail("catalog.empty", text, "Write one with rung new, or name another directory.");
  }
  if (!isVerified) return read;
  const migrations = read.value;
  const catalog = catalogOf(directory, migrations);
  const scratch = emptyScratch(place);
  const verdicts = await verify(catalog, place, { scratch, migrations, withRows: false });
  if (!verdicts.ok) return verdicts;
  const broken = verdictFailure(verdicts.value);
  if (broken === null) return read;
  const hint = `${broken.hint} Or bundle them as they are, with --no-verify.`;
  return { ok: false, failure: { ...broken, hint } };
}

/** Whether two paths lead to one file. */
function isSame(one: string, other: string): boolean {
  try {
    const [first, second] = [one, other].map((path) => statSync(path, { bigint: true }));
    return first !== undefined && first.dev === second?.dev && first.ino === second.ino;
  } catch {
    return false;
  }
}

/** The executable must not take the place of what it is made from. */
function objectionTo(out: string, migrations: readonly ReadMigration[]): Result<null> {
  const source = migrations.flatMap(({ read }) => read).find(({ path }) => isSame(out, path));
  if (source === undefined) return ok(null);
  const text = `${out} cannot be written: it is ${source.path}, which is to be embedded.`;
  return fail("bundle.output", text, "Name another file with --out.");
}

/** Writes the executable. Fails with `catalog.*`, `verify.*` or `bundle.*`, and then leaves what was there. */
export async function bundle(
  request: BundleRequest,
  place: ScratchPlace,
): Promise<Result<Bundled>> {
  if (facts.texts === null) {
    const text = "This rung runs from its source, and has no executable to make another from.";
    return fail("bundle.no-program", text, "Use the executable that bun run build makes.");
  }
  startAfresh();
  const { out, program, target } = request;
  const runtime = request.runtime === null ? null : checkRuntime(request.runtime, target);
  if (runtime !== null && !runtime.ok) return runtime;
  const read = await readMigrations(request, place);
  if (!read.ok) return read;
  const free = objectionTo(out, read.value);
  if (!free.ok) return free;
  const texts = v.parse(textsSchema, JSON.parse(readFileSync(facts.texts, "utf8")));
  const sources = sourcesOf({ texts, program, origin: "embedded", migrations: read.value });
  const path = runtime === null ? null : resolve(runtime.value);
  const made = await make({ sources, out, target, runtime: path });
  if (!made.ok) return made;
  const catalog = summaryOf(catalogOf(request.directory, read.value));
  return ok({ file: out, bytes: made.value, target, catalog });
}
