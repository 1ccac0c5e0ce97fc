// A migration file's text -> its up and down sections, cut at the markers.

import { fail, ok, type Result } from "../failure.ts";
import { checksumOfText } from "./checksum.ts";
import type { Direction, Section, Sections, SqlMigration } from "./migration.ts";
import { defaultOptions } from "./migration.ts";
import { readOptions, writeOptions } from "./options.ts";
import { pattern } from "./pattern.ts";
import { plainPart, plainSections } from "./plain-sections.ts";
import { plainMarkers, plainUp } from "./plain.ts";
import { hidingPattern, LineCounter } from "./tokens.ts";

interface Marker {
  readonly word: string;
  readonly options: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
}

interface Markers {
  readonly ours: readonly Marker[];
  /** The first marker of another tool, by that tool's name. */
  readonly other: { readonly tool: string; readonly line: number; readonly column: number } | null;
  /** The first comment that only looks like a marker. */
  readonly near: { readonly word: string; readonly line: number; readonly column: number } | null;
}

const ourMarker = /^--\s*migrate:\s*(\w*)[^\S\n]*([^\n]*)$/i;
/** What was probably meant as one: misspelt, or behind SQL on its line. Run as a comment, down would follow up. */
const nearMarker = /^--[\s-]*migrat(?:e|ion)s?\s*:?\s*(up|down)\b/i;
/** Whose marker a bare `-- up` is: a comment like any other, unless the file has no marker of ours. */
const anyTool = "another tool";
const otherMarkers: readonly (readonly [RegExp, string])[] = [
  [/^--\s*\+goose\b/i, "goose"],
  [/^--\s*\+migrate\b/i, "sql-migrate"],
  [/^-->\s*statement-breakpoint/i, "drizzle"],
  [/^--\s*@(up|down|undo)\b/i, anyTool],
  [/^--\/\/\s*@undo\b/i, "MyBatis"],
  [/^--\s*(up|down)( migration)?\s*$/i, anyTool],
  [/^--\s*liquibase formatted/i, "Liquibase"],
];

/** How each of all these begins: a comment that begins otherwise is looked at once, not with every pattern. */
const likeMarker = /^--(?:>|\/\/|[\s-]*(?:migrat|[+@]|up|down|liquibase))/i;

function startsItsLine(text: string, offset: number): boolean {
  for (let at = offset - 1; at >= 0 && text[at] !== "\n"; at--) {
    if (text[at] !== " " && text[at] !== "\t") return false;
  }
  return true;
}

/** Comments, and the quotes that could hide one, to their ends. */
const hiding = pattern(() => hidingPattern, "g");
/** Whether there is anything that could hide a comment. */
const canHide = /['"`[]|\/\*/;
/** A piece of what may stand before the first token that counts. */
const before = /[ \n\t\r\f]+|--[^\n]*|\/\*[^]*?(?:\*\/|$)/y;

/** Where SQL begins before an offset; null where none does. */
function sqlBefore(text: string, offset: number): number | null {
  let at = 0;
  for (before.lastIndex = 0; at < offset && before.test(text);) at = before.lastIndex;
  return at < offset ? at : null;
}

/** A comment to the end of its line, and where it begins. */
interface LineComment {
  readonly start: number;
  readonly text: string;
}

/** The comments that begin with dashes, in a text in which nothing else can hide them. */
function plainComments(text: string): readonly LineComment[] {
  const found: LineComment[] = [];
  for (let start = text.indexOf("--"); start >= 0;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    found.push({ start, text: text.slice(start, end) });
    start = text.indexOf("--", end);
  }
  return found;
}

function commentsOf(text: string): readonly LineComment[] {
  if (!canHide.test(text)) return plainComments(text);
  const found: LineComment[] = [];
  const pieces = hiding();
  pieces.lastIndex = 0;
  for (let match = pieces.exec(text); match !== null; match = pieces.exec(text)) {
    const [piece] = match;
    if (piece.startsWith("-")) found.push({ start: match.index, text: piece });
  }
  return found;
}

/** What a comment says as a marker of ours; null where it is none. */
function markerOf(comment: string): Pick<Marker, "word" | "options"> | null {
  if (comment === plainMarkers.up) return { word: "up", options: "" };
  if (comment === plainMarkers.down) return { word: "down", options: "" };
  const match = ourMarker.exec(comment);
  if (match === null) return null;
  const [, word = "", options = ""] = match;
  return { word, options };
}

function findMarkers(text: string, file: string): Markers {
  const lines = new LineCounter(text, file);
  const ours: Marker[] = [];
  let other: Markers["other"] = null;
  let near: Markers["near"] = null;
  for (const { start, text: found } of commentsOf(text)) {
    if (!likeMarker.test(found)) continue;
    const comment = found.trimEnd();
    const isAlone = startsItsLine(text, start);
    const marker = isAlone ? markerOf(comment) : null;
    if (marker !== null) {
      const { line, column } = lines.positionOf(start);
      const { word, options } = marker;
      // The line's end is the marker's.
      const end = Math.min(start + found.length + 1, text.length);
      ours.push({ word, options, start, end, line, column });
      continue;
    }
    const [, word] = nearMarker.exec(comment) ?? [];
    if (word !== undefined && near === null) {
      const { line, column } = lines.positionOf(start);
      near = { word: word.toLowerCase(), line, column };
    }
    if (!isAlone) continue;
    const tool = otherMarkers.find(([pattern]) => pattern.test(comment))?.[1];
    if (tool !== undefined && other === null) {
      const { line, column } = lines.positionOf(start);
      other = { tool, line, column };
    }
  }
  return { ours, other, near };
}

const example =
  "Begin the file with '-- migrate:up' and put '-- migrate:down' before what undoes it.";

function sectionAt(text: string, file: string, marker: Marker, end: number): Result<Section> {
  const { line, column } = marker;
  const options = readOptions(marker.options, { file, line, column });
  if (!options.ok) return options;
  const body = text.slice(marker.end, end);
  return ok({ text: body, file, line: line + 1, options: options.value });
}

function wrongMarker(file: string, marker: Marker, text: string, hint: string): Result<never> {
  const { line, column } = marker;
  return fail("catalog.marker", text, hint, { at: { file, line, column } });
}

const fine: Result<null> = ok(null);

/** Whether there are no markers but the allowed ones, in their order. */
function areUsual(markers: readonly Marker[], allowed: readonly Direction[]): boolean {
  for (let at = 0; at < markers.length; at++) {
    if (markers[at]?.word !== allowed[at]) return false;
  }
  return true;
}

function checkMarkers(markers: Markers, file: string, allowed: readonly Direction[]): Result<null> {
  const { ours, other, near } = markers;
  if (near === null && other === null && areUsual(ours, allowed)) return fine;
  const isMissed = near !== null && !ours.some(({ word }) => word.toLowerCase() === near.word);
  if (isMissed) {
    const { line, column } = near;
    return fail(
      "catalog.marker",
      "This looks like a marker, and is only a comment.",
      `Write it as a line of its own: ${allowed.map((each) => `'-- migrate:${each}'`).join(" or ")}.`,
      { at: { file, line, column } },
    );
  }
  if (other !== null && (other.tool !== anyTool || ours.length === 0)) {
    return fail(
      "catalog.other-tool",
      `This is a marker of ${other.tool}, which rung does not read.`,
      example,
      { at: { file, line: other.line, column: other.column } },
    );
  }
  const seen = new Set<string>();
  for (const marker of ours) {
    const word = marker.word.toLowerCase();
    if (!allowed.some((each) => each === word)) {
      return wrongMarker(
        file,
        marker,
        `'-- migrate:${marker.word}' has no place in this file.`,
        `It may hold ${allowed.map((each) => `'-- migrate:${each}'`).join(" and ")}.`,
      );
    }
    if (seen.has(word)) {
      return wrongMarker(
        file,
        marker,
        `'-- migrate:${word}' stands here a second time.`,
        "Join the two sections, or make two migrations of them.",
      );
    }
    if (word === "up" && seen.has("down")) {
      return wrongMarker(file, marker, "The up section comes after the down section.", example);
    }
    seen.add(word);
  }
  return ok(null);
}

/** Cuts a file of two sections. `text` is normalized. Fails with `catalog.no-marker`, `.other-tool` or `.marker`. */
export function readSections(text: string, file: string): Result<Sections> {
  const up = plainUp(text);
  return up === null ? cutAtMarkers(text, file) : ok(plainSections(text, file, up));
}

/** The same of any file: a plain one takes it longer. */
export function cutAtMarkers(text: string, file: string): Result<Sections> {
  const markers = findMarkers(text, file);
  const checked = checkMarkers(markers, file, ["up", "down"]);
  if (!checked.ok) return checked;
  const [first, second] = markers.ours;
  if (first === undefined || first.word.toLowerCase() !== "up") {
    return fail("catalog.no-marker", "There is no '-- migrate:up' in this file.", example, {
      at: { file, line: first?.line ?? 1, column: first?.column ?? 1 },
    });
  }
  const sql = sqlBefore(text, first.start);
  if (sql !== null) {
    const at = new LineCounter(text, file).positionOf(sql);
    const what = "There is SQL before '-- migrate:up', which belongs to neither section.";
    return fail("catalog.marker", what, "Move it below the marker.", { at });
  }
  const up = sectionAt(text, file, first, second?.start ?? text.length);
  if (!up.ok || second === undefined) return up.ok ? ok({ up: up.value, down: null }) : up;
  const down = sectionAt(text, file, second, text.length);
  return down.ok ? ok({ up: up.value, down: down.value }) : down;
}

/**
 * Reads a text of one section: a file of a split pair, or a down as history keeps it.
 * `text` is normalized; a marker may stand as its first line, for its options.
 */
export function readSection(text: string, file: string, direction: Direction): Result<Section> {
  const plain = plainPart(text, file, direction);
  if (plain !== null) return ok(plain);
  const markers = findMarkers(text, file);
  const checked = checkMarkers(markers, file, [direction]);
  if (!checked.ok) return checked;
  const [marker] = markers.ours;
  if (marker === undefined) return ok({ text, file, line: 1, options: defaultOptions });
  if (sqlBefore(text, marker.start) !== null) {
    const what = `'-- migrate:${direction}' stands behind SQL in a file of one section.`;
    return wrongMarker(file, marker, what, "Make it the first line.");
  }
  return sectionAt(text, file, marker, text.length);
}

/** The sections of a migration. Fails as `readSections` and `readSection` do. */
export function sectionsOf(migration: SqlMigration): Result<Sections> {
  if (migration.sections !== undefined) return ok(migration.sections);
  const texts = migration.texts();
  // A plain file is looked at once more: where its up ends is not kept, as most starts never ask.
  if ("both" in texts) return readSections(texts.both.text, texts.both.path);
  const up = readSection(texts.up.text, texts.up.path, "up");
  if (!up.ok) return up;
  if (texts.down === null) return ok({ up: up.value, down: null });
  const down = readSection(texts.down.text, texts.down.path, "down");
  return down.ok ? ok({ up: up.value, down: down.value }) : down;
}

/** The checksum of a SQL migration, by its up section. */
export function checksumOfSection(up: Section): string {
  return checksumOfText(up.text, writeOptions(up.options));
}

/** A section as history keeps it, which `readSection` reads back: its marker line, then its text. */
export function writeSection(section: Section, direction: Direction): string {
  const options = writeOptions(section.options);
  const marker = options === "" ? `-- migrate:${direction}` : `-- migrate:${direction} ${options}`;
  return `${marker}\n${section.text}`;
}
