// The narrow database that a TypeScript migration is given: every statement passes the same gate as a file's.

import type { Failure, Result } from "../failure.ts";
import { refuseForbidden } from "../migration/forbidden.ts";
import type { MigrationDb, Row, SqlValue } from "../migration/migration.ts";
import { splitStatements, type Statement } from "../migration/statements.ts";
import { touchOf } from "../migration/touch.ts";
import type { ReadyStep } from "../plan/step.ts";
import { callSite } from "./callsite.ts";
import { statementFailure, transactionLost } from "./refusal.ts";
import type { Scope } from "./scope.ts";
import type { Changes, Connection, Prepared } from "./sqlite.ts";

/** What a call on the handle throws; a migration may catch it and go on, as long as the transaction stands. */
export class StepError extends Error {
  readonly failure: Failure;

  constructor(cause: Failure) {
    super(cause.text);
    this.name = "StepError";
    this.failure = cause;
  }
}

/** Told how many more statements have run, and how many more rows they have changed, in so far as that is known. */
export type Counted = (statements: number, rows: number) => void;

/** What is no value of SQLite would be bound as NULL without a word: a misspelt property, most often. */
function checkValues(values: readonly unknown[]): void {
  for (const [index, value] of values.entries()) {
    const type = typeof value;
    const isPlain = type === "string" || type === "bigint" || type === "boolean";
    const isNumber = type === "number" && !Number.isNaN(value);
    if (isPlain || isNumber || value === null || ArrayBuffer.isView(value)) continue;
    const what = type === "object" ? "an object" : String(value);
    throw new TypeError(
      `Value ${index + 1} is ${what}: it must be a string, number, bigint, boolean, Uint8Array or null.`,
    );
  }
}

/** How many statements stay compiled: a loop over a few texts is fast, and one over a million of them fits in memory. */
const keptStatements = 64;

/**
 * A handle on the transaction of one step; `revoke` ends it, and every later call throws. It is in the hands of other
 * people's code, so what is private here is so at run time, too. Elsewhere the types see to it: a start makes some
 * eighty private names, and each `#` takes it as long as five functions that are not called.
 */
export class Handle implements MigrationDb {
  readonly #connection: Connection;
  readonly #step: ReadyStep;
  readonly #path: string;
  readonly #scope: Scope;
  readonly #counted: Counted | undefined;
  readonly #prepared = new Map<string, { statement: Statement; prepared: Prepared }>();
  /** Iterations that have not come to their end: an open one would lock its tables. */
  readonly #open = new Set<Prepared>();
  #isRevoked = false;

  constructor(
    connection: Connection,
    scope: Scope,
    step: ReadyStep,
    path: string,
    counted?: Counted,
  ) {
    this.#connection = connection;
    this.#scope = scope;
    this.#step = step;
    this.#path = path;
    this.#counted = counted;
  }

  exec(sql: string): void {
    this.#check();
    for (const statement of this.#read(sql)) {
      this.#watched(statement, () => this.#connection.run(statement.text));
      this.#check();
    }
  }

  run(sql: string, ...values: SqlValue[]): Changes {
    const made = this.#one(sql, values, (prepared) => prepared.run(...values));
    this.#counted?.(0, made.changes);
    return made;
  }

  get(sql: string, ...values: SqlValue[]): Row | null {
    return this.#one(sql, values, (prepared) => prepared.get(...values));
  }

  all(sql: string, ...values: SqlValue[]): Row[] {
    return this.#one(sql, values, (prepared) => prepared.all(...values));
  }

  iterate(sql: string, ...values: SqlValue[]): IterableIterator<Row> {
    this.#check();
    checkValues(values);
    const statement = this.#single(sql);
    const { does } = touchOf(statement);
    if (does === "insert" || does === "update" || does === "delete") {
      throw new TypeError("db.iterate only reads: use db.all for the rows that a change returns.");
    }
    // Its own statement: two iterations of one text may be open at once. Under watch, as a pragma is set when compiled.
    const prepared = this.#watched(statement, () => this.#connection.prepare(statement.text));
    this.#open.add(prepared);
    return this.#rows(statement, prepared, values);
  }

  *#rows(
    statement: Statement,
    prepared: Prepared,
    values: readonly SqlValue[],
  ): IterableIterator<Row> {
    try {
      const rows = this.#guarded(statement, () => prepared.iterate(...values));
      for (;;) {
        this.#check();
        const next = this.#guarded(statement, () => rows.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      if (this.#open.delete(prepared)) prepared.finalize();
    }
  }

  /** Ends the handle and lets go of every statement that it compiled. */
  revoke(): void {
    this.#isRevoked = true;
    for (const { prepared } of this.#prepared.values()) prepared.finalize();
    this.#prepared.clear();
    for (const prepared of this.#open) prepared.finalize();
    this.#open.clear();
  }

  #check(): void {
    if (this.#isRevoked)
      throw new Error("The migration has returned: its db cannot be used any more.");
    if (this.#connection.inTransaction === this.#step.options.transaction) return;
    throw this.#error(transactionLost(this.#step));
  }

  #read(sql: string): readonly Statement[] {
    const statements = this.#unwrap(splitStatements({ text: sql, file: this.#step.file, line: 1 }));
    for (const statement of statements) {
      this.#unwrap(refuseForbidden(statement, this.#step.options));
    }
    return statements;
  }

  #unwrap<T>(result: Result<T>): T {
    if (result.ok) return result.value;
    throw this.#error({ ...result.failure, code: "step.forbidden" });
  }

  /** Statements know their place in the SQL text; users know it in their file. */
  #error(cause: Failure): StepError {
    return new StepError({ ...cause, at: callSite(this.#step.file, new Error().stack) });
  }

  #single(sql: string): Statement {
    const [statement, ...others] = this.#read(sql);
    if (statement !== undefined && others.length === 0) return statement;
    throw new TypeError(
      `One SQL statement is expected, not ${others.length === 0 ? 0 : others.length + 1}.`,
    );
  }

  #one<T>(sql: string, values: readonly SqlValue[], use: (prepared: Prepared) => T): T {
    this.#check();
    checkValues(values);
    const statement = this.#prepared.get(sql)?.statement ?? this.#single(sql);
    return this.#watched(statement, () => use(this.#compiled(sql, statement)));
  }

  /** The statement of a text, compiled once and kept while it is among the latest ones. */
  #compiled(sql: string, statement: Statement): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known.prepared;
    const prepared = this.#connection.prepare(statement.text);
    this.#prepared.set(sql, { statement, prepared });
    const [oldest] = this.#prepared;
    if (this.#prepared.size > keptStatements && oldest !== undefined) {
      oldest[1].prepared.finalize();
      this.#prepared.delete(oldest[0]);
    }
    return prepared;
  }

  #watched<T>(statement: Statement, action: () => T): T {
    const result = this.#guarded(statement, () => this.#scope.run(statement, action));
    this.#counted?.(1, 0);
    return result;
  }

  #guarded<T>(statement: Statement, action: () => T): T {
    try {
      return action();
    } catch (error) {
      const database = { path: this.#path, errno: this.#connection.errno };
      throw this.#error(statementFailure(error, this.#step, statement, database));
    }
  }
}
