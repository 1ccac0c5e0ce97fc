// What a command is performed with: the place, the migrations, the database, and where events go.

import type { Watch } from "./activity.ts";
import type { Emit, Event } from "./event.ts";
import type { Failure, Result } from "./failure.ts";
import type { Catalog } from "./migration/migration.ts";
import type { Apart, Driver } from "./run/driver.ts";
import type { Signals } from "./run/execute.ts";

/** How a driver is asked for: by path, and by what the command may do there. "memory" takes no path. */
export interface DriverRequest {
  readonly path: string;
  readonly mode: "read" | "write" | "create" | "memory";
  readonly readWaitMs: number;
  /** Given where the driver serves one request after the other: its file may be replaced between two of them. */
  readonly isKept?: boolean;
  /** Globs of schema objects that are never looked at. */
  readonly ignored?: readonly string[];
  /** Given where the rows of every table that a step touches are to be counted: what that runs by. */
  readonly measuring?: Apart;
  /** Told of statements that a TypeScript migration has run, and of the rows that they have changed. */
  readonly counted?: (statements: number, rows: number) => void;
}

/** Where and with what a command works. */
export interface Workplace {
  readonly path: string;
  readonly catalog: () => Promise<Result<Catalog>>;
  readonly openDriver: (request: DriverRequest) => Promise<Driver>;
  /** How long to wait for a lock where the command doesn't say, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly signals: Signals | null;
  /** Signals that are kept while work is at hand that must be tidied up after, whatever the process. */
  readonly heldSignals: () => Signals;
  /** Told of what takes time, where somebody watches. */
  readonly watch?: Watch;
  /** Told where code is about to run so often that it is worth compiling. */
  readonly expectLongWork?: () => void;
}

/** What a command works with. */
export interface Job {
  readonly place: Workplace;
  readonly catalog: Catalog;
  readonly driver: Driver;
  readonly waitMs: number;
  readonly emit: Emit;
}

/** The event of a command that fails on no migration's account. */
export function failedWith(failure: Failure): Event {
  return { kind: "failed", failure, migration: null };
}
