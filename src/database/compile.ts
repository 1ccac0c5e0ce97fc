// Views and triggers -> whether they still compile, without running them or leaving anything open.

import { messageOf } from "../failure.ts";
import { Cursor } from "../migration/cursor.ts";
import { tokenAt } from "../migration/tokens.ts";
import { foldName } from "../migration/name.ts";
import { textOf, type LiveObject } from "./live.ts";
import { quoteName } from "./objects.ts";
import type { Connection } from "./sqlite.ts";

/** How an object compiles. */
export type Compiled =
  | { readonly compiles: false; readonly message: string }
  /**
   * `loose` holds the double-quoted names that SQLite can't find and so reads as strings, which is how a view outlives
   * the column that it shows; each with SQLite's message were it strict.
   */
  | { readonly compiles: true; readonly loose: ReadonlyMap<string, string> };

function tryPrepare(connection: Connection, sql: string): string | null {
  try {
    connection.prepare(sql).finalize();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** The double-quoted names in SQL, as written. */
function doubleQuoted(sql: string): Set<string> {
  const found = new Set<string>();
  for (let at = 0; at < sql.length;) {
    const token = tokenAt(sql, at);
    if (token.kind === "quoted" && sql[at] === '"') found.add(sql.slice(at, token.end));
    at = token.end;
  }
  return found;
}

/** The same SQL with these double-quoted names in backticks, which never become strings. */
function strictSql(sql: string, names: ReadonlySet<string>): string {
  const parts: string[] = [];
  for (let at = 0; at < sql.length;) {
    const { end } = tokenAt(sql, at);
    const raw = sql.slice(at, end);
    parts.push(names.has(raw) ? quoteName(raw.slice(1, -1).replaceAll('""', '"')) : raw);
    at = end;
  }
  return parts.join("");
}

/** Finds the names without which `attempt`, given strict SQL, would give an error message. */
function looseNames(sql: string, attempt: (strict: string) => string | null): Map<string, string> {
  const loose = new Map<string, string>();
  const names = doubleQuoted(sql);
  if (names.size === 0 || attempt(strictSql(sql, names)) === null) return loose;
  for (const name of names) {
    const message = attempt(strictSql(sql, new Set([name])));
    if (message !== null) loose.set(name, message);
  }
  return loose;
}

function startOf(cursor: Cursor): number {
  return cursor.token?.start ?? 0;
}

/** What stands behind AS in `CREATE VIEW name (columns) AS SELECT …`. */
function viewSelect(sql: string): string {
  const cursor = new Cursor(sql);
  cursor.seek(new Set(["VIEW"]));
  cursor.next();
  cursor.skipAll("IF", "NOT", "EXISTS");
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
  cursor.skipAll("IF", "NOT", "EXISTS");
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
  const name = `main.${quoteName(table)}`;
  if (parts.event === "DELETE") return `DELETE FROM ${name}`;
  if (parts.event === "INSERT") return `INSERT INTO ${name} DEFAULT VALUES`;
  const infos = connection.all(`PRAGMA main.table_xinfo(${quoteName(table)})`);
  const namesOf = (isGenerated: boolean): string[] =>
    infos
      .filter(({ hidden }) => isGenerated === (hidden === 2 || hidden === 3))
      .map((info) => textOf(info, "name"));
  // Generated columns cannot be set; a column of the list that is gone is set, so that SQLite says so.
  const generated = new Set(namesOf(true).map(foldName));
  const listed = parts.columns.filter((column) => !generated.has(foldName(column)));
  const columns = listed.length > 0 ? listed : namesOf(false).slice(0, 1);
  const set = columns.map((column) => `${quoteName(column)} = ${quoteName(column)}`).join(", ");
  return `UPDATE ${name} SET ${set}`;
}

function compileView(connection: Connection, view: LiveObject): Compiled {
  const message = tryPrepare(connection, `SELECT * FROM main.${quoteName(view.name)}`);
  if (message !== null) return { compiles: false, message };
  const select = viewSelect(view.sql);
  return { compiles: true, loose: looseNames(select, (strict) => tryPrepare(connection, strict)) };
}

function compileTrigger(connection: Connection, trigger: LiveObject): Compiled {
  const parts = triggerParts(trigger.sql);
  const event = eventStatement(connection, trigger.table, parts);
  const message = tryPrepare(connection, event);
  if (message !== null) return { compiles: false, message };
  // A twin with strict names, for as long as it takes to compile it.
  const head = `CREATE TEMP TRIGGER rung_twin ${parts.head} ON main.${quoteName(trigger.table)}`;
  const tryTwin = (tail: string): string | null => {
    try {
      connection.run(`${head} ${tail}`);
    } catch (error) {
      return messageOf(error);
    }
    const found = tryPrepare(connection, event);
    connection.run("DROP TRIGGER temp.rung_twin");
    return found;
  };
  return { compiles: true, loose: looseNames(parts.tail, tryTwin) };
}

/** Whether a view or trigger compiles, and SQLite's message where it doesn't. */
export function compile(connection: Connection, object: LiveObject): Compiled {
  return object.type === "view"
    ? compileView(connection, object)
    : compileTrigger(connection, object);
}
