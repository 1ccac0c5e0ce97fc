// What the schema says of foreign keys and triggers, kept up from its tail while only plain CREATEs happen.

import type { Row } from "../migration/migration.ts";
import { foldName } from "../plan/schema.ts";
import type { Connection } from "./sqlite.ts";

/** A foreign key, with folded column names. */
export interface ForeignKey {
  /** The child table as it is written in the schema. */
  readonly child: string;
  /** The parent table as the child writes it. */
  readonly parent: string;
  readonly columns: readonly string[];
  /** Null where the parent's primary key is meant. */
  readonly parentColumns: readonly string[] | null;
}

/** A text column of a row; empty where it holds anything else. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  return typeof value === "string" ? value : "";
}

// Every name is an alias and the order is given, as a migration may have set full_column_names, case_sensitive_like
// or reverse_unordered_selects.
const selectTail = `SELECT type AS type, tbl_name AS tbl_name, sql AS sql FROM main.sqlite_schema
  WHERE rowid > ? AND (type = 'trigger' OR type = 'table' AND instr(upper(sql), 'CONFLICT'))
  ORDER BY rowid`;
// One query, as a PRAGMA for each table of a large schema takes six times as long.
const selectKeys = `SELECT m.name AS child, f.id AS id, f."table" AS parent, f."from" AS "from", f."to" AS "to"
  FROM main.sqlite_schema AS m, pragma_foreign_key_list(m.name, 'main') AS f
  WHERE m.rowid > ? AND m.type = 'table' AND instr(upper(m.sql), 'REFERENCES')
  ORDER BY m.rowid, f.id, f.seq`;
const selectLast = "SELECT max(rowid) AS last FROM main.sqlite_schema";

function keysAfter(connection: Connection, rowid: number): ForeignKey[] {
  const byId = new Map<
    string,
    { child: string; parent: string; columns: string[]; to: string[] }
  >();
  for (const row of connection.all(selectKeys, rowid)) {
    const child = textOf(row, "child");
    const id = `${String(row["id"])} ${child}`;
    const key = byId.get(id) ?? { child, parent: textOf(row, "parent"), columns: [], to: [] };
    key.columns.push(foldName(textOf(row, "from")));
    if (row["to"] !== null) key.to.push(foldName(textOf(row, "to")));
    byId.set(id, key);
  }
  return [...byId.values()].map(({ child, parent, columns, to }) => {
    return { child, parent, columns, parentColumns: to.length === 0 ? null : to };
  });
}

/** The foreign keys and triggers of a database, as of the last statement that ran. */
export class SchemaFacts {
  readonly #connection: Connection;
  #lastRowid = 0;
  #keys: ForeignKey[] = [];
  #byChild = new Map<string, readonly ForeignKey[]>();
  #triggers = new Map<string, string[]>();
  #replacing = new Set<string>();
  /** Children without any violation, by folded name, as far as this transaction has found. */
  readonly clean = new Set<string>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Forgets what a DROP, an ALTER, a rollback or another process may have made untrue. */
  invalidate(): void {
    this.#lastRowid = 0;
    this.#keys = [];
    this.#byChild.clear();
    this.#triggers.clear();
    this.#replacing.clear();
  }

  /** To be called between a DROP and the next CREATE: the rowids that it has freed at the end go to what is created next. */
  lower(): void {
    const last = Number(this.#connection.get(selectLast)?.["last"] ?? 0);
    this.#lastRowid = Math.min(this.#lastRowid, last);
  }

  /** All foreign keys, in the order in which their tables were created. */
  keys(): readonly ForeignKey[] {
    this.#refresh();
    return this.#keys;
  }

  /** The foreign keys of one child table. */
  keysOf(child: string): readonly ForeignKey[] {
    this.#refresh();
    return this.#byChild.get(foldName(child)) ?? [];
  }

  /** The SQL of the triggers that a statement on this table, or view, can set off. */
  triggers(table: string): readonly string[] {
    this.#refresh();
    return this.#triggers.get(foldName(table)) ?? [];
  }

  /** Whether a plain INSERT or UPDATE can remove rows of this table: it may say ON CONFLICT REPLACE. */
  replaces(table: string): boolean {
    this.#refresh();
    return this.#replacing.has(foldName(table));
  }

  #refresh(): void {
    const last = Number(this.#connection.get(selectLast)?.["last"] ?? 0);
    if (last <= this.#lastRowid) return;
    for (const row of this.#connection.all(selectTail, this.#lastRowid)) this.#add(row);
    for (const key of keysAfter(this.#connection, this.#lastRowid)) {
      const child = foldName(key.child);
      this.#keys.push(key);
      this.#byChild.set(child, [...(this.#byChild.get(child) ?? []), key]);
    }
    this.#lastRowid = last;
  }

  #add(row: Row): void {
    const table = foldName(textOf(row, "tbl_name"));
    const sql = textOf(row, "sql");
    if (row["type"] === "trigger") {
      const sqls = this.#triggers.get(table) ?? [];
      this.#triggers.set(table, [...sqls, sql]);
      return;
    }
    if (/\bconflict\b.*\breplace\b/is.test(sql)) this.#replacing.add(table);
  }
}
