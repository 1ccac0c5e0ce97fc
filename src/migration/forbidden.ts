// A statement -> whether a migration may run it, decided before anything does.

import { fail, ok, type Failure, type FailureCode, type Result } from "../failure.ts";
import type { Section, StepOptions } from "./migration.ts";
import { namesOurs, placeOf, type Statement } from "./statements.ts";
import { identifierOf, tokenAt } from "./tokens.ts";
import { touchOf, type Touch } from "./touch.ts";

const transactionVerbs = new Set(["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"]);
const outsideVerbs = new Set(["VACUUM", "ATTACH", "DETACH"]);
const outsideHint = "Move it into a migration of its own whose marker line says transaction:false.";

/** A pragma that a migration may not use: never, or not where a transaction of ours is open. */
interface ForbiddenPragma {
  readonly isAlways: boolean;
  readonly why: string;
  readonly hint: string;
}

const damaging: ForbiddenPragma = {
  isAlways: true,
  why: "is not allowed in a migration: it can damage the database",
  hint: "Rebuild the table instead: create the new one, copy, drop the old one, rename.",
};
const outside: ForbiddenPragma = {
  isAlways: false,
  why: "does not work inside a transaction",
  hint: outsideHint,
};

/** By name; what fails, does nothing, or takes no part inside a transaction (SQLite, "PRAGMA Statements"). */
const forbiddenPragmas: Readonly<Record<string, ForbiddenPragma>> = {
  writable_schema: damaging,
  schema_version: damaging,
  encoding: {
    isAlways: true,
    why: "does nothing once a database has tables, and ours are among them",
    hint: "Create the database in that encoding first, then migrate it.",
  },
  hard_heap_limit: {
    isAlways: true,
    why: "is not allowed in a migration: it could not be reset for the next one",
    hint: "Remove it; PRAGMA soft_heap_limit can be set.",
  },
  foreign_keys: {
    isAlways: false,
    why: "does nothing inside a transaction",
    hint:
      "Remove it: foreign keys are off while a migration runs and checked before its commit; " +
      "foreign_keys:on on the marker line turns them on.",
  },
  auto_vacuum: outside,
  incremental_vacuum: outside,
  journal_mode: outside,
  locking_mode: outside,
  page_size: outside,
  synchronous: outside,
  temp_store: outside,
  temp_store_directory: outside,
  wal_autocheckpoint: outside,
  wal_checkpoint: outside,
};

/** Every name in a statement, and every word that could be one. */
function identifiersOf(text: string): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length;) {
    const token = tokenAt(text, at);
    at = token.end;
    if (token.kind === "word" || token.kind === "quoted") found.push(identifierOf(text, token));
  }
  return found;
}

/** The tables, or other objects, that a statement makes, changes or drops. */
function namesOf(touch: Touch, mentioned: readonly string[]): readonly string[] {
  switch (touch.does) {
    case "rename":
      return [touch.table, touch.name];
    case "create":
      // What an index or a trigger is on, and what a trigger does, can be ours as well.
      return [touch.name, ...mentioned];
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

/** A name of ours that a statement makes, changes or drops. */
function ours(touch: Touch, text: string): string | undefined {
  // As hardly any statement has it in its text, few are taken apart.
  if (!namesOurs(text)) return undefined;
  const isAttached =
    touch.does === "create" && (touch.type === "trigger" || touch.type === "index");
  const names = namesOf(touch, isAttached ? identifiersOf(text) : []);
  return names.find((name) => /^rung_/i.test(name));
}

const allowed: Result<null> = ok(null);

/** Whether a statement is of the kinds that nothing is asked of but to leave our tables alone. */
function isUsual(verb: string): boolean {
  return verb === "CREATE" || verb === "DROP" || verb === "INSERT" || verb === "ALTER";
}

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
  const { verb, text } = statement;
  if (isUsual(verb) && !namesOurs(text)) return allowed;
  const refuse = (what: string, hint: string): Result<null> =>
    fail(code, what, hint, { at: placeOf(statement), statement: text });
  if (transactionVerbs.has(verb)) {
    return refuse(
      `${verb} is not allowed in a migration: rung opens and ends the transaction.`,
      "Remove the statement; a migration that fails is rolled back as a whole.",
    );
  }
  const touch = touchOf(statement);
  const named = ours(touch, text);
  if (named !== undefined) {
    return refuse(
      `${named} is not a migration's to touch: names that begin with rung_ are kept for rung itself.`,
      "Choose another name; rung repair is the way to mend what history says.",
    );
  }
  if (touch.does === "pragma") {
    const { name } = touch;
    const pragma = Object.hasOwn(forbiddenPragmas, name) ? forbiddenPragmas[name] : undefined;
    if (pragma !== undefined && (pragma.isAlways || options.transaction)) {
      return refuse(`PRAGMA ${name} ${pragma.why}.`, pragma.hint);
    }
  }
  if (outsideVerbs.has(verb) && options.transaction) {
    return refuse(`${verb} does not work inside a transaction.`, outsideHint);
  }
  return allowed;
}

/** Refuses the first of a section's statements that is forbidden; null where all are allowed. */
export function refuseAll(
  statements: readonly Statement[],
  { text, options }: Section,
): { readonly ok: false; readonly failure: Failure } | null {
  const isOurs = namesOurs(text);
  for (const statement of statements) {
    if (!isOurs && isUsual(statement.verb)) continue;
    const refused = refuseForbidden(statement, options);
    if (!refused.ok) return refused;
  }
  return null;
}
