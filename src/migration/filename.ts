// A file's name in the migrations directory -> the version, name and part it stands for.

import { fail, ok, type Result } from "../failure.ts";

/** What a migration file holds: both sections, one of a split pair, or a TypeScript module. */
export type Part = "sections" | "up" | "down" | "typescript";

/** A migration file's name, understood. */
export interface MigrationFilename {
  readonly file: string;
  readonly version: number;
  readonly name: string;
  readonly part: Part;
}

/** Control characters are spelt out: to read `\p{Cc}` takes longer than all the names of a small directory. */
const form = /^(\d+)_([^.\x00-\x1f\x7f-\x9f]+)(?:\.(up|down))?\.(sql|ts)$/;
const hint =
  "Name it like 0001_create_users.sql, 0001_create_users.up.sql with .down.sql, or 0001_create_users.ts; " +
  "code that migrations share goes into a subdirectory.";

const notOne = "This is not the name of a migration.";

function refused(file: string, why: string): Result<never> {
  return fail("catalog.filename", why, hint, { at: { file, line: 1, column: 1 } });
}

/** Whether a file may lie there without being a migration. */
function isOther(file: string): boolean {
  const isCode = file.endsWith(".sql") || (file.endsWith(".ts") && !file.endsWith(".d.ts"));
  return file.startsWith(".") || !isCode;
}

/**
 * Reads a file name. Null for files that are none of ours: hidden ones, `.d.ts`, and any other ending.
 * Fails (`catalog.filename`) on a `.sql` or `.ts` that doesn't fit, or a version outside 1 to 2^53 - 1.
 */
export function readFilename(file: string): Result<MigrationFilename | null> {
  const match = form.exec(file);
  if (match === null) return isOther(file) ? ok(null) : refused(file, notOne);
  const digits = match[1] ?? "";
  const name = match[2] ?? "";
  const half = match[3];
  const version = Number(digits);
  const isCode = match[4] === "ts";
  if (isCode && half !== undefined) return refused(file, notOne);
  if (!(version >= 1 && version <= Number.MAX_SAFE_INTEGER)) {
    return refused(file, `The version ${digits} is not between 1 and ${Number.MAX_SAFE_INTEGER}.`);
  }
  if (half !== undefined) return ok({ file, version, name, part: half === "up" ? half : "down" });
  return ok({ file, version, name, part: isCode ? "typescript" : "sections" });
}
