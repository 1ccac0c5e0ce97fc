// The file behind a database, looked at from outside: what it is, whether it is still the same, why it won't open.

import type { Stats } from "node:fs";
import { failure, type Failure } from "../failure.ts";
import { fileSystem, nodePath } from "../platform/system.ts";

/** Null where there is nothing, or nothing that can be looked at: SQLite says best what keeps it from opening. */
function look(path: string): Stats | null {
  try {
    return fileSystem().statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

/** Device and inode of the file at a path; empty where there is none. */
export function identityOf(path: string): string {
  const found = look(path);
  return found === null ? "" : `${found.dev}:${found.ino}`;
}

/**
 * The bytes of a file from one on, as many as there are up to a length. To be asked only where this process has no
 * connection to it: with any descriptor that is closed the system takes away all locks that it has on the file.
 */
export function bytesAt(path: string, at: number, length: number): Uint8Array {
  const { closeSync, openSync, readSync } = fileSystem();
  const bytes = new Uint8Array(length);
  const descriptor = openSync(path, "r");
  try {
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, at));
  } finally {
    closeSync(descriptor);
  }
}

/** Where a link leads, though there is nothing; null for what is no link. */
function linkedFrom(path: string): string | null {
  const { dirname, resolve } = nodePath();
  const { readlinkSync, realpathSync } = fileSystem();
  try {
    return resolve(realpathSync(dirname(path)), readlinkSync(path));
  } catch {
    return null;
  }
}

/** As many links as the kernel follows. */
const mostLinks = 40;

/** The file behind a path, as SQLite would open or create it: where links lead, be there a file or not. */
export function realPath(path: string, links = mostLinks): string {
  const { resolve } = nodePath();
  try {
    return fileSystem().realpathSync(resolve(path));
  } catch {
    const next = links > 0 ? linkedFrom(resolve(path)) : null;
    return next === null ? resolve(path) : realPath(next, links - 1);
  }
}

/** What there is at the path of a database. */
export type FileKind = "file" | "nothing" | "directory" | "device, pipe or socket";

/** What there is at a path; "file" also for what cannot be looked at. */
export function fileKind(path: string): FileKind {
  let found: Stats | undefined;
  try {
    found = fileSystem().statSync(path, { throwIfNoEntry: false });
  } catch {
    return "file";
  }
  if (found === undefined) return "nothing";
  if (found.isDirectory()) return "directory";
  return found.isFile() ? "file" : "device, pipe or socket";
}

/** The failure of a path at which there is something, and no file. */
export function noFile(path: string, kind: FileKind): Failure {
  const text = `The database ${path} is a ${kind}, not a file.`;
  return failure("database.cannot-open", text, "Name the database file with --db.");
}

/** Whether this process may read, or write to, what there is at a path. */
export function isAllowed(path: string, what: "read" | "write"): boolean {
  const { accessSync, constants } = fileSystem();
  try {
    accessSync(path, what === "read" ? constants.R_OK : constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why a database that SQLite could not open won't open, where the file system tells; else what was known. */
export function whyNotOpen(path: string, known: Failure): Failure {
  const kind = fileKind(path);
  if (kind === "directory") return noFile(path, kind);
  const { dirname, resolve } = nodePath();
  const folder = dirname(resolve(path));
  const because = (what: string, hint: string): Failure => {
    return { ...known, text: `The database ${path} cannot be opened: ${what}.`, hint };
  };
  const parent = look(folder);
  if (parent === null) return because(`there is no folder ${folder}`, "Create the folder.");
  if (!parent.isDirectory())
    return because(`${folder} is no folder`, "Check the path given with --db.");
  if (look(path) !== null) {
    if (isAllowed(path, "read")) return known;
    return because("you may not read the file", "Check the permissions of the file.");
  }
  if (isAllowed(folder, "write")) return known;
  return because("you may not create a file in its folder", "Check the permissions of the folder.");
}
