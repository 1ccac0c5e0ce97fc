// How many rows the tables that a step touches had before it and have after it: for a rehearsal, which may take its time.

import type { Statement } from "../migration/statements.ts";
import { touchOf } from "../migration/touch.ts";
import { foldName } from "../migration/name.ts";
import type { RowChange } from "../plan/rehearsal.ts";
import { SchemaFacts } from "./facts.ts";
import { LiveSchema, textOf } from "./live.ts";
import { quoteName } from "./objects.ts";
import type { Connection } from "./sqlite.ts";

const selectTables = `SELECT name AS name FROM main.sqlite_schema
  WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name`;
const selectTable = `SELECT name AS name FROM main.sqlite_schema
  WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' AND name = ? COLLATE NOCASE`;

interface Counted {
  readonly table: string;
  readonly rows: number | null;
}

/** Counts the rows of tables before the first statement that touches them, and once more at the end of the step. */
export class RowCounts {
  private readonly connection: Connection;
  private readonly before = new Map<string, Counted>();
  private hasAll = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Before a statement of the step. */
  note(statement: Statement): void {
    const touch = touchOf(statement);
    switch (touch.does) {
      case "create":
      case "drop":
        if (touch.type === "table") this.count(touch.name);
        return;
      case "rename":
        this.count(touch.table);
        this.count(touch.name);
        return;
      case "insert":
      case "update":
      case "delete":
        this.count(touch.table);
        if (this.reachesFurther(touch.table)) this.countAll();
        return;
      default:
        return;
    }
  }

  /** What has become of every table that was noted, by name; and starts over for the next step. */
  changes(): readonly RowChange[] {
    const found = [...this.before.values()].map(({ table, rows }) => {
      const after = this.rowsOf(table);
      return { table: after?.table ?? table, before: rows, after: after?.rows ?? null };
    });
    this.before.clear();
    const isTouched = this.hasAll ? changed : everything;
    this.hasAll = false;
    return found
      .filter(isTouched)
      .filter(({ before, after }) => before !== null || after !== null)
      .toSorted((a, b) => (foldName(a.table) < foldName(b.table) ? -1 : 1));
  }

  /** Whether a statement on this table can change others: through a trigger, or a key that cascades. */
  private reachesFurther(table: string): boolean {
    if (this.hasAll) return false;
    const facts = new SchemaFacts(this.connection, new LiveSchema(this.connection));
    if (facts.triggers(table).length > 0) return true;
    const cascades = this.connection.get("PRAGMA foreign_keys")?.["foreign_keys"] === 1;
    const name = foldName(table);
    return cascades && facts.keys().some(({ parent }) => foldName(parent) === name);
  }

  private countAll(): void {
    this.hasAll = true;
    for (const row of this.connection.all(selectTables)) this.count(textOf(row, "name"));
  }

  private count(table: string): void {
    const key = foldName(table);
    if (this.before.has(key) || !this.connection.isOwn(table)) return;
    this.before.set(key, this.rowsOf(table) ?? { table, rows: null });
  }

  private rowsOf(name: string): Counted | null {
    const row = this.connection.get(selectTable, name);
    if (row === null) return null;
    const table = textOf(row, "name");
    const sql = `SELECT count(*) AS rows FROM main.${quoteName(table)}`;
    const prepared = this.connection.prepare(sql);
    try {
      return { table, rows: Number(prepared.get()?.["rows"] ?? 0) };
    } finally {
      prepared.finalize();
    }
  }
}

function everything(): boolean {
  return true;
}

function changed({ before, after }: RowChange): boolean {
  return before !== after;
}
