// How text is laid out for people: columns, durations, colour where it is wanted, and nothing that steers a terminal.

const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

/** Whether a text of lines holds anything that steers a terminal. */
export function steers(text: string): boolean {
  return steering.test(text);
}

/** Blanks by their number, up to a number of them. */
export function gapsTo(width: number): readonly string[] {
  const gaps: string[] = [];
  for (let blanks = ""; gaps.length <= width; blanks += " ") gaps.push(blanks);
  return gaps;
}

/** Control and direction characters made visible, so that no name or message can steer a terminal. */
export function printable(text: string): string {
  // Hardly any text has one.
  if (!steers(text)) return text;
  return text.replaceAll(
    new RegExp(steering, "g"),
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A duration in the unit that suits it. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}

/** A number of bytes in the unit that suits it. */
export function size(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const amount = bytes / 1000 ** power;
  return `${power === 0 ? bytes : amount.toFixed(1)} ${units[power]}`;
}

/** A moment of RFC 3339 in UTC, to the second. */
export function moment(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)}`;
}

/** Rows of cells as lines of aligned columns. Joined, as adding up thousands of pieces takes twice the memory. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (let at = 0; at < row.length; at++) {
      const { length } = row[at] ?? "";
      if (length > (widths[at] ?? 0)) widths[at] = length;
    }
  }
  const lines: string[] = [];
  for (const row of rows) {
    const padded: string[] = [];
    for (let at = 0; at < row.length; at++)
      padded.push((row[at] ?? "").padEnd((widths[at] ?? 0) + 2));
    lines.push(`${padded.join("").trimEnd()}\n`);
  }
  return lines.join("");
}

/** Every line of a text set in by two blanks. */
export function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}\n`)
    .join("");
}

/** A colour by its SGR code (ECMA-48, "Select Graphic Rendition"). */
export type Colour = 31 | 32 | 33 | 36;

/** Puts a text in colour, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** Paints for a terminal. */
export const coloured: Paint = (colour, text) => `\u001b[${colour}m${text}\u001b[39m`;

/** Paints for everything else. */
export const plain: Paint = (_colour, text) => text;
