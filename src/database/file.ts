// The file behind a database, looked at from outside: what it is, whether it is still the same, why it won't open.

import { accessSync, constants, statSync, type Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import { failure, type Failure } from "../failure.ts";

/** Null where there is nothing, or nothing that can be looked at: SQLite says best what keeps it from opening. */
function look(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

/** Device and inode of the file at a path; empty where there is none. */
export function identityOf(path: string): string {
  const found = look(path);
  return found === null ? "" : `${found.dev}:${found.ino}`;
}

/** What there is at the path of a database. */
export type FileKind = "file" | "nothing" | "directory" | "device, pipe or socket";

/** What there is at a path; "file" also for what cannot be looked at. */
export function fileKind(path: string): FileKind {
  let found: Stats | undefined;
  try {
    found = statSync(path, { throwIfNoEntry: false });
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

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Why a database that SQLite could not open won't open, where the file system tells; else what was known. */
export function whyNotOpen(path: string, known: Failure): Failure {
  const kind = fileKind(path);
  if (kind === "directory") return noFile(path, kind);
  const folder = dirname(resolve(path));
  const because = (what: string, hint: string): Failure => {
    return { ...known, text: `The database ${path} cannot be opened: ${what}.`, hint };
  };
  const parent = look(folder);
  if (parent === null) return because(`there is no folder ${folder}`, "Create the folder.");
  if (!parent.isDirectory())
    return because(`${folder} is no folder`, "Check the path given with --db.");
  if (look(path) !== null) {
    if (isAllowed(path, constants.R_OK)) return known;
    return because("you may not read the file", "Check the permissions of the file.");
  }
  if (isAllowed(folder, constants.W_OK)) return known;
  return because("you may not create a file in its folder", "Check the permissions of the folder.");
}
