// What is printed, in order, to standard output and standard error: what is said at once is written at once.

import type { Printed } from "./report/printed.ts";
import type { Io, Progress } from "./world.ts";

/** Text for standard output and standard error, at hand or still to come. */
type Said = Printed | Promise<Printed>;

/** The two streams as one row of texts. */
export class Speech {
  private readonly io: Io;
  private readonly progress: Progress | null;
  private written: Promise<void> | undefined;
  /** What is not written yet, in order. */
  private waiting: Said[] = [];

  /** `progress` is the line that is in the way of what is written, if there is one. */
  constructor(io: Io, progress: Progress | null) {
    this.io = io;
    this.progress = progress;
  }

  /** Resolves once all that was said is written. */
  get said(): Promise<void> | undefined {
    return this.written;
  }

  /** Says something; resolves once that and all before is written. */
  say(said: Said): Promise<void> | undefined {
    if (isSilent(said)) return this.written;
    // What fails to come is told by whoever waits for it to be written.
    if (said instanceof Promise) said.catch(() => undefined);
    this.waiting.push(said);
    // The first that waits sees to it that all are written, those included that come before it is its turn.
    if (this.waiting.length === 1)
      this.written = (this.written ?? Promise.resolve()).then(() => this.write());
    return this.written;
  }

  private async write(): Promise<void> {
    const waiting = this.waiting;
    this.waiting = [];
    let out = "";
    let error = "";
    for (const said of waiting) {
      const more = said instanceof Promise ? await said : said;
      if (more.out !== "" && error !== "") {
        await this.writeBoth(out, error);
        out = "";
        error = "";
      }
      out += more.out;
      error += more.error;
    }
    await this.writeBoth(out, error);
  }

  private async writeBoth(out: string, error: string): Promise<void> {
    if (out !== "") await this.aside(() => this.io.writeOut(out));
    if (error !== "") await this.aside(() => this.io.writeError(error));
  }

  private aside(write: () => Promise<unknown>): Promise<unknown> {
    return this.progress === null ? write() : this.progress.aside(write);
  }
}

function isSilent(said: Said): boolean {
  return !(said instanceof Promise) && said.out === "" && said.error === "";
}
