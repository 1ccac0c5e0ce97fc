// The world that the tool runs in.

import type { Environment } from "./input/location.ts";
import type { DriverRequest } from "./job.ts";
import type { Shown } from "./report/progress.ts";
import type { Driver } from "./run/driver.ts";
import type { Signals } from "./run/execute.ts";

/** A line on a terminal that says what goes on, and moves while this thread is busy. */
export interface Progress {
  show(shown: Shown): void;
  /** So much more is done of what is shown. */
  count(statements: number, rows: number): void;
  /** Writes something else to the terminal, with the line out of its way. */
  aside<T>(write: () => Promise<T>): Promise<T>;
  end(): void;
}

/** The world that the tool runs in. */
export interface Io {
  readonly argv: readonly string[];
  readonly environment: Environment;
  readonly input: () => AsyncIterable<Uint8Array>;
  readonly isTerminal: (descriptor: 0 | 1 | 2) => boolean | Promise<boolean>;
  /** Resolves to false once nobody reads any more. */
  readonly writeOut: (text: string) => Promise<boolean>;
  readonly writeError: (text: string) => Promise<void>;
  /** For standard error as a terminal. */
  readonly openProgress?: () => Promise<Progress>;
  readonly openDriver: (request: DriverRequest) => Promise<Driver>;
  /** Sees to it that code of migrations disturbs neither standard output nor the end of the process. */
  readonly keepHouse: () => void;
  /** The file that a command would start; null where there is none. */
  readonly findProgram: (command: string) => Promise<string | null>;
  /** Becomes a program, where the system can; else its exit status. Throws where it cannot be started. */
  readonly become: (program: string, words: readonly string[]) => Promise<number>;
  /** Said before work that is worth the trouble of making its code faster. */
  readonly expectLongWork: () => void;
  /** Gives back memory that is not needed, at once. */
  readonly collectGarbage: () => void;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** Signals that ask to end; null where a signal ends the process by itself. */
  readonly signals: Signals | null;
  /** Signals that are kept while there is something to tidy up; a process that ends by itself needs none. */
  readonly heldSignals: () => Signals;
}
