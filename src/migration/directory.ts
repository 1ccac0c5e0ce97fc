// A directory of migration files -> the catalog.

import { fail, ok, type Failure, type Result, messageOf } from "../failure.ts";
import { fileSystem, pathsIn } from "../platform/system.ts";
import { groupByVersion, type VersionFiles } from "./catalog.ts";
import { readFilename, type MigrationFilename } from "./filename.ts";
import type { Catalog, Migration } from "./migration.ts";
import { readPlain, type ReadMigration } from "./read.ts";

function notListed(directory: string, error: unknown): Result<never> {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ENOENT" || code === "ENOTDIR") {
    const text = `There is no migrations directory at ${directory}.`;
    return fail("catalog.not-found", text, "Create it, or name another one with --dir.");
  }
  const text = `The migrations directory ${directory} cannot be read: ${messageOf(error)}.`;
  return fail("catalog.unreadable", text, "Check that you may read it.");
}

/** The migration files of a directory, grouped by version. Fails with `catalog.not-found`, `.unreadable`, `.filename` … */
export function listDirectory(directory: string): Result<readonly VersionFiles[]> {
  const entries: string[] = [];
  try {
    for (const entry of fileSystem().readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isDirectory()) entries.push(entry.name);
    }
  } catch (error) {
    return notListed(directory, error);
  }
  const files: MigrationFilename[] = [];
  for (const entry of entries.sort()) {
    const file = readFilename(entry);
    if (!file.ok) return { ok: false, failure: inDirectory(directory, file.failure) };
    if (file.value !== null) files.push(file.value);
  }
  const groups = groupByVersion(files);
  return groups.ok ? groups : { ok: false, failure: inDirectory(directory, groups.failure) };
}

function inDirectory(directory: string, found: Failure): Failure {
  return found.at === undefined
    ? found
    : { ...found, at: { ...found.at, file: pathsIn(directory)(found.at.file) } };
}

/** Reads and checks every migration of a directory, each file once, and keeps what was read. */
export async function readFiles(directory: string): Promise<Result<readonly ReadMigration[]>> {
  const listed = listDirectory(directory);
  if (!listed.ok) return listed;
  const pathOf = pathsIn(directory);
  const migrations: ReadMigration[] = [];
  let more: typeof import("./read-any.ts") | undefined;
  for (const files of listed.value) {
    const read = readPlain(pathOf, files);
    if (!("raw" in read)) {
      migrations.push(read);
      continue;
    }
    // Loaded by the first that needs it.
    more ??= await import("./read-any.ts");
    const migration = more.readAny(pathOf, files, read);
    if (!migration.ok) return migration;
    migrations.push(migration.value);
  }
  return ok(migrations);
}

/** The catalog of a directory, by what was read of it. */
export function catalogOf(directory: string, migrations: readonly Migration[]): Catalog {
  return { origin: "directory", label: directory, migrations };
}

/** The catalog of a directory. */
export async function readDirectory(directory: string): Promise<Result<Catalog>> {
  const read = await readFiles(directory);
  return read.ok ? ok(catalogOf(directory, read.value)) : read;
}
