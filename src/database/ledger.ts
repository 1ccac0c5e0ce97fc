// What is to be written into our own tables: collected while steps run, and written in one go before the commit.

import type { SqlValue } from "../migration/migration.ts";
import type { Connection } from "./sqlite.ts";

/** What is to be written: values, or what gives them when it is time. */
type Values = readonly SqlValue[] | (() => readonly SqlValue[]);

interface Entry {
  readonly sql: string;
  readonly values: Values;
}

/** A place in the ledger to come back to. */
export interface Mark {
  readonly length: number;
  readonly written: number;
}

/**
 * The entries of one transaction. They become part of it when they are written, and durable with its commit, like what
 * the steps themselves do. Collected, as SQLite compiles a statement anew after each change of the schema: written step
 * by step, the history of a thousand migrations takes half as long as the migrations.
 */
export class Ledger {
  private readonly connection: Connection;
  private entries: Entry[] = [];
  /** How many of them are written. */
  private written = 0;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Whether the transaction has entries, written or not. */
  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** Enters something; what gives its values may enter more. */
  add(sql: string, values: Values): void {
    this.entries.push({ sql, values });
  }

  /** Writes what is not written yet. To be called before our tables are read, and before the commit. */
  write(): void {
    for (; this.written < this.entries.length; this.written++) {
      const entry = this.entries[this.written];
      if (entry === undefined) continue;
      const values = typeof entry.values === "function" ? entry.values() : entry.values;
      this.connection.write(entry.sql, values);
    }
  }

  /** The place where a savepoint is opened. */
  get mark(): Mark {
    return { length: this.entries.length, written: this.written };
  }

  /** The savepoint of a mark is rolled back: what was added since is void, what was written since is so no more. */
  back({ length, written }: Mark): void {
    this.entries.length = length;
    this.written = written;
  }

  /** The transaction has ended, in whatever way. */
  clear(): void {
    this.entries = [];
    this.written = 0;
  }
}
