// A path for an executable -> a private folder to make it in, and from there, in one rename, to that path.

import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fail, messageOf, ok, type Result } from "../failure.ts";

function unwritable(out: string, reason: string): Result<never> {
  const text = `${out} cannot be written: ${reason}.`;
  return fail("bundle.output", text, "Name another file with --out.");
}

/** What the system says, without the name of the private folder. */
function reasonOf(error: unknown): string {
  return messageOf(error).split(", ", 1)[0] ?? "";
}

/** Only a file is ever replaced: no device, no folder, and nothing that a link leads to. */
function objectionTo(path: string): string | null {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present !== undefined && !present.isFile()) return "it exists, and is not a file";
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  return folder?.isDirectory() === true ? null : `there is no folder ${dirname(path)}`;
}

function sync(path: string, mode: "r" | "r+"): void {
  const descriptor = openSync(path, mode);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const prefix = ".rung-bundle-";
const abandonedMs = 60 * 60 * 1000;

/** What cannot be removed, such as a file that a scanner for viruses holds, is no failure: a later one will do it. */
function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    return;
  }
}

function isAbandoned(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true || found.uid !== (process.getuid?.() ?? found.uid))
    return false;
  return Date.now() - found.mtimeMs > abandonedMs;
}

/** Removes what killed processes of this user have left: to make an executable takes seconds, with a download minutes. */
function removeAbandoned(folder: string): void {
  try {
    const names = readdirSync(folder).filter((name) => name.startsWith(prefix));
    for (const path of names.map((name) => join(folder, name)).filter(isAbandoned)) remove(path);
  } catch {
    // A folder may be one to write in only; then it stays.
  }
}

const endings = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** A private folder beside the file to be written, on the same file system; it goes away with its owner. */
export class Workshop implements Disposable {
  /** Where to make the file. */
  readonly folder: string;
  private readonly path: string;
  private readonly clear = (): void => remove(this.folder);
  private readonly leave = (signal: (typeof endings)[number]): void => {
    this[Symbol.dispose]();
    process.kill(process.pid, signal);
  };

  private constructor(path: string) {
    this.path = path;
    // Before there is anything to clear away: no signal is heard until this has come to its end.
    for (const signal of endings) process.once(signal, this.leave);
    process.once("exit", this.clear);
    try {
      this.folder = mkdtempSync(join(dirname(path), prefix));
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** Fails with `bundle.output` where no file can be written at this path. */
  static open(out: string): Result<Workshop> {
    const path = resolve(out);
    if (/[/\\]$/.test(out)) return unwritable(out, "it names a folder");
    try {
      const objection = objectionTo(path);
      if (objection !== null) return unwritable(out, objection);
      const workshop = new Workshop(path);
      removeAbandoned(dirname(path));
      return ok(workshop);
    } catch (error) {
      return unwritable(out, reasonOf(error));
    }
  }

  /** How many bytes there is room for. */
  get free(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Puts a file that was made here at its path, whole and durable; gives its size. */
  publish(made: string): Result<number> {
    try {
      chmodSync(made, 0o777 & ~process.umask());
      sync(made, "r+");
      const { size } = statSync(made);
      const objection = objectionTo(this.path);
      if (objection !== null) return unwritable(this.path, objection);
      renameSync(made, this.path);
      if (process.platform !== "win32") sync(dirname(this.path), "r");
      return ok(size);
    } catch (error) {
      return unwritable(this.path, reasonOf(error));
    }
  }

  private forget(): void {
    for (const signal of endings) process.off(signal, this.leave);
    process.off("exit", this.clear);
  }

  [Symbol.dispose](): void {
    this.forget();
    this.clear();
  }
}
