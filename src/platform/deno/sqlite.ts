// What the database door needs of bun:sqlite, over node:sqlite: an import map puts it in the place of that module.

import { existsSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { codeOf } from "./sqlite-codes.ts";

/** What a program binds. */
type Bound = SQLInputValue | boolean | undefined;

/** A row as SQLite gives it. */
type Row = Record<string, string | number | bigint | Uint8Array | null>;

/** An error of SQLite, with its extended result code by name. */
class SQLiteError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.name = "SQLiteError";
    this.code = code;
  }
}

/** SQLite's result code of an error; 0 where it is none of SQLite's. */
function numberOf(error: unknown): number {
  if (!(error instanceof Error) || !("errcode" in error)) return 0;
  return typeof error.errcode === "number" ? error.errcode : 0;
}

/** Does something with SQLite, whose errors are named as Bun names them. */
function named<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = numberOf(error);
    if (!(error instanceof Error) || code === 0) throw error;
    if (code === misuse) throw new Error("Query contained no valid SQL statement");
    throw new SQLiteError(error.message, codeOf(code));
  }
}

const misuse = 21;
const range = 25;

/** As it is bound: a whole number would become a REAL. */
function inputOf(value: Bound): SQLInputValue {
  if (typeof value === "boolean") return value ? 1n : 0n;
  const isWhole = typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0);
  return isWhole ? BigInt(value) : (value ?? null);
}

/** Whether the statement has no parameter after the first `count`. It is not run: what comes last cannot be bound. */
function endsAt(statement: StatementSync, count: number): boolean {
  const nothing: SQLInputValue[] = Array.from({ length: count + 1 }, () => null);
  try {
    Reflect.apply(statement.get, statement, [...nothing, undefined]);
  } catch (error) {
    return numberOf(error) === range;
  }
  throw new Error("A value that is none was bound.");
}

/** A compiled statement. Nothing finalizes one here but the garbage collector; it never stays open once it was used. */
export class Statement<_Row = Row, _Values = readonly Bound[]> {
  readonly #statement: StatementSync;
  readonly #changes: () => number;
  #expected: number | null = null;

  constructor(statement: StatementSync, changes: () => number) {
    this.#statement = statement;
    this.#changes = changes;
  }

  safeIntegers(isOn: boolean): this {
    this.#statement.setReadBigInts(isOn);
    return this;
  }

  run(...values: readonly Bound[]): { changes: number; lastInsertRowid: number | bigint } {
    const inputs = this.#inputs(values);
    const before = this.#changes();
    const { changes, lastInsertRowid } = named(() => this.#statement.run(...inputs));
    // What changes nothing leaves the count of the statement before it.
    return { changes: this.#changes() === before ? 0 : Number(changes), lastInsertRowid };
  }

  all(...values: readonly Bound[]): Row[] {
    const inputs = this.#inputs(values);
    return named(() => this.#statement.all(...inputs));
  }

  get(...values: readonly Bound[]): Row | null {
    const inputs = this.#inputs(values);
    return named(() => this.#statement.get(...inputs)) ?? null;
  }

  /** All rows are read at once: the iterator of Node's module ends without a word where SQLite reports an error. */
  *iterate(...values: readonly Bound[]): IterableIterator<Row> {
    yield* this.all(...values);
  }

  finalize(): void {}

  /** The values as they are bound, when there are as many as parameters; without any, all parameters are NULL. */
  #inputs(values: readonly Bound[]): SQLInputValue[] {
    if (values.length === 0 || values.length === this.#expected) return values.map(inputOf);
    this.#expected ??= this.#count();
    if (values.length === this.#expected) return values.map(inputOf);
    // Node's module binds those with a name by their name alone: they count as none.
    throw new Error(`SQLite query expected ${this.#expected} values, received ${values.length}`);
  }

  #count(): number {
    let count = 0;
    while (!endsAt(this.#statement, count)) count++;
    return count;
  }
}

/** How a database is opened. */
interface Access {
  readonly readonly?: boolean;
  readonly readwrite?: boolean;
  readonly create?: boolean;
}

/** As Bun opens databases. */
const asBun = {
  enableForeignKeyConstraints: false,
  enableDoubleQuotedStringLiterals: true,
  defensive: false,
  timeout: 0,
};

function open(file: string, { readonly = false, create = false }: Access): DatabaseSync {
  const cannotOpen = new SQLiteError("unable to open database file", "SQLITE_CANTOPEN");
  // Node's module always makes a file that is to be written.
  if (!create && file !== ":memory:" && !existsSync(file)) throw cannotOpen;
  try {
    return new DatabaseSync(file, { ...asBun, readOnly: readonly });
  } catch {
    throw cannotOpen;
  }
}

/** An open database. */
export class Database {
  readonly #database: DatabaseSync;
  #totalChanges: StatementSync | null = null;

  constructor(file: string, access: Access) {
    this.#database = open(file, access);
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** Runs one statement to its end. */
  run(sql: string): void {
    const statement = named(() => this.#database.prepare(sql));
    // Its errors have numbers, which those of `exec` have not; and unlike `run` it takes whatever rows come.
    named(() => statement.all());
  }

  prepare(sql: string): Statement {
    const statement = named(() => this.#database.prepare(sql));
    return new Statement(statement, () => this.#allChanges());
  }

  /** Node's module has no way to ask: never done. */
  fileControl(_operation: number, _result: Int32Array): number {
    return constants.SQLITE_NOTFOUND;
  }

  close(): void {
    this.#database.close();
  }

  /** How many rows have been changed since the database was opened. */
  #allChanges(): number {
    return named(() => {
      this.#totalChanges ??= this.#database.prepare("SELECT total_changes() AS n");
      return Number(this.#totalChanges.get()?.["n"]);
    });
  }
}

/** Of SQLite's constants, those that are asked for. */
export const constants = { SQLITE_FCNTL_LAST_ERRNO: 4, SQLITE_NOTFOUND: 12 } as const;
