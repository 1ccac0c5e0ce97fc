// Steps that only make tables and indexes, or only drop some: most of these can lose nothing, and nobody has to watch.

import { touchOf } from "../migration/touch.ts";
import { foldName } from "../migration/name.ts";
import type { ReadyStep } from "../plan/step.ts";

/** What a plain step does, and to objects of which folded names. */
export interface PlainChange {
  readonly does: "create" | "drop";
  readonly names: readonly string[];
}

/**
 * What asks for more than a look at the table itself: a key to another one, a module that makes tables of its own, or
 * our tables, which could be read.
 */
const reachesOut = /references|virtual|rung_/i;

/** What a step does to tables and indexes, where that is all, and one thing only; null where it is not, or nobody knows. */
export function plainChange({ work, options }: ReadyStep): PlainChange | null {
  if (work.kind === "call" || !options.transaction) return null;
  let does: PlainChange["does"] | null = null;
  const names: string[] = [];
  for (const statement of work.statements) {
    const touch = touchOf(statement);
    if (touch.does !== "create" && touch.does !== "drop") return null;
    if (touch.type !== "table" && touch.type !== "index") return null;
    if (touch.does === "create" && (touch.isTemp || reachesOut.test(statement.text))) return null;
    does ??= touch.does;
    if (does !== touch.does) return null;
    names.push(foldName(touch.name));
  }
  return does === null ? null : { does, names };
}
