// What a status report has to tell besides its table -> what a person reads: interrupted steps, and drift.

import { called } from "../called.ts";
import { differenceText, withoutOrder, type Difference } from "../plan/difference.ts";
import type { StatusRow } from "../plan/status.ts";
import { indented, printable } from "./style.ts";

function interruptionText({ version, state, interruption }: StatusRow): string {
  if (interruption === null) return "";
  const { direction, done, total, lastDone, inDoubt } = interruption;
  const of = total === 0 ? "" : ` of ${total}`;
  const is = state === "running" ? "is being run by another process" : "was interrupted";
  const parts = [`Version ${version} ${is} (${direction}): ${done}${of} statements are done.\n`];
  if (lastDone !== null) parts.push("The last one known done:\n", indented(lastDone));
  if (state === "running") return printable(`${parts.join("")}\n`);
  if (inDoubt !== null) parts.push("The one in doubt:\n", indented(inDoubt));
  parts.push(called(`Settle it: rung repair --settle ${version} --as applied, or --as pending\n`));
  return printable(parts.join(""));
}

/** What something else has changed in the schema, object by object, with both texts. */
export function driftText(drift: readonly Difference[]): string {
  if (drift.length === 0) return "";
  const parts = [
    withoutOrder(drift).length > 0
      ? "The schema has drifted: something else has changed it since the last migration.\n"
      : "Something else has changed the order of columns since the last migration, which harms nothing.\n",
  ];
  for (const difference of drift) {
    const { before, after } = difference;
    parts.push(`${differenceText(difference)}\n`);
    if (before !== null) parts.push("  was:\n", indented(before));
    if (after !== null) parts.push("  is:\n", indented(after));
  }
  return printable(parts.join(""));
}

/** All of it, a blank line behind each where a table precedes. */
export function stories(rows: readonly StatusRow[], drift: readonly Difference[]): string {
  if (rows.length === 0) return driftText(drift);
  const interrupted = rows.map(interruptionText).join("");
  const drifted = driftText(drift);
  return `${interrupted}${interrupted === "" ? "" : "\n"}${drifted}${drifted === "" ? "" : "\n"}`;
}
