// Files that must be whole or absent: written under a private name, synced, and only then given their own.

import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { constants } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { failure, messageOf, type Failure } from "../failure.ts";
import { hostName } from "../platform/system.ts";
import { identityOf } from "./file.ts";
import { othersProcess } from "./who.ts";

/** The database itself is the last to go: what is left of it is known by its name. */
const suffixes = ["-journal", "-wal", "-shm", ""];
const abandonedMs = 24 * 60 * 60 * 1000;

function hostPart(): string {
  return hostName().replace(/[^\w-]/g, "_");
}

/** A name that nobody can foresee, in a folder, for a copy of the database at a path that this process is to make. */
export function temporaryPath(folder: string, database: string): string {
  const name = `${basename(database)}.rung-${process.pid}-${hostPart()}-${crypto.randomUUID()}`;
  return join(folder, name);
}

/** Of a copy, or of a copy of a copy; or of a journal of one, which may be all that is left of it. */
const temporaryName =
  /^((.+?)(?:\.rung-(\d+)-([\w-]+?)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})+)(?:-journal|-wal|-shm)?$/;

function isAlive(id: number): boolean {
  // A process makes one copy after the other: what is there of this number is left by an earlier life of it.
  const whose = othersProcess(id);
  return whose === "ours" ? !isZombie(id) : whose !== null;
}

/** Whether a process has ended and nobody has asked what came of it: in many containers nobody ever does. */
function isZombie(id: number): boolean {
  try {
    return /\) [ZX] [^)]*$/.test(readFileSync(`/proc/${id}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function isAbandoned(path: string, process: number, host: string): boolean {
  if (host === hostPart()) return !isAlive(process);
  // Of another host nobody here can ask; none works on a copy for a day.
  const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
  return Date.now() - changed > abandonedMs;
}

/** Removes the copies of a database that dead processes have left in a folder. */
export function removeAbandoned(folder: string, database: string): void {
  for (const name of readdirSync(folder)) {
    const [, copy = "", copied, process = "", host = ""] = temporaryName.exec(name) ?? [];
    if (copied !== basename(database)) continue;
    const isLeft = isAbandoned(join(folder, name), Number(process), host);
    if (isLeft) removeIfAllowed(join(folder, copy));
  }
}

/** Removes the other names of a file that begin like this: SQLite takes one file by two names for two databases. */
export function removeTwins(file: string, beginning: string): void {
  const identity = identityOf(file);
  for (const name of readdirSync(dirname(file))) {
    const path = join(dirname(file), name);
    if (name.startsWith(beginning) && identityOf(path) === identity) rmSync(path);
  }
}

/** In a folder of many users, such as /tmp, what another one's process has left is for him to remove. */
function removeIfAllowed(path: string): void {
  try {
    removeDatabase(path);
  } catch {
    return;
  }
}

/** Removes a database with all that belongs to it. */
export function removeDatabase(path: string): void {
  for (const suffix of suffixes) rmSync(path + suffix, { force: true });
}

/** Creates an empty file that nobody else may read. Throws where there is one already. */
export function createPrivate(path: string): void {
  closeSync(openSync(path, "wx", 0o600));
}

/** Makes a file durable, with these permissions. */
export function syncFile(path: string, mode: number): void {
  const descriptor = openSync(path, "r+");
  try {
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes durable which names there are beside a file. */
export function syncFolderOf(path: string): void {
  // Windows keeps its folders by itself and opens none.
  if (process.platform === "win32") return;
  const descriptor = openSync(dirname(resolve(path)), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Gives a finished file its own name, under which there must be nothing; durable when it returns. */
export function publish(from: string, to: string, mode: number): void {
  syncFile(from, mode);
  try {
    linkSync(from, to);
    rmSync(from);
  } catch (error) {
    if (errnoOf(error) === "EEXIST" || statSync(to, { throwIfNoEntry: false }) !== undefined) {
      throw error;
    }
    // Some file systems know no links.
    renameSync(from, to);
  }
  syncFolderOf(to);
}

/** The permissions of a file; null where there is none. */
export function modeOf(path: string): number | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : found.mode & 0o777;
}

/** How many bytes a folder can still take. */
export function freeSpace(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** The system's name of an error, such as ENOENT; empty where it has none. */
export function errnoOf(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" && error.code in constants.errno ? error.code : "";
}

const full = new Set(["ENOSPC", "EDQUOT"]);

/** The failure of a file or folder that the system would not let us work on; null for any other error. */
export function fileFailure(error: unknown): Failure | null {
  const errno = errnoOf(error);
  if (errno === "") return null;
  const reason = messageOf(error);
  if (full.has(errno)) {
    return failure("database.full", `The copy cannot be written: ${reason}.`, "Free some space.");
  }
  const hint = "Check the path and its permissions, or name another place.";
  return failure("database.copy-failed", `The copy cannot be made: ${reason}.`, hint);
}

/** The failure of a disk that has not room for a copy of so many bytes; null where it has. */
export function lacksSpace(folder: string, bytes: number): Failure | null {
  const free = freeSpace(folder);
  if (free >= bytes) return null;
  const text = `${folder} has ${free} bytes left, and the copy may take ${bytes}.`;
  return failure("database.full", text, "Free some space, or have the copy made elsewhere.");
}
