// Whether nothing but plain SQL follows the markers of a text, and which is its up: told by one pattern.

import { pattern } from "./pattern.ts";

/** Markers as nearly all are written. */
export const plainMarkers = { up: "-- migrate:up", down: "-- migrate:down" } as const;
/** The same as whole lines. */
export const plainLines = { up: `${plainMarkers.up}\n`, down: `${plainMarkers.down}\n` } as const;
/** What stands between the two sections. */
const plainTurn = `\n${plainLines.down}`;
/** SQL without a quote or a comment, or what could begin one; nor is there anything to normalize. */
export const plainSql = `[^'"\`[/\\-\\r\ufffd]*`;
const plainFile = pattern(
  () => `^${plainLines.up}${plainSql}(?:${plainLines.down}${plainSql})?$`,
  "",
);

/**
 * The up of a file in which nothing but plain SQL follows the markers, and these have no options; null of any other.
 * Such a text is normalized as it was read. Nearly all files are of this kind, and each is looked at whole at every
 * start, so that one pattern does it.
 */
export function plainUp(text: string): string | null {
  if (!plainFile().test(text)) return null;
  const begin = plainLines.up.length;
  const end = text.indexOf(plainTurn, begin - 1);
  if (end >= 0) return text.slice(begin, end + 1);
  return text.includes("-", begin) ? null : text.slice(begin);
}
