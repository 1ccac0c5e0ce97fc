// Which objects of a schema are the user's, and how to name them in SQL.

import { foldName } from "../migration/name.ts";

/** The histories of other migration tools. */
const histories: readonly string[] = [
  "schema_migrations",
  "schema_version",
  "goose_db_version",
  "_sqlx_migrations",
  "__drizzle_migrations",
  "d1_migrations",
  "atlas_schema_revisions",
  "flyway_schema_history",
  "_prisma_migrations",
  "ar_internal_metadata",
  "gorp_migrations",
  "refinery_schema_history",
];

/**
 * Whether a name is never looked at: ours, SQLite's, that of a replication tool or of another migration tool's history.
 * Told apart by how it begins: to compile a pattern of all these takes longer than a hundred names this way.
 */
function isForeign(name: string): boolean {
  if (!name.includes("_")) return false;
  const folded = foldName(name);
  switch (folded.slice(0, folded.indexOf("_", 1) + 1)) {
    case "rung_":
    case "sqlite_":
    case "_litestream_":
    case "_cf_":
    case "libsql_":
      return true;
    case "knex_":
      return folded.startsWith("knex_migrations");
    default:
      return histories.includes(folded);
  }
}

/** A glob as a pattern: `*` stands for anything, `?` for one character. */
function patternOf(glob: string): string {
  const literal = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return literal.replaceAll("*", ".*").replaceAll("?", ".");
}

/** What tells, by its name, whether an object is the user's own and is none of those to be ignored. */
export function ownership(ignored: readonly string[]): (name: string) => boolean {
  if (ignored.length === 0) return (name) => !isForeign(name);
  const others = new RegExp(`^(?:${ignored.map(patternOf).join("|")})$`, "is");
  return (name) => !isForeign(name) && !others.test(name);
}

/** A name as SQL; backticks, as a double-quoted name that doesn't resolve would silently become a string. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}
