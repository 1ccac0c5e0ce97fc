// Every effect of a run and everything that can go wrong with it, in the real process on a real file.
// Whatever happens, history and schema agree, what was said is true, and a rerun completes.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import * as v from "valibot";
import { failing, firstOf, keys, mended, plain, three } from "./faults/catalogs.ts";
import { lookInto } from "./faults/found.ts";
import { disturb } from "./faults/disturb.ts";
import {
  copyDatabase,
  faults,
  inFolder,
  removeScratch,
  start,
  writeCatalog,
  type JournalMode,
} from "./faults/harness.ts";
import { climb, databaseWith, descend, succeed, type Ladder } from "./faults/ladder.ts";
import type { Scenario } from "./faults/scenario.ts";

setDefaultTimeout(300_000);
afterAll(removeScratch);

const journalModes: readonly JournalMode[] = ["delete", "wal"];
const commitModes = ["group", "each", "all"] as const;

let folderOfThree = "";
let folderOfFive = "";
let ladderOfThree: Ladder;
let ladderOfFive: Ladder;

beforeAll(async () => {
  await faults();
  folderOfThree = await writeCatalog(three);
  folderOfFive = await writeCatalog(mended);
  ladderOfThree = await climb(three);
  ladderOfFive = await climb(mended);
});

function migration(commit: string, more: Partial<Scenario>): Scenario {
  return {
    command: "migrate",
    options: { commit },
    isWhole: commit === "all",
    journal: "delete",
    catalog: folderOfThree,
    mended: folderOfThree,
    from: null,
    ladder: ladderOfThree,
    reach: ladderOfThree.steps.length,
    code: null,
    tick: 0,
    since: "look",
    base: null,
    ...more,
  };
}

describe("migrate, disturbed at every effect", () => {
  for (const journal of journalModes) {
    for (const commit of commitModes) {
      test(`${journal}, commit ${commit}`, async () => {
        expect(await disturb(migration(commit, { journal }))).toEqual([]);
      });
    }
  }

  test("groups of more than one, cut by time", async () => {
    expect(await disturb(migration("group", { tick: 9 }))).toEqual([]);
  });

  test("after an answer to commit that was lost", async () => {
    const base = { kind: "lose", effect: "commit", reach: 3, code: null } as const;
    expect(await disturb(migration("each", { base, journal: "wal" }))).toEqual([]);
  });

  test("after a commit that was never made", async () => {
    const base = { kind: "drop", effect: "commit", reach: 0, code: "database.io" } as const;
    expect(await disturb(migration("group", { base }))).toEqual([]);
  });

  test("with a migration that relies on foreign keys", async () => {
    const catalog = await writeCatalog(keys);
    const ladder = await climb(keys);
    const [, before, after] = ladder.rungs;
    expect(before?.world).toContain('players {"id":1,"team":1}');
    expect(after?.world).not.toContain('"team":1');
    expect(await disturb(migration("group", { catalog, mended: catalog, ladder }))).toEqual([]);
  });

  test("with one among migrations that only make tables", async () => {
    const catalog = await writeCatalog(plain);
    const more = { catalog, mended: catalog, ladder: await climb(plain), reach: 4 };
    expect(await disturb(migration("group", more))).toEqual([]);
  });
});

describe("rollback, disturbed at every effect", () => {
  const tops = [
    ["SQL", 3],
    ["TypeScript", 2],
  ] as const;
  for (const journal of journalModes) {
    for (const [kind, count] of tops) {
      test(`${journal}, ${kind}`, async () => {
        const files = firstOf(three, count);
        const from = await databaseWith(files, count, journal);
        const whole = await descend(files, from);
        const ladder = { ...whole, rungs: whole.rungs.slice(0, 2), steps: [count] };
        const catalog = await writeCatalog(files);
        const more = { journal, catalog, mended: catalog, from, ladder, reach: 1 };
        const scenario = migration("group", { ...more, command: "rollback", options: {} });
        expect(await disturb(scenario)).toEqual([]);
      });
    }
  }

  test("of a migration that relies on foreign keys", async () => {
    const from = await databaseWith(keys, 3, "wal");
    const ladder = await descend(keys, from);
    const catalog = await writeCatalog(keys);
    const more = { journal: "wal", catalog, mended: catalog, from, ladder } as const;
    const options = { to: 0 };
    const scenario = migration("group", { ...more, command: "rollback", options });
    expect(await disturb(scenario)).toEqual([]);
  });

  test("of migrations of which most only drop tables", async () => {
    const from = await databaseWith(plain, 4, "delete");
    const ladder = await descend(plain, from);
    const catalog = await writeCatalog(plain);
    const more = { catalog, mended: catalog, from, ladder, reach: 4, options: { to: 0 } };
    expect(await disturb(migration("group", { ...more, command: "rollback" }))).toEqual([]);
  });
});

test("redo, disturbed at every effect, is wholly done or not at all", async () => {
  const from = await databaseWith(three, 3, "wal");
  const catalog = await writeCatalog(three);
  const { rungs } = await descend(three, from);
  const redone = await inFolder(async (folder) => {
    const path = join(folder, "app.db");
    copyDatabase(from, path);
    await succeed(["redo", "--db", path, "--dir", catalog]);
    return lookInto(path);
  });
  const ladder = { rungs: [...rungs.slice(0, 2), redone], steps: [3, 3], outside: null };
  const more = { journal: "wal", catalog, mended: catalog, from, ladder, reach: 2 } as const;
  const own = { command: "redo", options: {}, isWhole: true } as const;
  expect(await disturb(migration("group", { ...more, ...own }))).toEqual([]);
});

const failedSchema = v.looseObject({
  ok: v.literal(false),
  error: v.looseObject({ code: v.string(), changed: v.string() }),
});

test("status, disturbed, says so and nothing else", async () => {
  for (const fault of ["fail:database.io@1", "lose@1", "drop@1"]) {
    const ended = await inFolder(async (folder) => {
      const options = ["--db", join(folder, "app.db"), "--dir", folderOfThree, "--json"];
      const environment = { RUNG_FAULTS: fault };
      return start(await faults(), ["status", ...options], { cwd: folder, environment });
    });
    const said = v.parse(failedSchema, JSON.parse(ended.stdout));
    expect({ fault, ...said.error, status: ended.status, stderr: ended.stderr }).toMatchObject({
      fault,
      code: "database.io",
      changed: "nothing",
      status: 5,
      stderr: "",
    });
  }
});

describe("a third of five that fails in its second statement, disturbed at every effect", () => {
  const scenarios = [
    ["abort", "group", "delete", "step.failed"],
    ["abort", "each", "wal", "step.failed"],
    ["abort", "all", "delete", "step.failed"],
    ["orRollback", "group", "delete", "step.failed", "enter 3"],
    ["orRollback", "each", "wal", "step.failed", "enter 3"],
    ["orRollback", "all", "wal", "step.failed", "enter 3"],
    ["raiseRollback", "group", "wal", "step.failed", "enter 3"],
    ["swallowed", "group", "delete", "step.transaction-lost", "enter 3"],
    ["thrown", "group", "wal", "step.threw", "enter 3"],
  ] as const;
  for (const [way, commit, journal, code, since = "look"] of scenarios) {
    test(`${way}, ${journal}, commit ${commit}`, async () => {
      const catalog = await writeCatalog(failing[way]);
      const reach = commit === "all" ? 0 : 2;
      const scenario = migration(commit, { catalog, journal, reach, code, since });
      const disturbed = { ...scenario, mended: folderOfFive, ladder: ladderOfFive };
      expect(await disturb(disturbed)).toEqual([]);
    });
  }

  test("taking back what failed, itself without an answer", async () => {
    const catalog = await writeCatalog(failing.thrown);
    const base = { kind: "drop", effect: "undo step", reach: 2, code: "step.threw" } as const;
    const scenario = migration("group", { catalog, base, reach: 2, code: "step.threw" });
    const disturbed = { ...scenario, mended: folderOfFive, ladder: ladderOfFive };
    expect(await disturb(disturbed)).toEqual([]);
  });
});
