// Which objects of a schema are the user's, and how to name them in SQL.

/** Names that are never looked at: ours, SQLite's, those of replication tools, other migration tools' histories. */
const foreign = [
  "(?:rung|sqlite|_litestream|_cf|libsql)_.*",
  "schema_migrations|goose_db_version|_sqlx_migrations|__drizzle_migrations|d1_migrations",
  "atlas_schema_revisions|flyway_schema_history|_prisma_migrations|ar_internal_metadata",
  "gorp_migrations|schema_version|refinery_schema_history",
  "knex_migrations.*",
];

/** A glob as a pattern: `*` stands for anything, `?` for one character. */
function patternOf(glob: string): string {
  const literal = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return literal.replaceAll("*", ".*").replaceAll("?", ".");
}

/** What tells, by its name, whether an object is the user's own and is none of those to be ignored. */
export function ownership(ignored: readonly string[]): (name: string) => boolean {
  const others = new RegExp(`^(?:${[...foreign, ...ignored.map(patternOf)].join("|")})$`, "is");
  return (name) => !others.test(name);
}

/** A name as SQL; backticks, as a double-quoted name that doesn't resolve would silently become a string. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}
