// The files of one version -> its migration, whatever they hold, each file read once.

import { fail, ok, type Failure, type Result, messageOf } from "../failure.ts";
import { importsOf } from "../platform/imports.ts";
import { fileSystem, nodePath } from "../platform/system.ts";
import type { VersionFiles } from "./catalog.ts";
import { checksumOfSources, type SourceFile } from "./checksum.ts";
import type { FileText, Sections } from "./migration.ts";
import type { PathOf, ReadMigration, Unread } from "./read.ts";
import { checksumOfSection, cutAtMarkers, readSection } from "./sections.ts";
import { normalizeText } from "./text.ts";

function unreadable(path: string, error: unknown): Result<never> {
  const text = `The file cannot be read: ${messageOf(error)}.`;
  const at = { file: path, line: 1, column: 1 };
  return fail("catalog.unreadable", text, "Check that it exists and that you may read it.", { at });
}

/** What was read of a file as normalized text. Fails with `catalog.text` where it isn't UTF-8. */
function normalized(path: string, raw: string): Result<string> {
  // What is not UTF-8 is read as this character, which may also stand there by itself.
  const bad = raw.includes("\ufffd") ? badLineOf(path) : ok(null);
  if (!bad.ok) return bad;
  if (bad.value === null) return ok(normalizeText(raw));
  return fail("catalog.text", "The file is not valid UTF-8.", "Save it as UTF-8.", {
    at: { file: path, line: bad.value, column: 1 },
  });
}

function readText(path: string): Result<string> {
  let raw: string;
  try {
    raw = fileSystem().readFileSync(path, "utf8");
  } catch (error) {
    return unreadable(path, error);
  }
  return normalized(path, raw);
}

function badLineOf(path: string): Result<number | null> {
  try {
    return ok(firstBadLine(fileSystem().readFileSync(path)));
  } catch (error) {
    return unreadable(path, error);
  }
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

/** The sections of a migration whose first file was read already, and every file that they are from. */
function cut(
  pathOf: PathOf,
  files: VersionFiles,
  main: FileText,
): Result<{ readonly sections: Sections; readonly read: readonly FileText[] }> {
  if (files.main.part === "sections") {
    const sections = cutAtMarkers(main.text, main.path);
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

function readSql(pathOf: PathOf, files: VersionFiles, raw: string | null): Result<ReadMigration> {
  const { version, name } = files;
  const path = pathOf(files.main.file);
  const text = raw === null ? readText(path) : normalized(path, raw);
  if (!text.ok) return text;
  const found = cut(pathOf, files, { path, text: text.value });
  if (!found.ok) return found;
  const { sections, read } = found.value;
  const checksum = checksumOfSection(sections.up);
  return ok({ version, name, file: path, kind: "sql", checksum, sections, files, read });
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
function readSources(path: string): Result<readonly FileText[]> {
  const { dirname, join } = nodePath();
  const found = new Map<string, FileText>();
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
function checkedSources(path: string, read: readonly FileText[]): readonly SourceFile[] {
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
  const read = sources.value;
  const checksum = checksumOfSources(checkedSources(file, read));
  const load = async (): Promise<unknown> => {
    const { pathToFileURL } = await import("node:url");
    return import(pathToFileURL(nodePath().resolve(file)).href);
  };
  return ok({ version, name, file, kind: "typescript", checksum, load, files, read });
}

/** Reads the files of one version as far as `readPlain` has not. Fails with `catalog.unreadable`, `.text`, `.marker` ... */
export function readAny(
  pathOf: PathOf,
  files: VersionFiles,
  { raw }: Unread,
): Result<ReadMigration> {
  const isCode = files.main.part === "typescript";
  return isCode ? readTypeScript(pathOf, files) : readSql(pathOf, files, raw);
}
