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

/**
 * Reads a file name. Null for files that are none of ours: hidden ones, `.d.ts`, and any other ending.
 * Fails (`catalog.filename`) on a `.sql` or `.ts` that doesn't fit, or a version outside 1 to 2^53 - 1.
 */
export function readFilename(file: string): Result<MigrationFilename | null> {
  if (file.startsWith(".") || file.endsWith(".d.ts")) return ok(null);
  if (!file.endsWith(".sql") && !file.endsWith(".ts")) return ok(null);
  const at = { file, line: 1, column: 1 };
  const match = form.exec(file);
  const [, digits = "", name = "", half, ending] = match ?? [];
  if (match === null || (ending === "ts" && half !== undefined)) {
    return fail("catalog.filename", "This is not the name of a migration.", hint, { at });
  }
  const version = Number(digits);
  if (version < 1 || !Number.isSafeInteger(version)) {
    return fail(
      "catalog.filename",
      `The version ${digits} is not between 1 and ${Number.MAX_SAFE_INTEGER}.`,
      hint,
      { at },
    );
  }
  if (ending === "ts") return ok({ file, version, name, part: "typescript" });
  if (half === "up" || half === "down") return ok({ file, version, name, part: half });
  return ok({ file, version, name, part: "sections" });
}
