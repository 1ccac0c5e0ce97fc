// A status report -> what a person reads: a table, what is wrong in words, a summary.

import { called } from "../called.ts";
import { differenceText } from "../plan/conflict.ts";
import type { MigrationState, StatusRow } from "../plan/status.ts";
import { withoutOrder, type Difference } from "../plan/schema.ts";
import { measured, tableOf } from "./table.ts";
import { indented, plain, printable, type Colour, type Paint } from "./style.ts";

const colours: Readonly<Record<MigrationState, Colour>> = {
  applied: 32,
  pending: 36,
  "out-of-order": 33,
  changed: 33,
  missing: 33,
  ahead: 33,
  running: 36,
  interrupted: 31,
};

const order: readonly MigrationState[] = [
  "applied",
  "pending",
  "out-of-order",
  "changed",
  "missing",
  "ahead",
  "running",
  "interrupted",
];

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

/** Painted once the columns stand: colour codes have a length, but no width. */
function paintStates(table: string, rows: readonly StatusRow[], paint: Paint): string {
  const lines = table.split("\n");
  const at = lines[0]?.lastIndexOf("STATE") ?? 0;
  const painted = lines.map((line, index) => {
    const state = rows[index - 1]?.state;
    if (state === undefined) return line;
    return `${line.slice(0, at)}${paint(colours[state], state)}${line.slice(at + state.length)}`;
  });
  return painted.join("\n");
}

/** What there is to tell besides the table, a blank line behind each. */
function stories(rows: readonly StatusRow[], drift: readonly Difference[]): string {
  let interrupted = "";
  for (const row of rows) if (row.interruption !== null) interrupted += interruptionText(row);
  const drifted = driftText(drift);
  return `${interrupted}${interrupted === "" ? "" : "\n"}${drifted}${drifted === "" ? "" : "\n"}`;
}

/** The report as a whole. */
export function statusText(
  rows: readonly StatusRow[],
  drift: readonly Difference[],
  database: string,
  paint: Paint,
): string {
  if (rows.length === 0) return `${driftText(drift)}No migrations, none applied: ${database}\n`;
  const found = measured(rows);
  const table = tableOf(rows, found);
  const painted = paint === plain ? table : paintStates(table, rows, paint);
  const counts: string[] = [];
  for (const state of order) {
    const count = found.counts.get(state);
    if (count !== undefined) counts.push(`${count} ${state}`);
  }
  if (withoutOrder(drift).length > 0) counts.push("drifted");
  return `${painted}\n${stories(rows, drift)}${counts.join(", ")}: ${database}\n`;
}
