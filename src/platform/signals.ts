// Door to signals: for process 1, where the kernel ignores one without a handler, and for what must be tidied up after.

/** The signals that ask a process to end, with the exit status by which a shell knows them. */
const endings = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that asks to end. */
export type Ending = keyof typeof endings;

/** What a process hears of signals: while they are held they are kept; else they end the process at once. */
export class HeldSignals {
  private isHeld = false;
  private ending: Ending | null = null;

  constructor() {
    for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => this.receive(signal));
    }
  }

  hold(): void {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
  }

  async received(): Promise<Ending | null> {
    // Handlers run between the turns of the event loop only.
    await new Promise((resolve) => setImmediate(resolve));
    return this.ending;
  }

  private receive(signal: Ending): void {
    if (!this.isHeld) process.exit(endings[signal]);
    this.ending ??= signal;
  }
}

/**
 * The signals of process 1; null for any other process, which installs no handler: a signal ends it at once, and SQLite
 * takes back at the next open what was not committed. A handler could report one thing while the commit does another.
 */
export function processOneSignals(): HeldSignals | null {
  return process.pid === 1 ? new HeldSignals() : null;
}

let held: HeldSignals | null = null;

/** The signals of any process, from its first call on: for work that leaves something behind if it is just ended. */
export function heldSignals(): HeldSignals {
  held ??= new HeldSignals();
  return held;
}
