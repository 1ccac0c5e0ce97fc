// The rows of all ordinary tables, read again only where a statement may have touched them.

import { touchOf } from "../migration/touch.ts";
import type { Statement } from "../migration/statements.ts";
import type { TableContents } from "../plan/contents.ts";
import { foldName } from "../migration/name.ts";
import type { ReadyStep } from "../plan/step.ts";
import type { SchemaFacts } from "./facts.ts";
import { textOf } from "./live.ts";
import type { Scope } from "./scope.ts";
import { quoteName } from "./objects.ts";
import type { Connection } from "./sqlite.ts";

// Neither views nor virtual tables, whose rows are those of others, nor the shadow tables behind these.
const selectTables = `SELECT name AS name FROM pragma_table_list
  WHERE schema = 'main' AND type = 'table' ORDER BY name`;
const selectTable = `SELECT name AS name FROM pragma_table_list(?)
  WHERE schema = 'main' AND type = 'table'`;
const selectColumns = `SELECT name AS name, pk AS pk FROM pragma_table_xinfo(?, 'main')
  WHERE hidden = 0 ORDER BY cid`;

/** A value as an SQL literal; a text that holds a NUL character, at which quote() ends, by its bytes. */
function literalOf(column: string): string {
  const name = quoteName(column);
  return `iif(instr(${name}, char(0)), typeof(${name}) || ' ' || hex(${name}), quote(${name}))`;
}

function readTable(connection: Connection, table: string): TableContents {
  const all = connection.all(selectColumns, table);
  const columns = all.map((row) => textOf(row, "name"));
  const key = all
    .filter((row) => row["pk"] !== 0)
    .toSorted((a, b) => Number(a["pk"]) - Number(b["pk"]))
    .map((row) => textOf(row, "name"));
  const list = columns.map((column, at) => `${literalOf(column)} AS c${at}`).join(", ");
  const prepared = connection.prepare(`SELECT ${list || "1"} FROM main.${quoteName(table)}`);
  try {
    const rows = prepared.all().map((row) => columns.map((_, at) => textOf(row, `c${at}`)));
    return { table, columns, key, rows };
  } finally {
    prepared.finalize();
  }
}

/** Knows the rows of a scratch database. */
export class ContentsReader {
  private readonly connection: Connection;
  private readonly tables = new Map<string, TableContents>();
  /** Tables that may have changed since they were read; null for any. */
  private stale: Set<string> | null = null;
  private readonly freshNames = new Set<string>();
  private hasNewTrigger = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** A scope whose statements are noted. */
  watching(scope: Scope, step: ReadyStep, facts: SchemaFacts | null): Scope {
    return {
      run: <T>(statement: Statement, action: () => T): T => {
        this.note(statement, step, facts);
        return scope.run(statement, action);
      },
    };
  }

  /** Lets a table be read again; null for all. */
  touch(table: string | null): void {
    if (table === null) this.stale = null;
    else this.stale?.add(foldName(table));
  }

  /** The rows of all tables; of a table that nothing has touched, the same object as before. */
  read(): readonly TableContents[] {
    const stale = this.stale;
    this.stale = new Set();
    this.hasNewTrigger = false;
    if (stale === null) {
      this.tables.clear();
      for (const row of this.connection.all(selectTables)) this.readTable(textOf(row, "name"));
    }
    for (const name of stale ?? []) {
      this.tables.delete(name);
      const [found] = this.connection.all(selectTable, name);
      if (found !== undefined) this.readTable(textOf(found, "name"));
    }
    return [...this.tables.values()];
  }

  /** The tables that were read since this was last asked. */
  fresh(): readonly TableContents[] {
    this.read();
    const tables = [...this.freshNames].flatMap((name) => this.tables.get(name) ?? []);
    this.freshNames.clear();
    return tables;
  }

  private readTable(name: string): void {
    if (!this.connection.isOwn(name)) return;
    this.tables.set(foldName(name), readTable(this.connection, name));
    this.freshNames.add(foldName(name));
  }

  private note(statement: Statement, { options }: ReadyStep, facts: SchemaFacts | null): void {
    const touch = touchOf(statement);
    switch (touch.does) {
      case "pragma":
      case "nothing":
        return;
      case "insert":
      case "update":
      case "delete": {
        // Triggers and cascades reach further than the statement tells.
        const isAlone = facts !== null && !options.foreignKeys && !this.hasNewTrigger;
        return this.touch(isAlone && facts.triggers(touch.table).length === 0 ? touch.table : null);
      }
      case "create":
        if (touch.type === "trigger") this.hasNewTrigger = true;
        return this.touch(touch.name);
      case "drop":
        return this.touch(touch.name);
      case "rename":
        this.touch(touch.name);
        return this.touch(touch.table);
      case "alter":
        return this.touch(touch.table);
    }
  }
}
