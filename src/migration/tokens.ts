// The smallest pieces of SQL text: what statements and sections are cut from.

import { pattern } from "./pattern.ts";

/** What a piece of SQL is, as far as splitting needs to know. `quoted` is any of '…', "…", `…`, […]. */
export type TokenKind = "space" | "comment" | "quoted" | "word" | "semicolon" | "other";

/** A piece of SQL text from `start` to `end` (UTF-16 offsets, end exclusive). */
export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** False for a comment or quote that the text ends inside of. */
  readonly closed: boolean;
}

const tab = 9;
const newline = 10;
const formFeed = 12;
const carriageReturn = 13;
const blank = 32;
const semicolon = 59;
const dash = 45;
const slash = 47;
const star = 42;
const openBracket = 91;
const singleQuote = 39;
const doubleQuote = 34;
const backtick = 96;

/** Whether a UTF-16 unit is white space to SQLite (tokenize.c, CC_SPACE). */
function isSpace(code: number): boolean {
  return (
    code === blank ||
    code === newline ||
    code === tab ||
    code === carriageReturn ||
    code === formFeed
  );
}

/** SQLite's identifier characters: letters, digits, `_`, `$` and all beyond ASCII (tokenize.c, IdChar). */
function isWord(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 36 ||
    code >= 128
  );
}

/** SQLite's white space, and no other, as what stands in a class of a pattern: beyond ASCII, all is part of a name. */
export const spaceSigns = " \\n\\t\\r\\f";

/** A run of identifier characters, as a pattern. */
export const wordPattern = "[A-Za-z0-9_$\\x80-\\uffff]+";

/** A quote or comment to its end, or to that of the text, as a pattern. A quote with a doubled one in it is two. */
export const hidingPattern =
  "'[^']*(?:'|$)|\"[^\"]*(?:\"|$)|`[^`]*(?:`|$)|\\[[^\\]]*(?:\\]|$)|--[^\\n]*|/\\*[^]*?(?:\\*/|$)";

// Runs of them. A pattern is compiled to machine code at once; a loop over characters is not before it has run long.
const spaces = /[ \n\t\r\f]+/y;
const words = pattern(() => wordPattern, "y");

function runEnd(text: string, start: number, run: RegExp): number {
  run.lastIndex = start;
  run.test(text);
  return run.lastIndex;
}

function delimited(
  text: string,
  kind: TokenKind,
  start: number,
  from: number,
  close: string,
): Token {
  const at = text.indexOf(close, from);
  return at < 0
    ? { kind, start, end: text.length, closed: false }
    : { kind, start, end: at + close.length, closed: true };
}

/** A quote ends at its first undoubled close; `''` inside stays inside (SQLite, "Literal Values"). */
function quoted(text: string, start: number, quote: string): Token {
  let from = start + 1;
  for (;;) {
    const token = delimited(text, "quoted", start, from, quote);
    if (!token.closed || text[token.end] !== quote) return token;
    from = token.end + 1;
  }
}

/**
 * The token that begins at `start`, which must lie inside the text.
 * The classes are those of SQLite's `sqlite3_complete()` (complete.c).
 */
export function tokenAt(text: string, start: number): Token {
  const code = text.charCodeAt(start);
  if (isSpace(code))
    return { kind: "space", start, end: runEnd(text, start, spaces), closed: true };
  if (isWord(code)) return { kind: "word", start, end: runEnd(text, start, words()), closed: true };
  switch (code) {
    case semicolon:
      return { kind: "semicolon", start, end: start + 1, closed: true };
    case dash:
      if (text.charCodeAt(start + 1) !== dash) break;
      return { ...delimited(text, "comment", start, start + 2, "\n"), closed: true };
    case slash:
      if (text.charCodeAt(start + 1) !== star) break;
      return delimited(text, "comment", start, start + 2, "*/");
    case singleQuote:
      return quoted(text, start, "'");
    case doubleQuote:
      return quoted(text, start, '"');
    case backtick:
      return quoted(text, start, "`");
    case openBracket:
      return delimited(text, "quoted", start, start + 1, "]");
  }
  return { kind: "other", start, end: start + 1, closed: true };
}

/** The name that an identifier token stands for: without its quotes, if it has any. */
export function identifierOf(text: string, token: Token): string {
  const raw = text.slice(token.start, token.end);
  if (token.kind !== "quoted") return raw;
  return unquoted(token.closed ? raw : `${raw}${raw.charAt(0)}`);
}

/** What stands between the quotes that a name or string begins and ends with. */
export function unquoted(quoted: string): string {
  const inner = quoted.slice(1, -1);
  const quote = quoted.charAt(0);
  return quote === "[" || !inner.includes(quote) ? inner : inner.replaceAll(quote + quote, quote);
}

/** Whether two UTF-16 units from here are one character. */
function isPair(text: string, at: number): boolean {
  const isHigh = (text.charCodeAt(at) & 0xfc00) === 0xd800;
  return isHigh && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}

const pieceLength = 4096;

/** How many lines end from one offset to another. The runtime counts faster than a loop, and by the piece in little memory. */
export function lineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += pieceLength) {
    count += text.slice(at, Math.min(at + pieceLength, to)).split("\n").length - 1;
  }
  return count;
}

/** Counts lines and columns as a cursor, so that positions in a long text, asked in their order, cost one pass. */
export class LineCounter {
  private readonly text: string;
  private readonly file: string;
  private readonly first: number;
  private line: number;
  private column = 1;
  private at = 0;

  /** `firstLine` is the line number, in `file`, of the text's first line. */
  constructor(text: string, file: string, firstLine = 1) {
    this.text = text;
    this.file = file;
    this.first = firstLine;
    this.line = firstLine;
  }

  /** The position of an offset. */
  positionOf(offset: number): { file: string; line: number; column: number } {
    if (offset < this.at) this.startAt(0, this.first);
    const ends = lineEnds(this.text, this.at, offset);
    if (ends > 0) {
      this.startAt(this.text.lastIndexOf("\n", offset - 1) + 1, this.line + ends);
    }
    for (; this.at < offset; this.column++) {
      this.at += isPair(this.text, this.at) ? 2 : 1;
    }
    return { file: this.file, line: this.line, column: this.column };
  }

  private startAt(offset: number, line: number): void {
    this.at = offset;
    this.line = line;
    this.column = 1;
  }
}
