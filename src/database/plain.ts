// Steps that only make tables and indexes: they can lose nothing, so that nobody has to watch them.

import { touchOf } from "../migration/touch.ts";
import { foldName } from "../plan/schema.ts";
import type { ReadyStep } from "../plan/step.ts";

/** What can ask for more than a look at the table itself: a key to another one, or a module that makes tables of its own. */
const reachesOut = /references|virtual/i;

/** The folded names that a step makes, where it does nothing else; null where it does, or nobody can know. */
export function namesMade({ work, options }: ReadyStep): ReadonlySet<string> | null {
  if (work.kind === "call" || !options.transaction) return null;
  const names = new Set<string>();
  for (const statement of work.statements) {
    const touch = touchOf(statement);
    if (touch.does !== "create" || touch.isTemp) return null;
    if (touch.type !== "table" && touch.type !== "index") return null;
    if (reachesOut.test(statement.text)) return null;
    names.add(foldName(touch.name));
  }
  return names;
}
