// The narrow database that a TypeScript migration is given: every statement passes the same gate as a file's.

import { failure, type Failure, type Result } from "../failure.ts";
import { refuseForbidden } from "../migration/forbidden.ts";
import type { MigrationDb, Row, SqlValue } from "../migration/migration.ts";
import { splitStatements, type Statement } from "../migration/statements.ts";
import type { ReadyStep } from "../plan/plan.ts";
import { databaseFailure, messageOf } from "./errors.ts";
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

/** The failure of a statement that SQLite refused. */
export function statementFailure(
  error: unknown,
  step: ReadyStep,
  statement: Statement,
  path: string,
): Failure {
  const place = { at: statement.at, statement: statement.text };
  const unusable = databaseFailure(error, path);
  if (unusable !== null) return { ...unusable, ...place };
  const text = `Migration ${step.version} ${step.name} failed: ${messageOf(error)}.`;
  return failure("step.failed", text, "Mend the statement and run the command again.", place);
}

/** The failure of a step that ended our transaction. */
export function transactionLost(step: ReadyStep, statement?: Statement): Failure {
  return failure(
    "step.transaction-lost",
    `Migration ${step.version} ${step.name} ended the transaction that it ran in.`,
    "Look for ROLLBACK in a trigger or an ON CONFLICT clause, and use ABORT instead.",
    statement === undefined ? {} : { at: statement.at, statement: statement.text },
  );
}

function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new StepError({ ...result.failure, code: "step.forbidden" });
  return result.value;
}

/** A handle on the transaction of one step; `revoke` ends it, and every later call throws. */
export class Handle implements MigrationDb {
  readonly #connection: Connection;
  readonly #step: ReadyStep;
  readonly #path: string;
  readonly #prepared = new Map<string, { statement: Statement; prepared: Prepared }>();
  readonly #iterated = new Set<Prepared>();
  #isRevoked = false;

  constructor(connection: Connection, step: ReadyStep, path: string) {
    this.#connection = connection;
    this.#step = step;
    this.#path = path;
  }

  exec(sql: string): void {
    this.#check();
    for (const statement of this.#read(sql)) {
      this.#guarded(statement, () => this.#connection.run(statement.text));
    }
  }

  run(sql: string, ...values: SqlValue[]): Changes {
    return this.#one(sql, (prepared) => prepared.run(...values));
  }

  get(sql: string, ...values: SqlValue[]): Row | null {
    return this.#one(sql, (prepared) => prepared.get(...values));
  }

  all(sql: string, ...values: SqlValue[]): Row[] {
    return this.#one(sql, (prepared) => prepared.all(...values));
  }

  *iterate(sql: string, ...values: SqlValue[]): IterableIterator<Row> {
    this.#check();
    const statement = this.#single(sql);
    // Its own statement: two iterations of one text may be open at once.
    const prepared = this.#guarded(statement, () => this.#connection.prepare(statement.text));
    this.#iterated.add(prepared);
    try {
      const rows = this.#guarded(statement, () => prepared.iterate(...values));
      for (;;) {
        const next = this.#guarded(statement, () => rows.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      this.#iterated.delete(prepared);
      prepared.finalize();
    }
  }

  /** Ends the handle and lets go of every statement that it compiled. */
  revoke(): void {
    this.#isRevoked = true;
    // An iteration that was left before its end: open, it would keep tables locked, and the connection from closing.
    for (const prepared of this.#iterated) prepared.finalize();
    this.#iterated.clear();
    for (const { prepared } of this.#prepared.values()) prepared.finalize();
    this.#prepared.clear();
  }

  #check(): void {
    if (this.#isRevoked)
      throw new Error("The migration has returned: its db cannot be used any more.");
    if (!this.#connection.inTransaction) throw new StepError(transactionLost(this.#step));
  }

  #read(sql: string): readonly Statement[] {
    const statements = unwrap(splitStatements(sql, this.#step.file));
    for (const statement of statements) {
      unwrap(refuseForbidden(statement, this.#step.options));
    }
    return statements;
  }

  #single(sql: string): Statement {
    const [statement, ...others] = this.#read(sql);
    if (statement !== undefined && others.length === 0) return statement;
    throw new TypeError(
      `One SQL statement is expected, not ${others.length === 0 ? 0 : others.length + 1}.`,
    );
  }

  #one<T>(sql: string, use: (prepared: Prepared) => T): T {
    this.#check();
    const known = this.#prepared.get(sql);
    if (known !== undefined) return this.#guarded(known.statement, () => use(known.prepared));
    const statement = this.#single(sql);
    return this.#guarded(statement, () => {
      const prepared = this.#connection.prepare(statement.text);
      this.#prepared.set(sql, { statement, prepared });
      return use(prepared);
    });
  }

  #guarded<T>(statement: Statement, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw new StepError(statementFailure(error, this.#step, statement, this.#path));
    }
  }
}
