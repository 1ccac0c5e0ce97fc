// What the schema says of foreign keys and triggers, kept up from its tail while only plain CREATEs happen.

import type { Row } from "../migration/migration.ts";
import { foldName } from "../plan/schema.ts";
import { quoteName } from "./objects.ts";
import type { Connection } from "./sqlite.ts";

/** A foreign key, with folded table and column names. */
export interface ForeignKey {
  /** The child table as it is written in the schema. */
  readonly child: string;
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
  for (const row of connection.all(`PRAGMA foreign_key_list(${quoteName(child)})`)) {
    const key = byId.get(row["id"]) ?? {
      parent: foldName(textOf(row, "table")),
      columns: [],
      to: [],
    };
    key.columns.push(foldName(textOf(row, "from")));
    if (row["to"] !== null) key.to.push(foldName(textOf(row, "to")));
    byId.set(row["id"], key);
  }
  return [...byId.values()].map(({ parent, columns, to }) => {
    return { child, parent, columns, parentColumns: to.length === 0 ? null : to };
  });
}

const selectTail = `SELECT rowid, type, name, tbl_name FROM sqlite_schema
  WHERE rowid > ? AND (type = 'trigger' OR type = 'table' AND sql LIKE '%REFERENCES%')`;

/** The foreign keys and triggers of a database, as of the last statement that ran. */
export class SchemaFacts {
  readonly #connection: Connection;
  #lastRowid = 0;
  #keys: ForeignKey[] = [];
  #triggered = new Set<string>();
  /** Children without any violation, as far as this transaction has found. */
  readonly clean = new Set<string>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Forgets what a DROP, an ALTER, a rollback or another process may have made untrue. */
  invalidate(): void {
    this.#lastRowid = 0;
    this.#keys = [];
    this.#triggered.clear();
  }

  /** All foreign keys. */
  keys(): readonly ForeignKey[] {
    this.#refresh();
    return this.#keys;
  }

  /** Whether a statement on this table, or view, sets off a trigger. */
  hasTrigger(table: string): boolean {
    this.#refresh();
    return this.#triggered.has(foldName(table));
  }

  /** The highest rowid in the schema: what is created from now on lies above it. */
  lastRowid(): number {
    const row = this.#connection.get("SELECT max(rowid) AS last FROM sqlite_schema");
    return Number(row?.["last"] ?? 0);
  }

  #refresh(): void {
    const last = this.lastRowid();
    if (last <= this.#lastRowid) return;
    for (const row of this.#connection.all(selectTail, this.#lastRowid)) {
      if (row["type"] === "trigger") this.#triggered.add(foldName(textOf(row, "tbl_name")));
      else this.#keys.push(...keysOf(this.#connection, textOf(row, "name")));
    }
    this.#lastRowid = last;
  }
}
