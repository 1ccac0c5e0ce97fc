// A status report -> what a person reads: a table, what is wrong in words, a summary.

import { withoutOrder, type Difference } from "../plan/difference.ts";
import type { MigrationState, StatusRow } from "../plan/status.ts";
import { measured, tableOf } from "./table.ts";
import { plain, type Colour, type Paint } from "./style.ts";

function colourOf(state: MigrationState): Colour {
  switch (state) {
    case "applied":
      return 32;
    case "pending":
    case "running":
      return 36;
    case "interrupted":
      return 31;
    default:
      return 33;
  }
}

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

/** Painted once the columns stand: colour codes have a length, but no width. */
function paintStates(table: string, rows: readonly StatusRow[], paint: Paint): string {
  const lines = table.split("\n");
  const at = lines[0]?.lastIndexOf("STATE") ?? 0;
  const painted = lines.map((line, index) => {
    const state = rows[index - 1]?.state;
    if (state === undefined) return line;
    return `${line.slice(0, at)}${paint(colourOf(state), state)}${line.slice(at + state.length)}`;
  });
  return painted.join("\n");
}

/** The report as a whole; `told` is what there is to tell besides the table. */
export function statusText(
  { rows, drift }: { readonly rows: readonly StatusRow[]; readonly drift: readonly Difference[] },
  told: string,
  database: string,
  paint: Paint,
): string {
  if (rows.length === 0) return `${told}No migrations, none applied: ${database}\n`;
  const found = measured(rows);
  const table = tableOf(rows, found);
  const painted = paint === plain ? table : paintStates(table, rows, paint);
  const counts: string[] = [];
  for (const state of order) {
    const count = found.counts.get(state);
    if (count !== undefined) counts.push(`${count} ${state}`);
  }
  if (withoutOrder(drift).length > 0) counts.push("drifted");
  return `${painted}\n${told}${counts.join(", ")}: ${database}\n`;
}
