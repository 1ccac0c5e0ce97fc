// What a run has done so far, one after the other: each state has it whole and shares it with the one before.

/** Values in order, the latest at hand; null for none. To copy a list with each value takes the square of their number. */
export type Trail<T> = {
  readonly value: T;
  readonly before: Trail<T>;
  readonly length: number;
} | null;

/** How many values there are. */
export function lengthOf<T>(trail: Trail<T>): number {
  return trail === null ? 0 : trail.length;
}

/** A trail with one value more. */
export function followedBy<T>(before: Trail<T>, value: T): Trail<T> {
  return { value, before, length: lengthOf(before) + 1 };
}

/** The values, the first one first. */
export function listOf<T>(trail: Trail<T>): readonly T[] {
  const values: T[] = [];
  for (let at = trail; at !== null; at = at.before) values.push(at.value);
  return values.reverse();
}
