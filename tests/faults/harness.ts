// What the fault tests share: the executables, processes, folders, and databases to begin with.

import { Database } from "bun:sqlite";
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dir, "../..");

/** The product, as `bun run build` left it. */
export const rung = join(root, "dist/rung");

let compiled: Promise<string> | undefined;

/** The executable that goes wrong on request, compiled once per test process from the sources as they are. */
export function faults(): Promise<string> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<string> {
  if (!existsSync(rung)) throw new Error(`${rung} is missing: run bun run build first`);
  // Into a folder of its own and then renamed, so that test processes side by side never see half a file.
  const folder = mkdtempSync(join(root, "dist/faults-"));
  try {
    const flags = ["--compile", "--minify", "--bytecode", "--format=esm"];
    const closed = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
    const entry = join(root, "tests/faults/main.ts");
    const words = ["build", ...flags, ...closed, entry, "--outfile", join(folder, "faults")];
    const built = await start(process.execPath, words, { cwd: root });
    if (built.status !== 0) throw new Error(`dist/faults does not build:\n${built.stderr}`);
    const target = join(root, "dist/faults");
    renameSync(join(folder, "faults"), target);
    return target;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A process that has ended. */
export interface Ended {
  readonly status: number;
  readonly signal: string | number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a process runs, and what it finds in its environment beside the bare necessities. */
export interface Surroundings {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a process to its end. Nothing of the tests' own environment that steers rung reaches it. */
export async function start(
  executable: string,
  words: readonly string[],
  { cwd, environment = {} }: Surroundings,
): Promise<Ended> {
  const { PATH = "", HOME = "" } = process.env;
  const child = Bun.spawn([executable, ...words], {
    cwd,
    env: { PATH, HOME, USER: "tester", ...environment },
    stdin: "ignore",
    // Not for measuring: a process that hangs must not hang the tests.
    timeout: 60_000,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  return { status: child.exitCode ?? -1, signal: child.signalCode, stdout, stderr };
}

/** Works through items, a few at a time. */
export async function each<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

let folders = 0;

/** A folder that is gone once the work in it is done. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(scratch(), String(++folders));
  mkdirSync(folder, { recursive: true });
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let scratchFolder: string | undefined;

/** Where there is one, a file system in memory: thousands of runs that sync in full would wait for a disk. */
function fastest(): string {
  try {
    accessSync("/dev/shm", constants.W_OK);
    return "/dev/shm";
  } catch {
    return tmpdir();
  }
}

/** The folder that holds all that these tests write. */
export function scratch(): string {
  scratchFolder ??= mkdtempSync(join(fastest(), "rung-faults-"));
  return scratchFolder;
}

/** Removes the folder: for the end of a test file. */
export function removeScratch(): void {
  if (scratchFolder !== undefined) rmSync(scratchFolder, { recursive: true, force: true });
  scratchFolder = undefined;
}

/** Writes the files of a catalog into a new folder. */
export async function writeCatalog(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(scratch(), `catalog-${++folders}`);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await Bun.write(join(folder, name), text);
  return folder;
}

export type JournalMode = "delete" | "wal";

/** Leaves an empty database of this journal mode at a path: in DELETE mode, none at all. */
export function prepareDatabase(path: string, mode: JournalMode): void {
  if (mode === "delete") return;
  const database = new Database(path, { create: true, readwrite: true });
  database.run("PRAGMA journal_mode = WAL");
  database.close(true);
}

/** Copies a database with whatever a killed process left beside it. */
export function copyDatabase(from: string, to: string): void {
  for (const suffix of ["", "-journal", "-wal"]) {
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}
