// The live schema as a list of objects, and the list that was kept of it after our latest change.

import type { Difference } from "../plan/difference.ts";
import { foldName } from "../migration/name.ts";
import { differences, type SchemaObject } from "../plan/schema.ts";
import type { Row } from "../migration/migration.ts";
import type { ObjectType } from "../migration/touch.ts";
import { isVirtual, LiveSchema, textOf } from "./live.ts";
import { schemaVersion, type Connection } from "./sqlite.ts";

const selectShadows =
  "SELECT name AS name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'";
const selectKept = `SELECT type, name, "table", sql FROM rung_schema`;
const selectKeptOne = `${selectKept} WHERE type = ? AND name = ?`;

function objectOf(row: Row): SchemaObject {
  const type = textOf(row, "type");
  return {
    type: type === "index" || type === "view" || type === "trigger" ? type : "table",
    name: textOf(row, "name"),
    table: textOf(row, "table"),
    sql: textOf(row, "sql"),
  };
}

/**
 * Those of the objects that are the user's own. A virtual table makes shadow tables when it is created, and some later,
 * when it is written to.
 */
export function ownOf<T extends SchemaObject>(
  connection: Connection,
  objects: Iterable<T>,
  hadVirtual: boolean,
): readonly T[] {
  const own: T[] = [];
  let hasVirtual = hadVirtual;
  // Most indexes follow their table, and to look at a name takes longer than to compare two.
  let lastTable = "";
  for (const object of objects) {
    const { name, table, sql } = object;
    if (sql === "" || !connection.isOwn(name)) continue;
    if (table === name) lastTable = name;
    else if (table !== lastTable && !connection.isOwn(table)) continue;
    own.push(object);
    hasVirtual ||= isVirtual(object);
  }
  if (own.length === 0 || !hasVirtual) return own;
  // Shadow tables belong to their virtual table and come and go with it.
  const shadows = new Set(
    connection.all(selectShadows).map((row) => foldName(textOf(row, "name"))),
  );
  return own.filter(({ name }) => !shadows.has(foldName(name)));
}

/** The live schema. */
export function liveSchema(connection: Connection): readonly SchemaObject[] {
  return ownOf(connection, new LiveSchema(connection).all(), false);
}

/** The schema as our latest change left it. */
export function keptSchema(connection: Connection): readonly SchemaObject[] {
  return connection
    .all(selectKept)
    .map(objectOf)
    .filter(({ name, table }) => connection.isOwn(name) && connection.isOwn(table));
}

/** What something else has changed since our latest change; `kept` is SQLite's counter after it, if it was known. */
export function driftOf(connection: Connection, kept: number | null): readonly Difference[] {
  if (kept !== null && kept === schemaVersion(connection)) return [];
  return differences(keptSchema(connection), liveSchema(connection));
}

/** One object as our latest change left it. */
export function keptObject(
  connection: Connection,
  type: ObjectType,
  name: string,
): SchemaObject | undefined {
  const [row] = connection.all(selectKeptOne, type, foldName(name));
  return row === undefined ? undefined : objectOf(row);
}
