// A statement -> whether a migration may run it, decided before anything does.

import { fail, ok, type FailureCode, type Result } from "../failure.ts";
import type { StepOptions } from "./migration.ts";
import type { Statement } from "./statements.ts";
import { touchOf, type Touch } from "./touch.ts";

const transactionVerbs = new Set(["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"]);
const outsideVerbs = new Set(["VACUUM", "ATTACH", "DETACH"]);
const neverPragmas = new Set(["writable_schema", "schema_version"]);

/** Pragmas that fail, do nothing, or don't take part inside a transaction (SQLite, "PRAGMA Statements"). */
const outsidePragmas = new Set([
  "auto_vacuum",
  "foreign_keys",
  "incremental_vacuum",
  "journal_mode",
  "locking_mode",
  "page_size",
  "synchronous",
  "temp_store",
  "temp_store_directory",
  "wal_autocheckpoint",
  "wal_checkpoint",
]);

/** The tables, or other objects, that a statement makes, changes or drops. */
function namesOf(touch: Touch): readonly string[] {
  switch (touch.does) {
    case "rename":
      return [touch.table, touch.name];
    case "create":
    case "drop":
      return [touch.name];
    case "alter":
    case "insert":
    case "update":
    case "delete":
      return [touch.table];
    case "pragma":
    case "nothing":
      return [];
  }
}

const outsideHint = "Move it into a migration of its own whose marker line says transaction:false.";

/**
 * Refuses what would break the promise that a migration is wholly there or wholly absent: statements that end our
 * transaction, and those that cannot work inside one. `code` is that of the failure: the catalog's for a file, the
 * step's for what a TypeScript migration asks at run time.
 */
export function refuseForbidden(
  statement: Statement,
  options: StepOptions,
  code: FailureCode = "catalog.forbidden",
): Result<null> {
  const { verb, at, text } = statement;
  const refuse = (what: string, hint: string): Result<null> =>
    fail(code, what, hint, { at, statement: text });
  if (transactionVerbs.has(verb)) {
    return refuse(
      `${verb} is not allowed in a migration: rung opens and ends the transaction.`,
      "Remove the statement; a migration that fails is rolled back as a whole.",
    );
  }
  const touch = touchOf(statement);
  const named = namesOf(touch).find((name) => /^rung_/i.test(name));
  if (named !== undefined) {
    return refuse(
      `${named} is not a migration's to touch: names that begin with rung_ are kept for rung itself.`,
      "Choose another name; rung repair is the way to mend what history says.",
    );
  }
  if (touch.does === "pragma") {
    const { name } = touch;
    if (neverPragmas.has(name)) {
      return refuse(
        `PRAGMA ${name} is not allowed in a migration: it can damage the database.`,
        "Rebuild the table instead: create the new one, copy, drop the old one, rename.",
      );
    }
    if (name === "hard_heap_limit") {
      return refuse(
        "PRAGMA hard_heap_limit is not allowed in a migration: it could not be reset for the next one.",
        "Remove it; PRAGMA soft_heap_limit can be set.",
      );
    }
    if (name === "foreign_keys" && options.transaction) {
      return refuse(
        "PRAGMA foreign_keys does nothing inside a transaction.",
        "Remove it: foreign keys are off while a migration runs and checked before its commit; " +
          "foreign_keys:on on the marker line turns them on.",
      );
    }
    if (outsidePragmas.has(name) && options.transaction) {
      return refuse(`PRAGMA ${name} does not work inside a transaction.`, outsideHint);
    }
  }
  if (outsideVerbs.has(verb) && options.transaction) {
    return refuse(`${verb} does not work inside a transaction.`, outsideHint);
  }
  return ok(null);
}
