// A table of the live schema -> its shape: the columns that can be written, and its foreign keys.

import { foldName } from "../migration/name.ts";
import type { ColumnShape, KeyShape, TableShape } from "../plan/shape.ts";
import { textOf } from "./live.ts";
import type { Connection } from "./sqlite.ts";

const selectColumns = `SELECT name AS name, type AS type, "notnull" AS required, pk AS pk
  FROM pragma_table_xinfo(?, 'main') WHERE hidden = 0 ORDER BY cid`;
const selectKeys = `SELECT id AS id, "table" AS parent, "from" AS "from", "to" AS "to"
  FROM pragma_foreign_key_list(?, 'main') ORDER BY id, seq`;
const selectSql = "SELECT sql AS sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?";

function columnsOf(
  connection: Connection,
  table: string,
): readonly (ColumnShape & { pk: number })[] {
  return connection.all(selectColumns, table).map((row) => ({
    name: textOf(row, "name"),
    type: textOf(row, "type"),
    mayBeNull: row["required"] === 0 && row["pk"] === 0,
    pk: Number(row["pk"]),
  }));
}

function keysOf(connection: Connection, table: string): readonly KeyShape[] {
  const byId = new Map<unknown, { parent: string; columns: string[]; to: string[] }>();
  for (const row of connection.all(selectKeys, table)) {
    const key = byId.get(row["id"]) ?? { parent: textOf(row, "parent"), columns: [], to: [] };
    key.columns.push(textOf(row, "from"));
    if (row["to"] !== null) key.to.push(textOf(row, "to"));
    byId.set(row["id"], key);
  }
  return [...byId.values()].map(({ parent, columns, to }) => {
    const of = columnsOf(connection, parent);
    const primary = of.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
    const parentColumns = to.length > 0 ? to : primary.map(({ name }) => name);
    const types = new Map(of.map(({ name, type }) => [foldName(name), type]));
    const parentTypes = columns.map((_, at) => types.get(foldName(parentColumns[at] ?? "")) ?? "");
    return { columns, parent, parentColumns, parentTypes };
  });
}

/** Reads the shape of a table. */
export function shapeOf(connection: Connection, table: string): TableShape {
  const row = connection.get(selectSql, table);
  const sql = row === null ? "" : textOf(row, "sql");
  const columns = columnsOf(connection, table);
  return { table, sql, columns, keys: keysOf(connection, table) };
}
