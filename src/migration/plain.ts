// A text in which nothing but plain SQL follows the markers, as in nearly all files -> its sections, by one pattern.

import { defaultOptions, type Direction, type Section, type Sections } from "./migration.ts";
import { lineEnds, pattern } from "./tokens.ts";

/** Markers as nearly all are written. */
export const plainMarkers = { up: "-- migrate:up", down: "-- migrate:down" } as const;
const plainLines = { up: `${plainMarkers.up}\n`, down: `${plainMarkers.down}\n` } as const;
/** What stands between the two sections. */
const plainTurn = `\n${plainLines.down}`;
/** SQL without a quote or a comment, or what could begin one; nor is there anything to normalize. */
const plainSql = `[^'"\`[/\\-\\r\ufffd]*`;
const plainRest = pattern(() => `^${plainSql}$`, "");
const plainFile = pattern(
  () => `^${plainLines.up}${plainSql}(?:${plainLines.down}${plainSql})?$`,
  "",
);

/** A section behind a marker line without options. */
function plainSection(text: string, file: string, line: number): Section {
  return { text, file, line, options: defaultOptions };
}

/**
 * Where the up of a file ends in which nothing but plain SQL follows the markers, and these have no options; null of
 * any other. Such a text is normalized as it was read. Nearly all files are of this kind, and each is looked at whole
 * at every start, so that one pattern does it.
 */
export function endOfPlainUp(text: string): number | null {
  if (!plainFile().test(text)) return null;
  const end = text.indexOf(plainTurn, plainLines.up.length - 1);
  if (end >= 0) return end + 1;
  return text.includes("-", plainLines.up.length) ? null : text.length;
}

/** The text of the up of such a file. */
export function plainUp(text: string, end: number): string {
  return text.slice(plainLines.up.length, end);
}

/** The sections of such a file. The down is cut whenever it is asked for: many a start has no use for it. */
export function plainSections(text: string, file: string, end: number): Sections {
  const up = plainSection(plainUp(text, end), file, 2);
  if (end === text.length) return { up, down: null };
  const from = end + plainLines.down.length;
  return {
    up,
    get down() {
      return plainSection(text.slice(from), file, lineEnds(text, 0, from) + 1);
    },
  };
}

/** A text of one section, of this kind; null of any other. */
export function plainPart(text: string, file: string, direction: Direction): Section | null {
  const marker = plainLines[direction];
  if (!text.startsWith(marker)) return null;
  const rest = text.slice(marker.length);
  return plainRest().test(rest) ? plainSection(rest, file, 2) : null;
}
