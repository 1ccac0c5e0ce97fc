// Tables with too few rows -> rows that satisfy their constraints, written into a scratch database.

import { messageOf } from "../failure.ts";
import type { SqlValue } from "../migration/migration.ts";
import type { TableContents } from "../plan/contents.ts";
import { Draft, wantedRows, type WantedRow } from "../plan/draft.ts";
import { foldName } from "../migration/name.ts";
import type { KeyShape, TableShape } from "../plan/shape.ts";
import type { ContentsReader } from "./contents.ts";
import { quoteName } from "./objects.ts";
import { shapeOf } from "./shape.ts";
import type { Connection } from "./sqlite.ts";

const countViolations = "SELECT count(*) AS count FROM pragma_foreign_key_check(?, 'main')";
const hasTriggers = `SELECT 1 FROM main.sqlite_schema
  WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE`;
/** How many rows of a parent are offered to its children. */
const offeredParents = 12;

/** What became of seeding. */
interface Seeded {
  /** The tables that may hold other rows now; null for any. */
  readonly touched: readonly string[] | null;
  /** The tables that could not be seeded, one sentence each. */
  readonly notes: readonly string[];
}

/** Rows that a key can refer to; none where its parent is missing, or cannot be read. */
function parentRows(connection: Connection, key: KeyShape): readonly (readonly SqlValue[])[] {
  if (key.parentColumns.length !== key.columns.length) return [];
  const given = key.parentColumns.map((column) => `${quoteName(column)} IS NOT NULL`).join(" AND ");
  const list = key.parentColumns.map((column, at) => `${quoteName(column)} AS c${at}`).join(", ");
  const sql = `SELECT ${list} FROM main.${quoteName(key.parent)} WHERE ${given} LIMIT ${offeredParents}`;
  try {
    const prepared = connection.prepare(sql);
    try {
      return prepared.all().map((row) => key.parentColumns.map((_, at) => row[`c${at}`] ?? null));
    } finally {
      prepared.finalize();
    }
  } catch {
    return [];
  }
}

/** Null where the keys of a table are wrong by the schema alone, so that SQLite cannot check them. */
function violations(connection: Connection, table: string): number | null {
  try {
    return Number(connection.get(countViolations, table)?.["count"] ?? 0);
  } catch {
    return null;
  }
}

/** Parents before children, as far as they do not refer to each other. */
function parentsFirst(tables: readonly TableShape[]): readonly TableShape[] {
  const byName = new Map(tables.map((shape) => [foldName(shape.table), shape]));
  const ordered = new Set<TableShape>();
  const open = new Set<TableShape>();
  const visit = (shape: TableShape): void => {
    if (ordered.has(shape) || open.has(shape)) return;
    open.add(shape);
    for (const { parent } of shape.keys) {
      const found = byName.get(foldName(parent));
      if (found !== undefined) visit(found);
    }
    ordered.add(shape);
  };
  for (const shape of tables) visit(shape);
  return [...ordered];
}

/** Writes one row; null, or why none was accepted. */
function writeRow(connection: Connection, shape: TableShape, wanted: WantedRow): string | null {
  const draft = new Draft(
    shape,
    wanted,
    shape.keys.map((key) => parentRows(connection, key)),
  );
  const names = shape.columns.map(({ name }) => quoteName(name)).join(", ");
  const places = shape.columns.map(() => "?").join(", ");
  // OR ABORT, as the table's own ON CONFLICT may skip the row, or replace others.
  const values = names === "" ? "DEFAULT VALUES" : `(${names}) VALUES (${places})`;
  const insert = connection.prepare(
    `INSERT OR ABORT INTO main.${quoteName(shape.table)} ${values}`,
  );
  try {
    // The first refusal is of the likeliest values, and tells more than the last.
    let first: string | null = null;
    for (;;) {
      const refusal = attempt(() => insert.run(...draft.values()).changes);
      if (refusal === null) return null;
      first ??= refusal;
      if (!connection.inTransaction || !draft.refuse(refusal)) return first;
    }
  } finally {
    insert.finalize();
  }
}

function attempt(write: () => number): string | null {
  try {
    return write() > 0 ? null : "a trigger ignores the rows";
  } catch (error) {
    return messageOf(error);
  }
}

function attemptRow(connection: Connection, shape: TableShape, row: WantedRow): string | null {
  try {
    return writeRow(connection, shape, row);
  } catch (error) {
    return messageOf(error);
  }
}

/** A table to be given rows. */
interface Bed {
  readonly shape: TableShape;
  readonly wanted: readonly WantedRow[];
  /** The broken keys that it has already; null where SQLite cannot tell. */
  readonly broken: number | null;
}

/** Writes rows into each table; gives back why some got none. */
function seedOnce(connection: Connection, beds: readonly Bed[]): ReadonlyMap<string, string> {
  const refused = new Map<string, string>();
  for (const { shape, wanted } of beds) {
    const refusals = wanted.map((row) => attemptRow(connection, shape, row));
    const accepted = refusals.filter((refusal) => refusal === null).length;
    // A trigger that rolls back has taken the rows of all tables with it.
    const isLost = !connection.inTransaction;
    if (isLost || accepted === 0) refused.set(shape.table, refusals[0] ?? "it is not accepted");
    if (isLost) return refused;
  }
  for (const { shape, broken } of beds) {
    const isBroken = broken !== null && (violations(connection, shape.table) ?? 0) > broken;
    if (isBroken) refused.set(shape.table, "its foreign keys find no rows to refer to");
  }
  return refused;
}

/** Gives rows to the tables that have changed since the last time and have too few; what could not be, in sentences. */
export function seed(connection: Connection, reader: ContentsReader): readonly string[] {
  const { touched, notes } = seedTables(connection, reader.fresh());
  for (const table of touched ?? [null]) reader.touch(table);
  // What was written here is no reason to write again.
  reader.fresh();
  return notes;
}

/** In a transaction of its own. */
function seedTables(connection: Connection, tables: readonly TableContents[]): Seeded {
  const wanting = new Map(tables.map((each) => [each.table, wantedRows(each)]));
  const shapes = tables
    .filter(({ table }) => (wanting.get(table) ?? []).length > 0)
    .map(({ table }) => shapeOf(connection, table));
  const empty = new Set(tables.filter(({ rows }) => rows.length === 0).map(({ table }) => table));
  const beds = parentsFirst(shapes).map((shape): Bed => {
    const wanted = wanting.get(shape.table) ?? [];
    return { shape, wanted, broken: violations(connection, shape.table) };
  });
  if (beds.length === 0) return { touched: [], notes: [] };
  connection.run("PRAGMA foreign_keys = OFF");
  const refused = new Map<string, string>();
  for (;;) {
    const left = beds.filter(({ shape }) => !refused.has(shape.table));
    connection.run("BEGIN");
    const found = seedOnce(connection, left);
    for (const [table, why] of found) refused.set(table, why);
    if (found.size === 0) break;
    if (connection.inTransaction) connection.run("ROLLBACK");
  }
  connection.run("COMMIT");
  const hasSetOff = beds.some(({ shape }) => connection.get(hasTriggers, shape.table) !== null);
  return {
    touched: hasSetOff ? null : beds.map(({ shape }) => shape.table),
    notes: [...refused]
      .filter(([table]) => empty.has(table))
      .map(([table, why]) => `table ${table} could not be seeded: ${why}`),
  };
}
