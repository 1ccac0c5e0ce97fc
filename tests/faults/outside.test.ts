// A migration outside any transaction between two others, disturbed at every effect: how far it came is known, and it is settled.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { outside, outsideStatements } from "./catalogs.ts";
import { disturb } from "./disturb.ts";
import { faults, removeScratch, writeCatalog, type JournalMode } from "./harness.ts";
import { climb, databaseWith, descend, withOutside, type Ladder } from "./ladder.ts";
import type { Scenario } from "./scenario.ts";

setDefaultTimeout(300_000);
afterAll(removeScratch);
beforeAll(async () => {
  await faults();
});

const journalModes: readonly JournalMode[] = ["delete", "wal"];
const kinds = ["sql", "typescript"] as const;

/** What each mark of the step stands for: a function is one piece of work. */
function marksOf(kind: (typeof kinds)[number], direction: "up" | "down"): string[][] {
  const statements = [...outsideStatements[direction]];
  return kind === "sql" ? statements.map((statement) => [statement]) : [statements];
}

async function laddersOf(kind: (typeof kinds)[number], journal: JournalMode) {
  const files = outside[kind];
  const middle = await databaseWith(files, 1, journal);
  const top = await databaseWith(files, 3, journal);
  const beforeDown = await databaseWith(files, 2, journal);
  const step = { version: 2 } as const;
  const up = withOutside(await climb(files), middle, {
    ...step,
    direction: "up",
    marks: marksOf(kind, "up"),
  });
  const down = withOutside(await descend(files, top), beforeDown, {
    ...step,
    direction: "down",
    marks: marksOf(kind, "down"),
  });
  return { up, down, top };
}

async function scenarioOf(
  kind: (typeof kinds)[number],
  journal: JournalMode,
  more: Pick<Scenario, "command" | "options" | "from"> & { readonly ladder: Ladder },
): Promise<Scenario> {
  const catalog = await writeCatalog(outside[kind]);
  const rest = { isWhole: false, reach: 3, code: null, tick: 0, since: "look", base: null };
  return { ...rest, journal, catalog, mended: catalog, ...more };
}

describe("outside any transaction", () => {
  for (const journal of journalModes) {
    for (const kind of kinds) {
      test(`up, ${kind}, ${journal}`, async () => {
        const { up: ladder } = await laddersOf(kind, journal);
        const more = { command: "migrate", options: {}, from: null, ladder } as const;
        expect(await disturb(await scenarioOf(kind, journal, more))).toEqual([]);
      });

      test(`down, ${kind}, ${journal}`, async () => {
        const { down: ladder, top: from } = await laddersOf(kind, journal);
        const more = { command: "rollback", options: { to: 0 }, from, ladder } as const;
        expect(await disturb(await scenarioOf(kind, journal, more))).toEqual([]);
      });
    }
  }
});
