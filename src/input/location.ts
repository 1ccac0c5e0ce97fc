// Options and environment -> the database and the migrations directory that are meant.

import { fail, ok, type Result } from "../failure.ts";
import type { OptionValues } from "./argv.ts";

/** The process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

function text(value: string | number | true | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

const urlHint = "Write sqlite:PATH, sqlite://PATH or file:PATH, or name the file with --db.";

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/** Reads DATABASE_URL. Parameters behind `?` are for other programs, except those that forbid what we are to do. */
function pathOfUrl(url: string): Result<string> {
  const match = /^(?:sqlite|file):(?:\/\/)?([^?#]*)(?:\?([^#]*))?/i.exec(url);
  if (match === null) {
    const [scheme] = url.split(":", 1);
    const what = url.includes(":") ? `has the scheme '${scheme}:'` : "has no scheme";
    return fail("usage.database-url", `DATABASE_URL ${what}, which is not SQLite's.`, urlHint);
  }
  const [, encoded = "", query = ""] = match;
  const path = decoded(encoded);
  const parameters = new URLSearchParams(query);
  const mode = parameters.get("mode");
  const forbidden = mode === "ro" || mode === "memory" || parameters.get("immutable") === "1";
  if (path === null || path === "" || forbidden) {
    return fail("usage.database-url", `DATABASE_URL names no file to work on: ${url}.`, urlHint);
  }
  return ok(path);
}

/**
 * The database's path: `--db` or RUNG_DB, else DATABASE_URL, else ./rung.db. A path is taken as it is; only
 * DATABASE_URL is a URL. Fails with `usage.database-url` or, for a database in memory, `usage.invalid-option`.
 */
export function databasePath(options: OptionValues, environment: Environment): Result<string> {
  const given = text(options["db"]);
  const url = text(environment["DATABASE_URL"]);
  const path = given === null && url !== null ? pathOfUrl(url) : ok(given ?? "rung.db");
  if (!path.ok || path.value !== ":memory:") return path;
  return fail(
    "usage.invalid-option",
    "A database in memory would be gone when rung ends.",
    "Name a file with --db.",
  );
}

/** The migrations directory: `--dir` or RUNG_DIR, else none that was named. */
export function migrationsDirectory(options: OptionValues): string | null {
  return text(options["dir"]);
}

/** Globs of schema objects to leave alone: `--ignore` or RUNG_IGNORE; several go with commas between them. */
export function ignoredObjects(options: OptionValues): readonly string[] {
  const given = text(options["ignore"]);
  return given === null ? [] : given.split(",").filter((glob) => glob !== "");
}
