// Door to SQLite where Deno runs us: what src/database/sqlite.ts takes of bun:sqlite, over node:sqlite.

import { statSync } from "node:fs";
import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from "node:sqlite";
import { nameOfCode } from "./codes.ts";

type Value = string | number | bigint | boolean | Uint8Array | null;
type Row = Record<string, SQLOutputValue>;

/** What SQLite reports, by the name of its extended result code. */
class SQLiteError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.name = "SQLiteError";
    this.code = code;
  }
}

/** Runs something of node:sqlite; what SQLite reports there is thrown under the name of its code. */
function reported<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Error) || !("errcode" in error)) throw error;
    throw new SQLiteError(error.message, nameOfCode(Number(error.errcode)));
  }
}

/** A number would be bound as a float, whatever it is; a boolean not at all. */
function bound(value: Value): SQLInputValue {
  if (typeof value === "boolean") return value ? 1n : 0n;
  const isWhole = typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0);
  return isWhole ? BigInt(value) : value;
}

function numbered(row: Row): Row {
  for (const name in row) {
    const value = row[name];
    if (typeof value === "bigint") row[name] = Number(value);
  }
  return row;
}

/** SQLite's code for a parameter that there is not. */
const range = 25;

/** Whether the statement has no parameter after the first `count`. It is not run: what comes last cannot be bound. */
function endsAt(statement: StatementSync, count: number): boolean {
  const nothing: SQLInputValue[] = Array.from({ length: count + 1 }, () => null);
  try {
    Reflect.apply(statement.get, statement, [...nothing, undefined]);
  } catch (error) {
    return error instanceof Error && "errcode" in error && error.errcode === range;
  }
  throw new Error("A value that is none was bound.");
}

class CompiledStatement {
  private readonly statement: StatementSync;
  private readonly allChanges: () => number;
  private isExact = false;
  private expected: number | null = null;

  constructor(statement: StatementSync, allChanges: () => number) {
    this.statement = statement;
    this.allChanges = allChanges;
    // Else an integer beyond 2^53 - 1 is an error.
    statement.setReadBigInts(true);
  }

  /** Whether integers come as bigint; else as numbers, which may round them. */
  safeIntegers(isExact: boolean): this {
    this.isExact = isExact;
    return this;
  }

  run(...values: Value[]): { changes: number; lastInsertRowid: number | bigint } {
    const inputs = this.inputs(values);
    const before = this.allChanges();
    const { changes, lastInsertRowid } = reported(() => this.statement.run(...inputs));
    const rowid = this.isExact ? lastInsertRowid : Number(lastInsertRowid);
    // What changes nothing leaves the count of the statement before it.
    return {
      changes: this.allChanges() === before ? 0 : Number(changes),
      lastInsertRowid: rowid,
    };
  }

  all(...values: Value[]): Row[] {
    const rows = reported(() => this.statement.all(...this.inputs(values)));
    return this.isExact ? rows : rows.map(numbered);
  }

  get(...values: Value[]): Row | null {
    const row = reported(() => this.statement.get(...this.inputs(values)));
    if (row === undefined) return null;
    return this.isExact ? row : numbered(row);
  }

  /** All rows are read first: an iteration of Deno's ends at an error as if there were no more rows. */
  *iterate(...values: Value[]): IterableIterator<Row> {
    yield* this.all(...values);
  }

  /** Nothing: no statement is left in the middle, and the runtime lets go of those that nobody holds. */
  finalize(): void {
    return;
  }

  /** The values as they are bound, when there are as many as parameters; without any, all parameters are NULL. */
  private inputs(values: readonly Value[]): SQLInputValue[] {
    if (values.length > 0 && values.length !== this.expected) {
      this.expected ??= this.count();
      // Those with a name are bound by their name alone: they count as none.
      if (values.length !== this.expected)
        throw new Error(`SQLite query expected ${this.expected} values, received ${values.length}`);
    }
    return values.map(bound);
  }

  private count(): number {
    let count = 0;
    while (!endsAt(this.statement, count)) count++;
    return count;
  }
}

/** A compiled statement; every one gives the same kind of rows, and takes the same values. */
export type Statement<_Row, _Values> = CompiledStatement;

export const constants = {
  SQLITE_FCNTL_LAST_ERRNO: 4,
  SQLITE_OPEN_READONLY: 1,
  SQLITE_OPEN_URI: 64,
} as const;

/** SQLite's code for a request that it does not know. */
const notFound = 12;

/** How a file is opened. */
interface Access {
  readonly readonly?: boolean;
  readonly readwrite?: boolean;
  readonly create?: boolean;
}

function openFile(
  file: string,
  { readonly: readOnly = false, create = false }: Access,
): DatabaseSync {
  const cannot = new SQLiteError("unable to open database file", "SQLITE_CANTOPEN");
  const isThere = file === ":memory:" || create || statSync(file, { throwIfNoEntry: false });
  // It would be created.
  if (isThere === undefined) throw cannot;
  try {
    // As SQLite is by itself: node:sqlite has its own idea of each.
    return new DatabaseSync(file, {
      readOnly,
      enableForeignKeyConstraints: false,
      enableDoubleQuotedStringLiterals: true,
      timeout: 0,
    });
  } catch {
    // SQLite reads nothing of a file yet, so this is the only thing that can be wrong with it.
    throw cannot;
  }
}

/** Nothing but white space and comments: preparing that ends Deno itself. */
const empty = /^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[^]*?(?:\*\/|$))*$/;

/** An open database. */
export class Database {
  private readonly database: DatabaseSync;
  private totalChanges: StatementSync | null = null;

  /** Flags ask for a URI that is only read, of a file that is there. */
  constructor(file: string, access: Access | number) {
    this.database =
      typeof access === "number"
        ? openFile(file, { readonly: true, create: true })
        : openFile(file, access);
  }

  get inTransaction(): boolean {
    return this.database.isTransaction;
  }

  /** The system's error number is not to be had. */
  fileControl(_request: number, _answer: Int32Array): number {
    return notFound;
  }

  /** Runs every statement of a text to its end: `exec` would not tell which error it was. */
  run(sql: string): void {
    for (let rest = sql; ;) {
      const statement = this.compiled(rest);
      reported(() => statement.all());
      rest = rest.slice(statement.sourceSQL.length);
      if (empty.test(rest)) return;
    }
  }

  prepare(sql: string): CompiledStatement {
    return new CompiledStatement(this.compiled(sql), () => this.allChanges());
  }

  /** How many rows have been changed since the database was opened. */
  private allChanges(): number {
    return reported(() => {
      this.totalChanges ??= this.database.prepare("SELECT total_changes() AS n");
      return Number(this.totalChanges.get()?.["n"]);
    });
  }

  close(): void {
    reported(() => this.database.close());
  }

  private compiled(sql: string): StatementSync {
    if (empty.test(sql))
      throw new SQLiteError("Query contained no valid SQL statement", "SQLITE_MISUSE");
    return reported(() => this.database.prepare(sql));
  }
}
