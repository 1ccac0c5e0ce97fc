// Files beside a database: made under a name that nobody can guess, synced, and only then given their own.

import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** What a temporary file is for; part of its name, so that a later run knows what a killed one has left behind. */
export type Purpose = "backup" | "restore" | "rehearsal";

/** The files that SQLite keeps beside a database, by what they add to its name. */
export const companions = ["-wal", "-shm", "-journal"] as const;

/** A name beside `path` that nobody can guess; it tells the process that made it. */
export function temporaryPath(path: string, purpose: Purpose): string {
  return `${path}.rung-${purpose}-${process.pid}-${crypto.randomUUID()}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Removes what processes that are gone have left in the directory of `path` for this purpose. */
export function removeStale(path: string, purpose: Purpose): void {
  const directory = dirname(resolve(path));
  const start = `${basename(path)}.rung-${purpose}-`;
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    if (!name.startsWith(start)) continue;
    const pid = Number.parseInt(name.slice(start.length), 10);
    if (pid !== process.pid && !isAlive(pid)) rmSync(join(directory, name), { force: true });
  }
}

/** Creates an empty file that only its owner, at most, may use; fails where there is one. */
export function createPrivate(path: string, mode: number): void {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;
  closeSync(openSync(path, flags, mode & 0o600));
}

/** Makes the content of a file durable. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes the names in a directory durable. Where a directory cannot be opened (Windows), there is nothing to do. */
export function syncDirectoryOf(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(dirname(resolve(path)), "r");
  } catch {
    return;
  }
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Gives a finished file its name, durably: before, the target is as it was; after, it is the new file, whole. */
export function publish(temporary: string, target: string): void {
  syncFile(temporary);
  renameSync(temporary, target);
  syncDirectoryOf(target);
}

/** Removes a database that was only temporary, with whatever SQLite has put beside it. */
export function removeDatabase(path: string): void {
  for (const suffix of ["", ...companions]) rmSync(`${path}${suffix}`, { force: true });
}

/** The permission bits of a file; those of a private one where there is none. */
export function modeOf(path: string): number {
  return (statSync(path, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777;
}
