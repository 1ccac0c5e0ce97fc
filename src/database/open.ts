// A request for a database -> the driver that works on it, with the clock and name that history records.

import type { Apart, Driver } from "../run/driver.ts";
import { SqliteDriver } from "./driver.ts";
import type { Counted } from "./handle.ts";
import type { OpenMode } from "./sqlite.ts";
import { whoami } from "./who.ts";

/** What is asked of a database: where it is, and what the command may do there. */
export interface DatabaseRequest {
  readonly path: string;
  readonly mode: OpenMode;
  /** Globs of schema objects that are never looked at. */
  readonly ignored?: readonly string[];
  /** Given where the rows of every table that a step touches are to be counted: what that runs by. */
  readonly measuring?: Apart;
  /** How long a plain read waits for a lock, in milliseconds. */
  readonly readWaitMs: number;
  /** Given where the driver serves one request after the other: its file may be replaced between two of them. */
  readonly isKept?: boolean;
  /** Told of statements that a TypeScript migration has run, and of the rows that they have changed. */
  readonly counted?: Counted;
}

/** Opens a driver; the file itself is opened by the first effect that needs it. */
export function openDatabase(request: DatabaseRequest): Driver {
  let name: string | undefined;
  return new SqliteDriver({
    ...request,
    date: () => new Date(),
    by: () => (name ??= whoami()),
  });
}
