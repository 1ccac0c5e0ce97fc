// Views and triggers -> whether they still compile, without running them or leaving anything open.

import { Cursor } from "../migration/cursor.ts";
import { tokenAt } from "../migration/tokens.ts";
import { textOf } from "./facts.ts";
import { isOwn, quoteName } from "./objects.ts";
import type { Connection } from "./sqlite.ts";

/** A view or trigger as the schema has it. */
export interface Compilable {
  readonly type: "view" | "trigger";
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

/**
 * How an object compiles. "loosely": only because SQLite reads a double-quoted name that it can't find as a string,
 * which is how a view outlives the column that it shows.
 */
export type Compiles = "strictly" | "loosely" | "not";

const selectAll = `SELECT type, name, tbl_name, sql FROM sqlite_schema
  WHERE type IN ('view', 'trigger') AND rowid > ?`;

/** The views and triggers that were created after the given rowid; 0 for all. */
export function compilables(connection: Connection, afterRowid: number): Compilable[] {
  return connection
    .all(selectAll, afterRowid)
    .map((row): Compilable => {
      const type = row["type"] === "view" ? "view" : "trigger";
      return {
        type,
        name: textOf(row, "name"),
        table: textOf(row, "tbl_name"),
        sql: textOf(row, "sql"),
      };
    })
    .filter(({ name }) => isOwn(name));
}

function tryPrepare(connection: Connection, sql: string): string | null {
  try {
    connection.prepare(sql).finalize();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The same SQL with every double-quoted name in backticks, which never become strings; null if there is none. */
function strictSql(sql: string): string | null {
  const parts: string[] = [];
  let isChanged = false;
  for (let at = 0; at < sql.length;) {
    const token = tokenAt(sql, at);
    const raw = sql.slice(token.start, token.end);
    if (token.kind === "quoted" && raw.startsWith('"')) {
      parts.push(quoteName(raw.slice(1, -1).replaceAll('""', '"')));
      isChanged = true;
    } else {
      parts.push(raw);
    }
    at = token.end;
  }
  return isChanged ? parts.join("") : null;
}

function startOf(cursor: Cursor): number {
  return cursor.token?.start ?? 0;
}

/** What stands behind AS in `CREATE VIEW name (columns) AS SELECT …`. */
function viewSelect(sql: string): string {
  const cursor = new Cursor(sql);
  cursor.seek(new Set(["VIEW"]));
  cursor.next();
  cursor.skip("IF", "NOT", "EXISTS");
  cursor.name();
  cursor.seek(new Set(["AS"]));
  cursor.next();
  return sql.slice(startOf(cursor));
}

interface TriggerParts {
  readonly event: string;
  readonly columns: readonly string[];
  /** `AFTER UPDATE OF a`, as written. */
  readonly head: string;
  /** Everything behind the table's name. */
  readonly tail: string;
}

function triggerParts(sql: string): TriggerParts {
  const cursor = new Cursor(sql);
  cursor.seek(new Set(["TRIGGER"]));
  cursor.next();
  cursor.skip("IF", "NOT", "EXISTS");
  cursor.name();
  const from = startOf(cursor);
  cursor.seek(new Set(["DELETE", "INSERT", "UPDATE"]));
  const event = cursor.word;
  cursor.next();
  const columns: string[] = [];
  while (cursor.is("OF") || cursor.is(",")) {
    cursor.next();
    columns.push(cursor.name());
  }
  const head = sql.slice(from, startOf(cursor));
  cursor.skip("ON");
  cursor.name();
  return { event, columns, head, tail: sql.slice(startOf(cursor)) };
}

/** A statement that sets off the trigger, so that compiling it compiles the trigger. */
function eventStatement(connection: Connection, table: string, parts: TriggerParts): string {
  const name = quoteName(table);
  if (parts.event === "DELETE") return `DELETE FROM ${name}`;
  if (parts.event === "INSERT") return `INSERT INTO ${name} DEFAULT VALUES`;
  const plain = connection
    .all(`PRAGMA table_xinfo(${name})`)
    .find((column) => column["hidden"] === 0);
  const columns = parts.columns.length > 0 ? parts.columns : [textOf(plain ?? {}, "name")];
  const set = columns.map((column) => `${quoteName(column)} = ${quoteName(column)}`).join(", ");
  return `UPDATE ${name} SET ${set}`;
}

function compileView(connection: Connection, view: Compilable): [Compiles, string] {
  const loose = tryPrepare(connection, `SELECT * FROM ${quoteName(view.name)}`);
  if (loose !== null) return ["not", loose];
  const sql = strictSql(viewSelect(view.sql));
  const strict = sql === null ? null : tryPrepare(connection, sql);
  return strict === null ? ["strictly", ""] : ["loosely", strict];
}

function compileTrigger(connection: Connection, trigger: Compilable): [Compiles, string] {
  const parts = triggerParts(trigger.sql);
  const event = eventStatement(connection, trigger.table, parts);
  const loose = tryPrepare(connection, event);
  if (loose !== null) return ["not", loose];
  const tail = strictSql(parts.tail);
  if (tail === null) return ["strictly", ""];
  // A twin with strict names, for as long as it takes to compile it.
  const twin = `CREATE TEMP TRIGGER rung_twin ${parts.head} ON main.${quoteName(trigger.table)} ${tail}`;
  try {
    connection.run(twin);
  } catch (error) {
    return ["loosely", error instanceof Error ? error.message : String(error)];
  }
  try {
    const strict = tryPrepare(connection, event);
    return strict === null ? ["strictly", ""] : ["loosely", strict];
  } finally {
    connection.run("DROP TRIGGER temp.rung_twin");
  }
}

/** Whether a view or trigger compiles, and SQLite's message where it doesn't. */
export function compile(connection: Connection, object: Compilable): [Compiles, string] {
  return object.type === "view"
    ? compileView(connection, object)
    : compileTrigger(connection, object);
}
