// The broken foreign keys of one child table, named so that before and after can be compared.

import type { Row } from "../migration/migration.ts";
import { textOf } from "./facts.ts";
import { quoteName } from "./objects.ts";
import { sqliteCode, type Connection } from "./sqlite.ts";
import { messageOf } from "./errors.ts";

/** Violations by what they say (parent, columns, values), with how many rows say it. */
export interface Violations {
  readonly rows: ReadonlyMap<string, number>;
  /** SQLite's message where a parent has no key to reference, which hides all rows. */
  readonly mismatch: string | null;
}

/** No violation. */
export const noViolations: Violations = { rows: new Map(), mismatch: null };

function describe(
  connection: Connection,
  child: string,
  row: Row,
  columns: readonly string[],
): string {
  const names = columns.map(quoteName).join(", ");
  const parent = textOf(row, "parent");
  // Of a WITHOUT ROWID table SQLite tells only that a row is broken, not which.
  if (row["rowid"] === null) return `(${columns.join(", ")}) has no match in ${parent}`;
  const quoted = columns.map((column) => `quote(${quoteName(column)})`).join(" || ', ' || ");
  const sql = `SELECT ${quoted} AS found FROM ${quoteName(child)} WHERE rowid = ?`;
  const found = names === "" ? null : connection.get(sql, row["rowid"] ?? null);
  return `(${columns.join(", ")}) = (${String(found?.["found"] ?? "?")}) has no match in ${parent}`;
}

/**
 * The violations of a table's foreign keys. A scan of the whole table (SQLite, "PRAGMA foreign_key_check"); it throws
 * nothing for a mismatched parent.
 */
export function violationsOf(connection: Connection, child: string): Violations {
  let found: Row[];
  try {
    found = connection.all(`PRAGMA foreign_key_check(${quoteName(child)})`);
  } catch (error) {
    if (sqliteCode(error) !== "SQLITE_ERROR") throw error;
    return { rows: new Map(), mismatch: messageOf(error) };
  }
  if (found.length === 0) return noViolations;
  const columns = new Map<unknown, string[]>();
  for (const row of connection.all(`PRAGMA foreign_key_list(${quoteName(child)})`)) {
    const list = columns.get(row["id"]) ?? [];
    list.push(textOf(row, "from"));
    columns.set(row["id"], list);
  }
  const rows = new Map<string, number>();
  for (const row of found) {
    const key = describe(connection, child, row, columns.get(row["fkid"]) ?? []);
    rows.set(key, (rows.get(key) ?? 0) + 1);
  }
  return { rows, mismatch: null };
}

/** What is violated now and was not before, one sentence each. */
export function newViolations(child: string, before: Violations, after: Violations): string[] {
  if (after.mismatch !== null) {
    return after.mismatch === before.mismatch ? [] : [`${child}: ${after.mismatch}`];
  }
  const sentences: string[] = [];
  for (const [key, count] of after.rows) {
    const more = count - (before.rows.get(key) ?? 0);
    if (more > 0) sentences.push(`${child} ${key}${more === 1 ? "" : ` (${more} rows)`}`);
  }
  return sentences;
}
