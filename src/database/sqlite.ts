// Door to SQLite: the only file that imports bun:sqlite. Everything else sees a Connection.

import { Database, type Statement } from "bun:sqlite";
import { resolve } from "node:path";
import type { Row, SqlValue } from "../migration/migration.ts";

/** What a statement changed. */
export interface Changes {
  readonly changes: number;
  readonly lastInsertRowid: number | bigint;
}

/** A compiled statement, held until it is finalized. */
export interface Prepared {
  run(...values: SqlValue[]): Changes;
  all(...values: SqlValue[]): Row[];
  get(...values: SqlValue[]): Row | null;
  iterate(...values: SqlValue[]): IterableIterator<Row>;
  finalize(): void;
}

/** An open database. Every call throws what SQLite reports. */
export interface Connection {
  /** False once SQLite or a statement has ended the transaction. */
  readonly inTransaction: boolean;
  /** Runs one statement to its end, whatever rows it gives. */
  run(sql: string): void;
  /** Compiles one statement. */
  prepare(sql: string): Prepared;
  /** Runs one statement with values and lets go of it. */
  all(sql: string, ...values: SqlValue[]): Row[];
  get(sql: string, ...values: SqlValue[]): Row | null;
  close(): void;
}

/** "existing": fails where there is no file; "create": makes one. SQLite itself falls back to read-only access. */
export type OpenMode = "existing" | "create";

class BunConnection implements Connection {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  run(sql: string): void {
    this.#database.run(sql);
  }

  prepare(sql: string): Prepared {
    const statement: Statement<Row, SqlValue[]> = this.#database.prepare(sql);
    return statement;
  }

  all(sql: string, ...values: SqlValue[]): Row[] {
    const statement = this.prepare(sql);
    try {
      return statement.all(...values);
    } finally {
      statement.finalize();
    }
  }

  get(sql: string, ...values: SqlValue[]): Row | null {
    const statement = this.prepare(sql);
    try {
      return statement.get(...values);
    } finally {
      statement.finalize();
    }
  }

  close(): void {
    this.#database.close();
  }
}

/**
 * Opens the database at a path, which is taken literally: absolute, it can start neither a URI (`file:`) nor one of
 * SQLite's special names.
 */
export function openConnection(path: string, mode: OpenMode): Connection {
  const database = new Database(resolve(path), { readwrite: true, create: mode === "create" });
  return new BunConnection(database);
}

/** SQLite's extended result code by name (SQLITE_BUSY, SQLITE_IOERR_WRITE …); null for any other error. */
export function sqliteCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" && error.code.startsWith("SQLITE_") ? error.code : null;
}
