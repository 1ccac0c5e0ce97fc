// All migration files by name -> one list in version order, without contradictions.

import { fail, ok, type Result } from "../failure.ts";
import type { MigrationFilename } from "./filename.ts";

/** The files of one version: a split pair has two, everything else one. */
export interface VersionFiles {
  readonly version: number;
  readonly name: string;
  readonly main: MigrationFilename;
  readonly down: MigrationFilename | null;
}

function twice(a: MigrationFilename, b: MigrationFilename): Result<never> {
  return fail(
    "catalog.duplicate-version",
    `Version ${a.version} is taken twice: by ${a.file} and by ${b.file}.`,
    "Give the newer of the two the next free version.",
    { at: { file: b.file, line: 1, column: 1 } },
  );
}

/** By version; in a pair the up comes first. */
function compare(a: MigrationFilename, b: MigrationFilename): number {
  if (a.version !== b.version) return a.version - b.version;
  if (a.part !== b.part && (a.part === "down" || b.part === "down"))
    return a.part === "down" ? 1 : -1;
  return a.file < b.file ? -1 : 1;
}

/** With leading zeros, and no pairs, they come in order, and to see that is faster than to sort. */
function inOrder(files: readonly MigrationFilename[]): readonly MigrationFilename[] {
  let last: MigrationFilename | undefined;
  for (const file of files) {
    const isNext = last === undefined || last.version < file.version || compare(last, file) <= 0;
    if (!isNext) return files.toSorted(compare);
    last = file;
  }
  return files;
}

function alone({ file }: MigrationFilename): Result<never> {
  const up = file.replace(/\.down\.sql$/, ".up.sql");
  return fail(
    "catalog.filename",
    `This is the down of a pair whose ${up} does not exist.`,
    `Add ${up}, or remove this file.`,
    { at: { file, line: 1, column: 1 } },
  );
}

/**
 * Groups file names by version, lowest first. Fails with `catalog.duplicate-version` where two migrations claim one
 * version, and with `catalog.filename` on a `.down.sql` without its `.up.sql`.
 */
export function groupByVersion(
  files: readonly MigrationFilename[],
): Result<readonly VersionFiles[]> {
  const groups: VersionFiles[] = [];
  let last: VersionFiles | undefined;
  for (const file of inOrder(files)) {
    const { version, name, part } = file;
    const same: VersionFiles | undefined = last?.version === version ? last : undefined;
    if (part !== "down") {
      if (same !== undefined) return twice(same.main, file);
      last = { version, name, main: file, down: null };
      groups.push(last);
      continue;
    }
    if (same === undefined) return alone(file);
    const isPair = same.name === name && same.main.part === "up" && same.down === null;
    if (!isPair) return twice(same.down ?? same.main, file);
    last = { ...same, down: file };
    groups[groups.length - 1] = last;
  }
  return ok(groups);
}
