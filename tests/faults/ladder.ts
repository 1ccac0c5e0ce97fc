// The whole states that a run goes through, one migration after the other, as an undisturbed run leaves them.

import { Database } from "bun:sqlite";
import { join } from "node:path";
import { firstOf, type Files } from "./catalogs.ts";
import { lookInto, type Found } from "./found.ts";
import { copyDatabase, inFolder, prepareDatabase, rung, scratch, start } from "./harness.ts";
import { writeCatalog, type Ended, type JournalMode } from "./harness.ts";

/** What a step outside any transaction does between one state and the next. */
export interface OutsideStep {
  readonly version: number;
  readonly direction: "up" | "down";
  /** The statements behind each of the marks that it makes. */
  readonly marks: readonly (readonly string[])[];
  /** The users' objects and rows after none, one, two … of the marks' statements. */
  readonly worlds: readonly string[];
}

/** The states that a database may be in, in order of progress, and the version that each step from one to the next is about. */
export interface Ladder {
  readonly rungs: readonly Found[];
  readonly steps: readonly number[];
  readonly outside: OutsideStep | null;
}

/** Runs the product, which must succeed. */
export async function succeed(words: readonly string[]): Promise<Ended> {
  const ended = await start(rung, words, { cwd: scratch() });
  if (ended.status !== 0) throw new Error(`${words.join(" ")}: ${ended.stderr}`);
  return ended;
}

/** A database with the first so many files of a catalog applied; the same one, whoever asks. */
export async function databaseWith(
  files: Files,
  count: number,
  journal: JournalMode,
): Promise<string> {
  const catalog = await writeCatalog(firstOf(files, count));
  const path = `${catalog}.db`;
  prepareDatabase(path, journal);
  if (count > 0) await succeed(["migrate", "--db", path, "--dir", catalog]);
  return path;
}

/** The ladder of applying all files of a catalog. */
export async function climb(files: Files): Promise<Ladder> {
  const versions = Object.keys(files).map((_, index) => index + 1);
  const rungs: Found[] = [];
  for (const count of [0, ...versions]) {
    rungs.push(lookInto(await databaseWith(files, count, "delete")));
  }
  return sound({ rungs, steps: versions, outside: null });
}

/** The ladder of undoing all files of a catalog, from the database at a path. */
export async function descend(files: Files, from: string): Promise<Ladder> {
  const catalog = await writeCatalog(files);
  const steps = Object.keys(files)
    .map((_, index) => index + 1)
    .reverse();
  const rungs = [lookInto(from)];
  for (const version of steps) {
    const found = await inFolder(async (folder) => {
      const path = join(folder, "app.db");
      copyDatabase(from, path);
      await succeed(["rollback", "--to", String(version - 1), "--db", path, "--dir", catalog]);
      return lookInto(path);
    });
    rungs.push(found);
  }
  return sound({ rungs, steps, outside: null });
}

/** A ladder that means something: its states differ, history tells them apart, and nothing has drifted. */
function sound(ladder: Ladder): Ladder {
  const { rungs } = ladder;
  const dumps = new Set(rungs.map(({ dump }) => dump));
  if (dumps.size !== rungs.length) throw new Error("two states of a ladder are the same");
  for (const { complaints, drift } of rungs) {
    if (complaints.length + drift.length > 0) throw new Error(`${complaints} ${drift}`);
  }
  return ladder;
}

/** The ladder with what lies between two of its states: `from` is a database in the earlier one. */
export function withOutside(
  ladder: Ladder,
  from: string,
  step: Omit<OutsideStep, "worlds">,
): Ladder {
  const path = join(scratch(), `worlds-${step.version}-${step.direction}.db`);
  copyDatabase(from, path);
  const worlds = [lookInto(path).world];
  for (const statements of step.marks) {
    finishByHand(path, statements);
    worlds.push(lookInto(path).world);
  }
  const after = ladder.rungs[ladder.steps.indexOf(step.version) + 1];
  if (worlds.at(-1) !== after?.world) throw new Error("by hand it comes to something else");
  return { ...ladder, outside: { ...step, worlds } };
}

/** Runs statements as a person would with the sqlite3 shell. */
export function finishByHand(path: string, statements: readonly string[]): void {
  const database = new Database(path, { readwrite: true, create: false });
  for (const statement of statements) database.run(statement);
  database.close(true);
}
