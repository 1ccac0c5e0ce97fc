// A statement of a step that SQLite did not run, or that ended our transaction -> the failure that says so.

import { failure, messageOf, type Failure } from "../failure.ts";
import { placeOf, type Statement } from "../migration/statements.ts";
import type { ReadyStep } from "../plan/step.ts";
import { databaseFailure, type UsedDatabase } from "./errors.ts";

/** The failure of a statement that SQLite refused. */
export function statementFailure(
  error: unknown,
  step: ReadyStep,
  statement: Statement,
  database: UsedDatabase,
): Failure {
  const place = { at: placeOf(statement), statement: statement.text };
  const unusable = databaseFailure(error, database);
  if (unusable !== null) return { ...unusable, ...place };
  const message = messageOf(error);
  const text = `Migration ${step.version} ${step.name} failed: ${message}.`;
  const hint = / already exists$/.test(message)
    ? "Mend the statement; a database that was built by other means is taken over with rung baseline."
    : "Mend the statement and run the command again.";
  return failure("step.failed", text, hint, place);
}

/** The failure of a step that ended our transaction. */
export function transactionLost(step: ReadyStep, statement?: Statement): Failure {
  return failure(
    "step.transaction-lost",
    `Migration ${step.version} ${step.name} ended the transaction that it ran in.`,
    "Look for ROLLBACK in a trigger or an ON CONFLICT clause, and use ABORT instead.",
    statement === undefined ? {} : { at: placeOf(statement), statement: statement.text },
  );
}
