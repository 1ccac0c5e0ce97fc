// The broken foreign keys of one child table, in a form in which before and after can be compared.

import { foldName } from "../migration/name.ts";
import type { ForeignKey } from "./facts.ts";
import type { Horizon } from "./horizon.ts";
import { textOf } from "./live.ts";
import { quoteName } from "./objects.ts";
import type { Connection } from "./sqlite.ts";

/**
 * How a key stands by the schema alone: "missing" has no parent table, and "mismatched" one whose columns are no key
 * (SQLite, "Required and Suggested Database Indexes"), so that no statement on either table would run.
 */
export type Standing = "sound" | "missing" | "mismatched";

/** A key's standing, and its rows without a match: how many of each value. */
export interface KeyState {
  readonly standing: Standing;
  readonly orphans: ReadonlyMap<string, number>;
}

const noOrphans: ReadonlyMap<string, number> = new Map();
/** How many values a finding names before it only counts. */
const namedOrphans = 5;

/** A key's identity within its child table. */
export function keyId(key: ForeignKey): string {
  const parts = [foldName(key.parent), ...key.columns, "->", ...(key.parentColumns ?? [])];
  return parts.join("\0");
}

/** The columns of a table's primary key, folded, in the key's order. */
export function primaryKey(connection: Connection, table: string): string[] {
  return connection
    .all(`PRAGMA main.table_info(${quoteName(table)})`)
    .filter((column) => column["pk"] !== 0)
    .toSorted((a, b) => Number(a["pk"]) - Number(b["pk"]))
    .map((column) => foldName(textOf(column, "name")));
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((each) => right.includes(each));
}

function isKeyOf(connection: Connection, table: string, columns: readonly string[]): boolean {
  if (isSameSet(primaryKey(connection, table), columns)) return true;
  return connection
    .all(`PRAGMA main.index_list(${quoteName(table)})`)
    .filter((index) => index["unique"] === 1 && index["partial"] === 0)
    .some((index) => {
      const rows = connection.all(`PRAGMA main.index_info(${quoteName(textOf(index, "name"))})`);
      return isSameSet(
        rows.map((row) => foldName(textOf(row, "name"))),
        columns,
      );
    });
}

/** How a key stands by the schema alone; no row is read. */
export function standingOf(connection: Connection, horizon: Horizon, key: ForeignKey): Standing {
  const parent = horizon.relation(key.parent);
  if (parent === null) return "missing";
  if (parent.type === "view") return "mismatched";
  const columns = key.parentColumns ?? primaryKey(connection, key.parent);
  if (columns.length !== key.columns.length) return "mismatched";
  return isKeyOf(connection, key.parent, columns) ? "sound" : "mismatched";
}

/**
 * The rows without a match, grouped by their values. Written out, as `foreign_key_check` gives up at the first
 * mismatched key and names no row of a WITHOUT ROWID table. The unary plus takes away the child's affinity, so that
 * the parent's affinity and collation decide, as they do for SQLite.
 */
function orphansSql(connection: Connection, key: ForeignKey, standing: Standing): string {
  const columns = key.columns.map((column) => `c.${quoteName(column)}`);
  const found = columns.map((column) => `quote(${column})`).join(" || ', ' || ");
  const given = columns.map((column) => `${column} IS NOT NULL`).join(" AND ");
  const child = `main.${quoteName(key.child)} AS c`;
  const all = `SELECT ${found} AS found, count(*) AS count FROM ${child} WHERE ${given}`;
  if (standing === "missing") return `${all} GROUP BY 1`;
  const parentColumns = key.parentColumns ?? primaryKey(connection, key.parent);
  const matches = parentColumns
    .map((column, at) => `p.${quoteName(column)} = +${columns[at] ?? "NULL"}`)
    .join(" AND ");
  const parent = `main.${quoteName(key.parent)} AS p`;
  return `${all} AND NOT EXISTS (SELECT 1 FROM ${parent} WHERE ${matches}) GROUP BY 1`;
}

function* orphans(
  connection: Connection,
  key: ForeignKey,
  standing: Standing,
): Generator<{ found: string; count: number }> {
  if (standing === "mismatched") return;
  const prepared = connection.prepare(orphansSql(connection, key, standing));
  try {
    for (const row of prepared.iterate()) {
      yield { found: textOf(row, "found"), count: Number(row["count"]) };
    }
  } finally {
    prepared.finalize();
  }
}

/** The state of a key now. A scan of the child's table, unless it is known to be clean. */
export function stateOf(
  connection: Connection,
  horizon: Horizon,
  key: ForeignKey,
  isClean: boolean,
): KeyState {
  const standing = standingOf(connection, horizon, key);
  if (isClean) return { standing, orphans: noOrphans };
  const found = new Map<string, number>();
  for (const orphan of orphans(connection, key, standing)) found.set(orphan.found, orphan.count);
  return { standing, orphans: found };
}

/** The rows without a match that were not among those before, one sentence a value, and how many rows have none. */
export function newOrphans(
  connection: Connection,
  key: ForeignKey,
  standing: Standing,
  before: ReadonlyMap<string, number>,
): { readonly sentences: string[]; readonly isClean: boolean } {
  const sentences: string[] = [];
  const columns = key.columns.join(", ");
  let isClean = true;
  let unnamed = 0;
  for (const { found, count } of orphans(connection, key, standing)) {
    isClean = false;
    const more = count - (before.get(found) ?? 0);
    if (more <= 0) continue;
    const rows = more === 1 ? "" : ` (${more} rows)`;
    if (sentences.length === namedOrphans) unnamed += more;
    else
      sentences.push(`${key.child} (${columns}) = (${found}) has no match in ${key.parent}${rows}`);
  }
  if (unnamed > 0) {
    sentences.push(
      `${key.child} (${columns}): ${unnamed} more rows have no match in ${key.parent}`,
    );
  }
  return { sentences, isClean };
}
