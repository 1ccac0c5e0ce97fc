// Repair and baseline, disturbed at every effect: history is wholly the old one or wholly the new one, and said to be.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import * as v from "valibot";
import { firstOf, outside, outsideStatements, three, type Files } from "./catalogs.ts";
import { lookInto, type Found } from "./found.ts";
import {
  copyDatabase,
  each,
  faults,
  inFolder,
  removeScratch,
  scratch,
  writeCatalog,
  type JournalMode,
} from "./harness.ts";
import { apart, here, readTrace } from "./here.ts";
import { databaseWith, finishByHand } from "./ladder.ts";
import { casesOf, isKill, type Case } from "./scenario.ts";

setDefaultTimeout(300_000);
afterAll(removeScratch);
beforeAll(async () => {
  await faults();
});

/** A change of history alone. */
interface Amending {
  readonly words: readonly string[];
  /** The database to begin with, which need not be there. */
  readonly from: string;
  readonly catalog: string;
}

const saidSchema = v.union([
  v.looseObject({ ok: v.literal(true) }),
  v.looseObject({
    ok: v.literal(false),
    error: v.looseObject({ code: v.string(), changed: v.string() }),
  }),
]);

function stateOf({ dump, log }: Found): string {
  return `${dump}\n${log.join("\n")}`;
}

/** Runs it on a copy of its database, disturbed by a fault. */
async function amend({ words, from, catalog }: Amending, folder: string, fault: string) {
  const path = join(folder, "app.db");
  copyDatabase(from, path);
  const trace = join(folder, "trace");
  const asked = [...words, "--db", path, "--dir", catalog, "--json"];
  const disturbance = { faults: fault, trace, tick: 0 };
  const ended = fault.includes("kill")
    ? await apart(asked, disturbance, folder)
    : await here(asked, disturbance);
  return { ended, trace: readTrace(trace), found: lookInto(path, folder), path, asked };
}

/** Effects that happened to the database although they were disturbed. */
function isDone({ kind, at }: Case, trace: readonly string[]): boolean {
  const commit = trace.indexOf("commit");
  if (commit < 0) return false;
  return commit !== at - 1 || ["lose", "fail-after", "kill-after"].includes(kind);
}

async function judge(amending: Amending, one: Case, old: Found, next: Found): Promise<string[]> {
  return inFolder(async (folder) => {
    const { ended, trace, found, path, asked } = await amend(amending, folder, one.fault);
    const problems = [...found.complaints];
    const wanted = isDone(one, trace) ? next : old;
    if (stateOf(found) !== stateOf(wanted)) {
      problems.push(`neither old nor new where it should be:\n${stateOf(found)}`);
    }
    if (found.journalMode !== next.journalMode) problems.push(`journal ${found.journalMode}`);
    if (isKill(one.kind)) {
      if (ended.signal !== "SIGKILL") problems.push(`not killed, but ${ended.status}`);
    } else {
      const said = v.parse(saidSchema, JSON.parse(ended.stdout));
      const isTrue = said.ok
        ? wanted === next && ended.status === 0
        : said.error.code === "database.commit-unknown"
          ? said.error.changed === "unknown" && one.kind === "fail-after"
          : wanted === old && said.error.changed === "nothing" && ended.status !== 0;
      if (!isTrue || ended.stderr !== "") problems.push(`it says ${ended.stdout}${ended.stderr}`);
    }
    if (wanted === old) {
      const again = await here(asked);
      if (again.status !== 0) problems.push(`a rerun says ${again.stdout}`);
      if (stateOf(lookInto(path, folder)) !== stateOf(next)) problems.push("a rerun differs");
    }
    return problems.map((problem) => `${one.fault} (${trace[one.at - 1]}): ${problem}`);
  });
}

async function disturb(amending: Amending): Promise<string[]> {
  const old = lookInto(amending.from);
  const { trace, found, ended } = await inFolder((folder) => amend(amending, folder, ""));
  if (ended.status !== 0 || stateOf(found) === stateOf(old))
    return [`undisturbed: ${ended.stdout}`];
  const problems: string[] = [];
  await each(casesOf(trace, 0), 2, async (one) => {
    problems.push(...(await judge(amending, one, old, found)));
  });
  return problems;
}

/** A database whose second migration was killed after its first statement. */
async function interrupted(journal: JournalMode): Promise<Amending> {
  const from = await databaseWith(outside.sql, 1, journal);
  const catalog = await writeCatalog(outside.sql);
  // After look, begin, start, commit, execute and mark.
  const disturbance = { faults: "kill@7", trace: "", tick: 0 };
  await apart(["migrate", "--db", from, "--dir", catalog], disturbance, scratch());
  expect(lookInto(from).recorded.at(-1)).toMatchObject({ version: 2, state: "started", done: 1 });
  return { from, catalog, words: [] };
}

const journals: readonly JournalMode[] = ["delete", "wal"];
describe("disturbed at every effect", () => {
  for (const journal of journals) {
    test(`repair --settle as applied, ${journal}`, async () => {
      const amending = await interrupted(journal);
      finishByHand(amending.from, outsideStatements.up);
      const words = ["repair", "--settle", "2", "--as", "applied"];
      expect(await disturb({ ...amending, words })).toEqual([]);
    });

    test(`repair --settle as pending, ${journal}`, async () => {
      const amending = await interrupted(journal);
      const words = ["repair", "--settle", "2", "--as", "pending"];
      expect(await disturb({ ...amending, words })).toEqual([]);
    });

    test(`repair --changed, ${journal}`, async () => {
      const from = await databaseWith(three, 3, journal);
      const edited: Files = { ...three, "3_shelves.sql": `${three["3_shelves.sql"]}-- edited\n` };
      const up = edited["3_shelves.sql"]?.replace("-- migrate:down", "-- edited\n-- migrate:down");
      const catalog = await writeCatalog({ ...edited, "3_shelves.sql": up ?? "" });
      expect(await disturb({ from, catalog, words: ["repair", "--changed", "all"] })).toEqual([]);
    });

    test(`repair --missing, ${journal}`, async () => {
      const from = await databaseWith(three, 3, journal);
      const catalog = await writeCatalog(firstOf(three, 1));
      expect(await disturb({ from, catalog, words: ["repair", "--missing", "all"] })).toEqual([]);
    });

    test(`repair --drift, ${journal}`, async () => {
      const from = await databaseWith(three, 3, journal);
      finishByHand(from, ["CREATE INDEX by_hand ON books (title)", "DROP TABLE shelves"]);
      const catalog = await writeCatalog(three);
      expect(await disturb({ from, catalog, words: ["repair", "--drift"] })).toEqual([]);
    });

    test(`baseline, ${journal}`, async () => {
      const catalog = await writeCatalog(three);
      const from = await databaseWith({}, 0, journal);
      const words = ["baseline", "2", "--force"];
      expect(await disturb({ from, catalog, words })).toEqual([]);
    });
  }

  test("baseline of the schema that the migrations make", async () => {
    const catalog = await writeCatalog(three);
    const from = await databaseWith(three, 2, "delete");
    finishByHand(from, ["DELETE FROM rung_history", "DELETE FROM rung_log"]);
    expect(await disturb({ from, catalog, words: ["baseline", "2"] })).toEqual([]);
  });
});
