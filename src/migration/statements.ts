// A section's text -> its statements, each with its position and verb.

import { fail, ok, type Position, type Result } from "../failure.ts";
import { pattern } from "./pattern.ts";
import {
  hidingPattern,
  LineCounter,
  spaceSigns,
  tokenAt,
  wordPattern,
  type Token,
} from "./tokens.ts";

/** SQL, and the line of the file on which it begins: a section, or what a TypeScript migration runs. */
export interface Source {
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

/** One SQL statement as written, without its closing semicolon. */
export interface Statement {
  readonly text: string;
  /** What it was cut from, and where it begins there: see `placeOf`. */
  readonly source: Source;
  readonly start: number;
  /** The first word in upper case: CREATE, INSERT, WITH, PRAGMA … */
  readonly verb: string;
}

const counters = new WeakMap<Source, LineCounter>();

/** Where a statement begins. To count its lines takes longer than to cut it, and hardly anybody asks. */
export function placeOf({ source, start }: Statement): Position {
  let lines = counters.get(source);
  if (lines === undefined) {
    lines = new LineCounter(source.text, source.file, source.line);
    counters.set(source, lines);
  }
  return lines.positionOf(start);
}

type Cell = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;
type Row = readonly [Cell, Cell, Cell, Cell, Cell, Cell, Cell, Cell];

/** The states and, in each row, what follows on: semicolon, space, other, EXPLAIN, CREATE, TEMP, TRIGGER, END. */
const transitions: readonly [Row, Row, Row, Row, Row, Row, Row, Row] = [
  /* 0 invalid   */ [1, 0, 2, 3, 4, 2, 2, 2],
  /* 1 start     */ [1, 1, 2, 3, 4, 2, 2, 2],
  /* 2 normal    */ [1, 2, 2, 2, 2, 2, 2, 2],
  /* 3 explain   */ [1, 3, 3, 2, 4, 2, 2, 2],
  /* 4 create    */ [1, 4, 2, 2, 2, 4, 5, 2],
  /* 5 trigger   */ [6, 5, 5, 5, 5, 5, 5, 5],
  /* 6 semicolon */ [6, 6, 5, 5, 5, 5, 5, 7],
  /* 7 end       */ [1, 7, 5, 5, 5, 5, 5, 5],
];
const beginning: Cell = 1;

/** The column of a word in upper case. */
function columnOfWord(word: string): Cell {
  switch (word) {
    case "EXPLAIN":
      return 3;
    case "CREATE":
      return 4;
    case "TEMP":
    case "TEMPORARY":
      return 5;
    case "TRIGGER":
      return 6;
    case "END":
      return 7;
    default:
      return 2;
  }
}

function columnOf(text: string, token: Token): Cell {
  switch (token.kind) {
    case "semicolon":
      return 0;
    case "space":
    case "comment":
      return 1;
    case "word":
      // None of the table is longer than TEMPORARY.
      if (token.end - token.start > 9) return 2;
      return columnOfWord(text.slice(token.start, token.end).toUpperCase());
    default:
      return 2;
  }
}

/** Whether SQL may speak of one of our own tables. */
export function namesOurs(sql: string): boolean {
  return /rung_/i.test(sql);
}

const firstWord = pattern(() => wordPattern, "y");

function verbAt(text: string, start: number): string {
  const first = firstWord();
  first.lastIndex = start;
  const end = first.test(text) ? first.lastIndex : start + 1;
  return text.slice(start, end).toUpperCase();
}

function statementAt(source: Source, start: number, end: number): Statement {
  const { text } = source;
  return { text: text.slice(start, end), source, start, verb: verbAt(text, start) };
}

/** What makes an end of a statement more than a semicolon: what can hide one, or hold some of its own. */
const intricate = /['"`[\0]|--|\/\*|trigger/i;
const gap = `[${spaceSigns}]*`;
/** Plain SQL in its white space, and what follows: the end of a statement, a quote, a comment, or a sign like theirs. */
const stretch = pattern(() => {
  const apart = ";'\"`/[-";
  const atItsEdge = `[^${spaceSigns}${apart}]`;
  const plain = `${atItsEdge}(?:[^${apart}]*${atItsEdge})?`;
  return `(${gap})(${plain})?${gap}(;|${hidingPattern}|[/-]|$)`;
}, "y");
/** Where every semicolon ends a statement: one with its first word, and the white space around it and its end. */
const plainStatement = pattern(
  () => `(${gap})((${wordPattern}|[^;])(?:[^;]*[^;${spaceSigns}])?)?${gap};?${gap}`,
  "y",
);

/** Splits SQL in which every semicolon ends a statement. */
function splitPlainly(source: Source): readonly Statement[] {
  const statements: Statement[] = [];
  const each = plainStatement();
  each.lastIndex = 0;
  for (let from = 0; from < source.text.length;) {
    const match = each.exec(source.text);
    if (match === null) throw new Error("SQL was not split to its end");
    const text = match[2];
    const start = from + (match[1] ?? "").length;
    const verb = (match[3] ?? "").toUpperCase();
    if (text !== undefined) statements.push({ text, source, start, verb });
    from += match[0].length;
  }
  return statements;
}

/** Splits SQL without triggers, in which every semicolon ends a statement that no quote or comment hides; null where one stays open. */
function splitByStretches(source: Source): readonly Statement[] | null {
  const { text } = source;
  const statements: Statement[] = [];
  let start = -1;
  let end = 0;
  const close = (): void => {
    if (start >= 0) statements.push(statementAt(source, start, end));
    start = -1;
  };
  const each = stretch();
  each.lastIndex = 0;
  for (let at = 0; at < text.length;) {
    const match = each.exec(text);
    if (match === null) return null;
    const begin = at + (match[1] ?? "").length;
    const plain = match[2] ?? "";
    const item = match[3] ?? "";
    at += match[0].length;
    const from = at - item.length;
    if (plain !== "") end = begin + plain.length;
    if (plain !== "" && start < 0) start = begin;
    if (item === ";") close();
    if (item === ";" || item === "") continue;
    // What a text ends in may be open.
    if (at === text.length && !tokenAt(text, from).closed) return null;
    const isComment = item.length > 1 && (item.startsWith("-") || item.startsWith("/"));
    if (isComment) continue;
    if (start < 0) start = from;
    end = at;
  }
  close();
  return statements;
}

/**
 * Splits SQL into statements exactly where SQLite itself would end them, triggers and all.
 * The state machine is that of `sqlite3_complete()` (SQLite source, complete.c).
 * Comments and white space before a statement are not part of it; a text of nothing else gives no statements.
 * Fails (`catalog.text`) on a NUL character, behind which SQLite would drop everything, and on a comment or quote
 * that is never closed.
 */
export function splitStatements(source: Source): Result<readonly Statement[]> {
  const { text, file, line } = source;
  if (!intricate.test(text)) return ok(splitPlainly(source));

  const lines = new LineCounter(text, file, line);
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    return fail(
      "catalog.text",
      "The SQL contains a NUL character, behind which SQLite reads nothing.",
      "Remove the character; char(0) writes one inside an expression.",
      { at: lines.positionOf(nul) },
    );
  }

  const isTriggered = /trigger/i.test(text);
  const split = isTriggered ? null : splitByStretches(source);
  if (split !== null) return ok(split);
  const statements: Statement[] = [];
  let state: Cell = beginning;
  let first: Token | undefined;
  let last = 0;

  const close = (): void => {
    if (first === undefined) return;
    statements.push(statementAt(source, first.start, last));
    first = undefined;
  };

  for (let at = 0; at < text.length;) {
    const token = tokenAt(text, at);
    at = token.end;
    if (!token.closed) {
      const what = token.kind === "comment" ? "comment" : "quote";
      return fail(
        "catalog.text",
        `A ${what} is opened here and never closed.`,
        `Close the ${what}: everything behind it is read as part of it.`,
        { at: lines.positionOf(token.start) },
      );
    }
    state = transitions[state][columnOf(text, token)];
    if (token.kind === "semicolon" && state === beginning) {
      close();
    } else if (token.kind !== "space" && token.kind !== "comment") {
      first ??= token;
      last = token.end;
    }
  }
  close();
  return ok(statements);
}
