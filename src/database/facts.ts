// What the schema says of foreign keys and triggers, kept up from its tail while only plain CREATEs happen.

import type { Row } from "../migration/migration.ts";
import { foldName, quoteName } from "./objects.ts";
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

function keysOf(connection: Connection, child: string): ForeignKey[] {
  const byId = new Map<unknown, { parent: string; columns: string[]; to: string[] }>();
  for (const row of connection.all(`PRAGMA main.foreign_key_list(${quoteName(child)})`)) {
    const key = byId.get(row["id"]) ?? { parent: textOf(row, "table"), columns: [], to: [] };
    key.columns.push(foldName(textOf(row, "from")));
    if (row["to"] !== null) key.to.push(foldName(textOf(row, "to")));
    byId.set(row["id"], key);
  }
  return [...byId.values()].map(({ parent, columns, to }) => {
    return { child, parent, columns, parentColumns: to.length === 0 ? null : to };
  });
}

// Every name is an alias and the order is given, as a migration may have set full_column_names, case_sensitive_like
// or reverse_unordered_selects.
const selectTail = `SELECT type AS type, name AS name, tbl_name AS tbl_name, sql AS sql
  FROM main.sqlite_schema
  WHERE rowid > ? AND (type = 'trigger'
    OR type = 'table' AND (instr(upper(sql), 'REFERENCES') OR instr(upper(sql), 'CONFLICT')))
  ORDER BY rowid`;
const selectLast = "SELECT max(rowid) AS last FROM main.sqlite_schema";

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
    const keys = keysOf(this.#connection, textOf(row, "name"));
    this.#keys.push(...keys);
    this.#byChild.set(table, keys);
    if (/\bconflict\b.*\breplace\b/is.test(sql)) this.#replacing.add(table);
  }
}
