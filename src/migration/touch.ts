// A statement -> what it can touch: which objects it makes or drops, which rows it can change.

import { Cursor } from "./cursor.ts";
import type { Statement } from "./statements.ts";
import { pattern } from "./pattern.ts";
import { spaceSigns } from "./tokens.ts";

/** A kind of object in a schema. */
export type ObjectType = "table" | "index" | "view" | "trigger";

/** What a statement can do, as far as its text tells. Names are as written, without quotes and schema. */
export type Touch =
  | {
      readonly does: "create";
      readonly type: ObjectType | null;
      readonly name: string;
      readonly isTemp: boolean;
    }
  | { readonly does: "drop"; readonly type: ObjectType; readonly name: string }
  | { readonly does: "rename"; readonly table: string; readonly name: string }
  | { readonly does: "alter"; readonly table: string }
  /** Adds rows; with `removes` it can replace or change rows that are there. */
  | { readonly does: "insert"; readonly table: string; readonly removes: boolean }
  /** Changes these columns, null where the text does not tell; with `removes` it can replace other rows. */
  | {
      readonly does: "update";
      readonly table: string;
      readonly columns: readonly string[] | null;
      readonly removes: boolean;
    }
  | { readonly does: "delete"; readonly table: string }
  | { readonly does: "pragma"; readonly name: string; readonly sets: boolean }
  /** Reads only, or works on what no guard watches. */
  | { readonly does: "nothing" };

const nothing: Touch = { does: "nothing" };
const objectTypes: Readonly<Record<string, ObjectType>> = {
  TABLE: "table",
  INDEX: "index",
  VIEW: "view",
  TRIGGER: "trigger",
};
// Not FROM, which IS DISTINCT FROM has too. What follows it is taken for columns only where that errs to the safe side.
const afterSet = new Set(["WHERE", "ORDER", "LIMIT"]);

function createTouch(cursor: Cursor): Touch {
  const isTemp = cursor.is("TEMP") || cursor.is("TEMPORARY");
  cursor.skip("TEMP", "TEMPORARY", "UNIQUE", "VIRTUAL");
  const type = objectTypes[cursor.word] ?? null;
  cursor.next();
  cursor.skipAll("IF", "NOT", "EXISTS");
  const inTemp = cursor.isSchema("temp");
  return { does: "create", type, name: cursor.name(), isTemp: isTemp || inTemp };
}

function dropTouch(cursor: Cursor): Touch {
  const type = objectTypes[cursor.word];
  if (type === undefined) return nothing;
  cursor.next();
  cursor.skipAll("IF", "EXISTS");
  return { does: "drop", type, name: cursor.name() };
}

function alterTouch(cursor: Cursor): Touch {
  cursor.skip("TABLE");
  const table = cursor.name();
  if (!cursor.is("RENAME")) return { does: "alter", table };
  cursor.next();
  if (!cursor.is("TO")) return { does: "alter", table };
  cursor.next();
  return { does: "rename", table, name: cursor.name() };
}

/** Steps over `OR action` and tells whether the action replaces rows. */
function skipConflict(cursor: Cursor): boolean {
  if (!cursor.is("OR")) return false;
  cursor.next();
  const replaces = cursor.is("REPLACE");
  cursor.next();
  return replaces;
}

function insertTouch(cursor: Cursor, text: string, isReplace: boolean): Touch {
  const replaces = skipConflict(cursor) || isReplace;
  cursor.skip("INTO");
  const table = cursor.name();
  // There can be thousands of rows, and there is hardly ever such a clause behind them.
  if (/conflict/i.test(text)) cursor.seek(new Set(["CONFLICT"]));
  return { does: "insert", table, removes: replaces || cursor.is("CONFLICT") };
}

function updateTouch(cursor: Cursor): Touch {
  const replaces = skipConflict(cursor);
  const table = cursor.name();
  cursor.seek(new Set(["SET"]));
  const columns: string[] = [];
  const stops = new Set([",", ...afterSet]);
  do {
    cursor.next();
    const isList = cursor.is("(");
    if (isList) cursor.next();
    columns.push(cursor.name());
    while (isList && cursor.is(",")) {
      cursor.next();
      columns.push(cursor.name());
    }
    if (isList) cursor.next();
    if (!cursor.is("=")) return { does: "update", table, columns: null, removes: replaces };
    cursor.seek(stops);
  } while (cursor.is(","));
  return { does: "update", table, columns: replaces ? null : columns, removes: replaces };
}

function pragmaTouch(cursor: Cursor): Touch {
  const name = cursor.name().toLowerCase();
  return { does: "pragma", name, sets: cursor.is("=") || cursor.is("(") };
}

/** Steps over `WITH name (columns) AS (SELECT …), …`. */
function skipWith(cursor: Cursor): void {
  cursor.next();
  cursor.skip("RECURSIVE");
  for (;;) {
    cursor.name();
    cursor.skipGroup();
    cursor.skip("AS", "NOT", "MATERIALIZED");
    cursor.skipGroup();
    if (!cursor.is(",")) return;
    cursor.next();
  }
}

/** It is asked when a statement is checked, when it is about to run, and by the guard. */
const known = new WeakMap<Statement, Touch>();

/** What a statement can touch. A trigger that it sets off can touch more. */
export function touchOf(statement: Statement): Touch {
  const before = known.get(statement);
  if (before !== undefined) return before;
  const touch = readPlainly(statement.text) ?? readClosely(statement.text);
  known.set(statement, touch);
  return touch;
}

const gap = `[${spaceSigns}]`;
/** What keeps a word from being the whole name: what it can go on with, a dot, and comments, which can stand before one. */
const goesOn = String.raw`[\w$\x80-\uffff]|${gap}*[.\-/]`;
/** Two words and a name: by far the most of all statements that make or drop something. */
const plainest = pattern(() => `^(\\w+)${gap}+(\\w+)${gap}+([A-Za-z_]\\w*)(?!${goesOn})`, "");
/** The same with more words before the name. To compile this takes three times as long. */
const withMore = pattern(() => {
  const kind = `(UNIQUE${gap}+)?(\\w+)`;
  const condition = `(?:(IF${gap}+(?:NOT${gap}+)?)EXISTS${gap}+)?`;
  return `^(\\w+)${gap}+${kind}${gap}+${condition}([A-Z_]\\w*)(?!${goesOn})`;
}, "i");

function isIf(word: string): boolean {
  return word.length === 2 && word.toUpperCase() === "IF";
}

/** What a statement makes or drops, where it is written so plainly that patterns can tell. */
function readPlainly(text: string): Touch | null {
  let [, verb = "", kind = "", name = ""] = plainest().exec(text) ?? [];
  let unique: string | undefined;
  let condition: string | undefined;
  if (kind.toUpperCase() === "UNIQUE" || isIf(name)) {
    [, verb = "", unique, kind = "", condition, name = ""] = withMore().exec(text) ?? [];
  }
  const type = objectTypes[kind.toUpperCase()];
  if (type === undefined || isIf(name)) return null;
  const asksForNone = condition !== undefined && /not/i.test(condition);
  switch (verb.toUpperCase()) {
    case "CREATE": {
      const isOdd = condition !== undefined && !asksForNone;
      return isOdd ? null : { does: "create", type, name, isTemp: false };
    }
    case "DROP": {
      const isOdd = unique !== undefined || asksForNone;
      return isOdd ? null : { does: "drop", type, name };
    }
    default:
      return null;
  }
}

function readClosely(text: string): Touch {
  const cursor = new Cursor(text);
  const isExplained = cursor.is("EXPLAIN");
  if (isExplained) {
    cursor.next();
    cursor.skipAll("QUERY", "PLAN");
    // SQLite sets many a pragma as it compiles it, so that to explain it is to run it.
    if (!cursor.is("PRAGMA")) return nothing;
  }
  if (cursor.is("WITH")) skipWith(cursor);
  const verb = cursor.word;
  cursor.next();
  switch (verb) {
    case "CREATE":
      return createTouch(cursor);
    case "DROP":
      return dropTouch(cursor);
    case "ALTER":
      return alterTouch(cursor);
    case "INSERT":
      return insertTouch(cursor, text, false);
    case "REPLACE":
      return insertTouch(cursor, text, true);
    case "UPDATE":
      return updateTouch(cursor);
    case "DELETE":
      cursor.skip("FROM");
      return { does: "delete", table: cursor.name() };
    case "PRAGMA":
      return pragmaTouch(cursor);
    default:
      return nothing;
  }
}
