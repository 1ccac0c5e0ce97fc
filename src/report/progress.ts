// What a run is doing -> the line that a person watches.

import type { Activity, AtWork, Place } from "../activity.ts";
import { printable } from "./style.ts";

/** A line on a terminal; how long it takes, and how far a file has grown, is added as time passes. */
export interface Shown {
  readonly text: string;
  /** When it began (milliseconds, monotonic); where nothing is said, now. */
  readonly since?: number;
  /** A file that grows until it has a size. */
  readonly file?: { readonly path: string; readonly totalBytes: number };
}

/** More than any terminal is wide. */
const longest = 1000;

function line(text: string): string {
  return printable(text.slice(0, longest).replace(/\s+/g, " ").trim());
}

function nameOf({ direction, migration, place }: AtWork): string {
  const verb = direction === "down" ? "rolling back " : "";
  const total = place.of > 1 ? ` (${place.number}/${place.of})` : "";
  return `${verb}${migration.version} ${migration.name}${total}`;
}

function statementOf(place: Place): string {
  return place.of > 1 ? `statement ${place.number} of ${place.of}` : "statement";
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

const restoring = {
  copy: "copying the backup and checking it",
  settle: "waiting until nobody uses the database",
  keep: "keeping what is replaced",
  replace: "replacing the database",
  finish: "replacing the database",
} as const;

/** What is shown while something goes on. */
export function progressOf(activity: Activity): Shown {
  switch (activity.is) {
    case "reading":
      return { text: "reading history (another process may hold a lock)" };
    case "waiting":
      return { text: "waiting for another process's lock", since: activity.since };
    case "executing": {
      const { statement, statementPlace, at, since } = activity;
      const where = `${statementOf(statementPlace)} (${baseName(at.file)}:${at.line})`;
      return { text: line(`${nameOf(activity)}: ${where} ${statement}`), since };
    }
    case "calling":
      return { text: line(nameOf(activity)), since: activity.since };
    case "guarding":
      return { text: line(`${nameOf(activity)}: checking for losses`), since: activity.since };
    case "committing":
      return { text: "committing", since: activity.since };
    case "undoing":
      return { text: "taking back what is not durable" };
    case "copying": {
      const { path, totalBytes } = activity;
      return { text: line(`copying to ${baseName(path)}`), file: { path, totalBytes } };
    }
    case "checking":
      return { text: "checking the copy as a whole" };
    case "restoring":
      return { text: restoring[activity.stage] };
  }
}
