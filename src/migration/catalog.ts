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

function isBefore(a: MigrationFilename, b: MigrationFilename): boolean {
  return a.version < b.version || (a.version === b.version && a.file < b.file);
}

/** By version, then by name. With leading zeros they come so, and to see that is faster than to sort. */
function inOrder(files: readonly MigrationFilename[]): readonly MigrationFilename[] {
  let last: MigrationFilename | undefined;
  for (const file of files) {
    if (last !== undefined && !isBefore(last, file)) {
      return files.toSorted((a, b) => a.version - b.version || (a.file < b.file ? -1 : 1));
    }
    last = file;
  }
  return files;
}

/**
 * Groups file names by version, lowest first. Fails with `catalog.duplicate-version` where two migrations claim one
 * version, and with `catalog.filename` on a `.down.sql` without its `.up.sql`.
 */
export function groupByVersion(
  files: readonly MigrationFilename[],
): Result<readonly VersionFiles[]> {
  const ordered = inOrder(files);
  const groups = new Map<number, VersionFiles>();
  for (const main of ordered) {
    if (main.part === "down") continue;
    const taken = groups.get(main.version);
    if (taken !== undefined) return twice(taken.main, main);
    groups.set(main.version, { version: main.version, name: main.name, main, down: null });
  }
  for (const down of ordered) {
    if (down.part !== "down") continue;
    const group = groups.get(down.version);
    if (group === undefined) {
      const up = down.file.replace(/\.down\.sql$/, ".up.sql");
      return fail(
        "catalog.filename",
        `This is the down of a pair whose ${up} does not exist.`,
        `Add ${up}, or remove this file.`,
        { at: { file: down.file, line: 1, column: 1 } },
      );
    }
    if (group.name !== down.name || group.main.part !== "up" || group.down !== null) {
      return twice(group.down ?? group.main, down);
    }
    groups.set(down.version, { ...group, down });
  }
  const all: VersionFiles[] = [];
  for (const group of groups.values()) all.push(group);
  return ok(all);
}
