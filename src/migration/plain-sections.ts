// A text in which nothing but plain SQL follows the markers -> its sections.

import { defaultOptions, type Direction, type Section, type Sections } from "./migration.ts";
import { pattern } from "./pattern.ts";
import { plainLines, plainSql } from "./plain.ts";
import { lineEnds } from "./tokens.ts";

const plainRest = pattern(() => `^${plainSql}$`, "");

/** A section behind a marker line without options. */
function plainSection(text: string, file: string, line: number): Section {
  return { text, file, line, options: defaultOptions };
}

/** The sections of such a file, by its plain up. The down is cut whenever it is asked for: many a start has no use for it. */
export function plainSections(text: string, file: string, plainUp: string): Sections {
  const up = plainSection(plainUp, file, 2);
  const end = plainLines.up.length + plainUp.length;
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
