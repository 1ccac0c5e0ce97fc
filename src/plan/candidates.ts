// A column's type and the conditions on it -> values that it may take, likely ones first. Pure.

import type { SqlValue } from "../migration/migration.ts";

type Affinity = "integer" | "text" | "blob" | "real" | "numeric";

/** SQLite's rules (SQLite, "Datatypes In SQLite", Determination Of Column Affinity). */
function affinityOf(type: string): Affinity {
  const upper = type.toUpperCase();
  if (upper.includes("INT")) return "integer";
  if (/CHAR|CLOB|TEXT/.test(upper)) return "text";
  if (upper === "" || upper.includes("BLOB")) return "blob";
  return /REAL|FLOA|DOUB/.test(upper) ? "real" : "numeric";
}

/** Far from the keys that a migration's own rows are likely to have. */
const firstNumber = 900_000;

function day(n: number): string {
  return `20${10 + (Math.floor(n / 28) % 80)}-01-${String(1 + (n % 28)).padStart(2, "0")}`;
}

/** The `n`th value of a declared type, where nothing more is known of a column: each is another one. */
export function plainValue(type: string, n: number): SqlValue {
  if (/BOOL/i.test(type)) return n % 2;
  if (/DATETIME|TIMESTAMP/i.test(type)) return `${day(n)} 12:00:00`;
  if (/^DATE$/i.test(type)) return day(n);
  switch (affinityOf(type)) {
    case "integer":
      return firstNumber + n;
    case "real":
    case "numeric":
      return /^ANY$/i.test(type) ? `generated ${n}` : firstNumber + n + 0.5;
    case "blob":
      return type === "" ? `generated ${n}` : new Uint8Array([0, 255, n % 256, n >> 8]);
    case "text":
      return `generated ${n}`;
  }
}

/** A text that a LIKE or GLOB pattern matches, of another kind for each `n`. */
function matching(pattern: string, n: number): readonly string[] {
  const like = pattern.replaceAll("%", `a${n}`).replaceAll("_", "a");
  const glob = pattern
    .replace(/\[\^?(.)[^\]]*\]/g, "$1")
    .replaceAll("*", `a${n}`)
    .replaceAll("?", "a");
  return [like, glob, pattern.replaceAll("%", "").replaceAll("*", "")];
}

function rotated<T>(values: readonly T[], by: number): readonly T[] {
  const at = values.length === 0 ? 0 : by % values.length;
  return [...values.slice(at), ...values.slice(0, at)];
}

/** Texts of a length, and a little longer and shorter. */
function ofLength(length: number, n: number): readonly string[] {
  if (length === 0) return [""];
  const text = String(n).padStart(length, "a").slice(-length);
  return [text, `${text}a`, text.slice(1), "1".repeat(length)];
}

/** The literals of a condition: they tell most of what it wants. */
function literals(condition: string, n: number): readonly SqlValue[] {
  const texts: string[] = [];
  const numbers: number[] = [];
  for (const [raw, text] of condition.matchAll(/'((?:[^']|'')*)'|(?<![\w.])\d+(?:\.\d+)?/g)) {
    if (text === undefined) numbers.push(Number(raw));
    else texts.push(text.replaceAll("''", "'"));
  }
  const patterns = texts
    .filter((text) => /[%_*?[]/.test(text))
    .flatMap((pattern) => matching(pattern, n));
  const lengths = numbers.filter((number) => Number.isInteger(number) && number <= 200);
  return [
    ...rotated(texts, n),
    ...patterns,
    ...rotated(numbers, n),
    ...numbers.flatMap((number) => [number + 1, number - 1, -number, number / 2]),
    ...lengths.flatMap((length) => ofLength(length, n)),
    ...lengths.flatMap((length) =>
      patterns.map((text) => text.padEnd(length, "0").slice(0, length)),
    ),
  ];
}

function general(n: number): readonly SqlValue[] {
  const text = [`g${n}`, `G${n}`, "A", "a", `g${n}@example.com`, `https://example.com/${n}`];
  const time = [day(n), `${day(n)} 12:00:00`, `${day(n)}T12:00:00Z`, "12:00", "12:00:00"];
  const json = ["{}", "[]", `{"n":${n}}`, `[${n}]`, `"${n}"`];
  const id = String(n).padStart(12, "0");
  return [n, 0, 1, n + 0.5, -n, 100, ...text, ...time, ...json, `00000000-0000-4000-8000-${id}`];
}

function fits(type: string, value: SqlValue): boolean {
  const affinity = affinityOf(type);
  if (affinity === "blob") return true;
  return (typeof value === "string") === (affinity === "text");
}

/** What to try in a column on whose value conditions are set, for the `n`th row. */
export function conditionedValues(
  type: string,
  conditions: readonly string[],
  n: number,
): readonly SqlValue[] {
  const wanted = conditions.flatMap((condition) => literals(condition, n));
  const all = [plainValue(type, n), ...wanted, ...general(n)];
  const ranked = [
    ...all.filter((value) => fits(type, value)),
    ...all.filter((value) => !fits(type, value)),
  ];
  // A blob is equal to no other object, and there is only one.
  return [...new Set(ranked)];
}
