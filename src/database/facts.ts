// What the schema says of foreign keys and triggers.

import { foldName } from "../migration/name.ts";
import { textOf, type LiveObject, type LiveSchema } from "./live.ts";
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

// One query, as a PRAGMA for each table of a large schema takes six times as long.
const selectKeys = `SELECT m.name AS child, f.id AS id, f."table" AS parent, f."from" AS "from", f."to" AS "to"
  FROM main.sqlite_schema AS m, pragma_foreign_key_list(m.name, 'main') AS f
  WHERE m.rowid >= ? AND m.type = 'table' AND instr(upper(m.sql), 'REFERENCES')
  ORDER BY m.rowid, f.id, f.seq`;

interface Reading extends ForeignKey {
  readonly columns: string[];
  readonly to: string[];
}

/** The keys of the tables from a rowid on, by the name of the child. */
function keysFrom(connection: Connection, rowid: number): Map<string, ForeignKey[]> {
  const byId = new Map<string, Reading>();
  for (const row of connection.all(selectKeys, rowid)) {
    const child = textOf(row, "child");
    const id = `${String(row["id"])} ${child}`;
    const parent = textOf(row, "parent");
    const key = byId.get(id) ?? { child, parent, columns: [], to: [], parentColumns: null };
    key.columns.push(foldName(textOf(row, "from")));
    if (row["to"] !== null) key.to.push(foldName(textOf(row, "to")));
    byId.set(id, key);
  }
  const keys = new Map<string, ForeignKey[]>();
  for (const { child, parent, columns, to } of byId.values()) {
    const key = { child, parent, columns, parentColumns: to.length === 0 ? null : to };
    keys.set(child, [...(keys.get(child) ?? []), key]);
  }
  return keys;
}

/** The foreign keys and triggers of a database, as of the last statement that ran. */
export class SchemaFacts {
  private readonly connection: Connection;
  readonly live: LiveSchema;
  /** The losses and the end of the live schema as of which the keys are known. */
  private losses = 0;
  private last = 0;
  private foreignKeys: ForeignKey[] = [];
  /** A table that is altered is another object: these hold for as long as theirs stays. */
  private byTable = new Map<LiveObject, readonly ForeignKey[]>();
  /** Children without any violation, by folded name, as far as this transaction has found. */
  readonly clean = new Set<string>();

  constructor(connection: Connection, live: LiveSchema) {
    this.connection = connection;
    this.live = live;
  }

  /** All foreign keys, in the order in which their tables were created. */
  keys(): readonly ForeignKey[] {
    const { losses, last } = this.live;
    if (losses !== this.losses) this.readAll();
    else if (last > this.last) this.add(this.live.children(this.last), new Map());
    this.losses = losses;
    this.last = last;
    return this.foreignKeys;
  }

  /** The foreign keys of one child table. */
  keysOf(child: string): readonly ForeignKey[] {
    this.keys();
    return [...this.live.named(child)].flatMap((table) => this.byTable.get(table) ?? []);
  }

  /** The SQL of the triggers that a statement on this table, or view, can set off. */
  triggers(table: string): readonly string[] {
    return [...this.live.on(table)].filter(({ type }) => type === "trigger").map(({ sql }) => sql);
  }

  /** Whether a plain INSERT or UPDATE can remove rows of this table: it may say ON CONFLICT REPLACE. */
  replaces(table: string): boolean {
    return [...this.live.named(table)].some(
      ({ type, sql }) => type === "table" && /\bconflict\b.*\breplace\b/is.test(sql),
    );
  }

  private readAll(): void {
    const known = this.byTable;
    this.byTable = new Map();
    this.foreignKeys = [];
    this.add(this.live.children(0), known);
  }

  private add(
    tables: readonly LiveObject[],
    known: ReadonlyMap<LiveObject, readonly ForeignKey[]>,
  ): void {
    const first = tables.find((table) => !known.has(table));
    const found = first === undefined ? null : keysFrom(this.connection, first.rowid);
    for (const table of tables) {
      const keys = known.get(table) ?? found?.get(table.name) ?? [];
      this.byTable.set(table, keys);
      this.foreignKeys.push(...keys);
    }
  }
}
