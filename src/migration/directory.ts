// A directory of migration files -> the catalog.

import { fail, ok, type Failure, type Result, messageOf } from "../failure.ts";
import { fileSystem, nodePath, pathsIn } from "../platform/system.ts";
import { importsOf } from "../platform/imports.ts";
import { groupByVersion, type VersionFiles } from "./catalog.ts";
import {
  checksumOfPlain,
  checksumOfSection,
  checksumOfSources,
  type SourceFile,
} from "./checksum.ts";
import { readFilename, type MigrationFilename } from "./filename.ts";
import type { Catalog, Migration, Sections } from "./migration.ts";
import {
  endOfPlainUp,
  normalizeText,
  plainSections,
  plainUp,
  readSection,
  readSections,
} from "./sections.ts";

function unreadable(path: string, error: unknown): Result<never> {
  const text = `The file cannot be read: ${messageOf(error)}.`;
  const at = { file: path, line: 1, column: 1 };
  return fail("catalog.unreadable", text, "Check that it exists and that you may read it.", { at });
}

/** Reads a file as it is. Fails with `catalog.unreadable`. */
function readRaw(path: string): Result<string> {
  try {
    return ok(fileSystem().readFileSync(path, "utf8"));
  } catch (error) {
    return unreadable(path, error);
  }
}

/** What was read of a file as normalized text. Fails with `catalog.text` where it isn't UTF-8. */
function normalized(path: string, raw: string): Result<string> {
  let badLine: number | null = null;
  try {
    // What is not UTF-8 is read as this character, which may also stand there by itself.
    if (raw.includes("\ufffd")) badLine = firstBadLine(fileSystem().readFileSync(path));
  } catch (error) {
    return unreadable(path, error);
  }
  if (badLine === null) return ok(normalizeText(raw));
  return fail("catalog.text", "The file is not valid UTF-8.", "Save it as UTF-8.", {
    at: { file: path, line: badLine, column: 1 },
  });
}

function readText(path: string): Result<string> {
  const raw = readRaw(path);
  return raw.ok ? normalized(path, raw.value) : raw;
}

/** The first line that is not UTF-8; null where all are. */
function firstBadLine(bytes: Uint8Array): number | null {
  const strict = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    try {
      strict.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end;
  }
  return null;
}

/** A file as it was read, by its path. */
export interface ReadFile {
  readonly path: string;
  /** Normalized. */
  readonly text: string;
}

/** A migration with the files that it is made of, each read once. */
export interface ReadMigration {
  readonly files: VersionFiles;
  readonly migration: Migration;
  readonly read: readonly ReadFile[];
}

/** What the path of a file in the directory is. */
type PathOf = (file: string) => string;

/** The sections of a migration whose first file was read already, and every file that they are from. */
function sectionsOf(
  pathOf: PathOf,
  files: VersionFiles,
  main: ReadFile,
): Result<{ readonly sections: Sections; readonly read: readonly ReadFile[] }> {
  if (files.main.part === "sections") {
    const sections = readSections(main.text, main.path);
    return sections.ok ? ok({ sections: sections.value, read: [main] }) : sections;
  }
  const up = readSection(main.text, main.path, "up");
  if (!up.ok) return up;
  if (files.down === null) return ok({ sections: { up: up.value, down: null }, read: [main] });
  const path = pathOf(files.down.file);
  const text = readText(path);
  if (!text.ok) return text;
  const down = readSection(text.value, path, "down");
  if (!down.ok) return down;
  const read = [main, { path, text: text.value }];
  return ok({ sections: { up: up.value, down: down.value }, read });
}

function readSql(pathOf: PathOf, files: VersionFiles): Result<ReadMigration> {
  const { version, name, main } = files;
  const file = pathOf(main.file);
  const raw = readRaw(file);
  if (!raw.ok) return raw;
  const text = raw.value;
  const end = main.part === "sections" ? endOfPlainUp(text) : null;
  if (end !== null) {
    const checksum = checksumOfPlain(plainUp(text, end));
    const sections = (): Result<Sections> => ok(plainSections(text, file, end));
    const migration: Migration = { version, name, file, kind: "sql", checksum, sections };
    return ok({ files, migration, read: [{ path: file, text }] });
  }
  const whole = normalized(file, text);
  if (!whole.ok) return whole;
  const cut = sectionsOf(pathOf, files, { path: file, text: whole.value });
  if (!cut.ok) return cut;
  const { sections, read } = cut.value;
  const checksum = checksumOfSection(sections.up);
  const migration: Migration = {
    version,
    name,
    file,
    kind: "sql",
    checksum,
    sections: () => ok(sections),
  };
  return ok({ files, migration, read });
}

function wrongImport(file: string, text: string): Failure {
  return {
    code: "catalog.import",
    text,
    hint: "A migration may import node: modules, and other files by relative path.",
    changed: "nothing",
    at: { file, line: 1, column: 1 },
  };
}

/** A TypeScript file and every file that it imports by relative path, each once. */
function readSources(path: string): Result<readonly ReadFile[]> {
  const { dirname, join } = nodePath();
  const found = new Map<string, ReadFile>();
  const open = [path];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    const text = readText(next);
    if (!text.ok) return text;
    found.set(next, { path: next, text: text.value });
    if (!/\.[cm]?[jt]s$/.test(next)) continue;
    let specifiers: string[];
    try {
      specifiers = importsOf(text.value);
    } catch (error) {
      const text = `The file is not TypeScript: ${messageOf(error)}.`;
      const at = { file: next, line: 1, column: 1 };
      return fail("catalog.module", text, "Mend its syntax.", { at });
    }
    for (const specifier of specifiers) {
      if (specifier.startsWith("node:")) continue;
      if (!/^\.\.?\//.test(specifier)) {
        const text = `The package '${specifier}' cannot be imported from a migration.`;
        return { ok: false, failure: wrongImport(next, text) };
      }
      open.push(join(dirname(next), specifier));
    }
  }
  return ok([...found.values()]);
}

/** What the checksum of a TypeScript migration is made from. */
function checkedSources(path: string, read: readonly ReadFile[]): readonly SourceFile[] {
  const { dirname, relative } = nodePath();
  return read.map((each) => ({
    // The file itself goes without its name, as a SQL migration's does: renaming it is no change.
    path: each.path === path ? "" : relative(dirname(path), each.path).replaceAll("\\", "/"),
    text: each.text,
  }));
}

function readTypeScript(pathOf: PathOf, files: VersionFiles): Result<ReadMigration> {
  const { version, name, main } = files;
  const file = pathOf(main.file);
  const sources = readSources(file);
  if (!sources.ok) return sources;
  const migration: Migration = {
    version,
    name,
    file,
    kind: "typescript",
    checksum: checksumOfSources(checkedSources(file, sources.value)),
    load: async (): Promise<unknown> => {
      const { pathToFileURL } = await import("node:url");
      return import(pathToFileURL(nodePath().resolve(file)).href);
    },
  };
  return ok({ files, migration, read: sources.value });
}

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

/** What `pick` takes of every migration of a directory; each file is read once, and checked. */
function readAll<T>(directory: string, pick: (read: ReadMigration) => T): Result<readonly T[]> {
  const listed = listDirectory(directory);
  if (!listed.ok) return listed;
  const pathOf = pathsIn(directory);
  const all: T[] = [];
  for (const files of listed.value) {
    const isCode = files.main.part === "typescript";
    const read = isCode ? readTypeScript(pathOf, files) : readSql(pathOf, files);
    if (!read.ok) return read;
    all.push(pick(read.value));
  }
  return ok(all);
}

/** Every migration of a directory with what was read of it. */
export function readFiles(directory: string): Result<readonly ReadMigration[]> {
  return readAll(directory, (read) => read);
}

/** The catalog of a directory. */
export function readDirectory(directory: string): Result<Catalog> {
  const migrations = readAll(directory, ({ migration }) => migration);
  if (!migrations.ok) return migrations;
  return ok({ origin: "directory", label: directory, migrations: migrations.value });
}
