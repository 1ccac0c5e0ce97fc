// What is printed, in order, to standard output and standard error: what is said at once is written at once.

import type { Io, Progress } from "./world.ts";

/** Text for standard output and standard error. */
interface Said {
  readonly out: string;
  readonly error: string;
}

/** The two streams as one row of texts. */
export class Speech {
  readonly #io: Io;
  readonly #progress: Progress | null;
  #written: Promise<void> | undefined;
  /** What is not written yet: texts for one stream after the other. */
  #waiting: { descriptor: 1 | 2; text: string }[] = [];

  /** `progress` is the line that is in the way of what is written, if there is one. */
  constructor(io: Io, progress: Progress | null) {
    this.#io = io;
    this.#progress = progress;
  }

  /** Resolves once all that was said is written. */
  get said(): Promise<void> | undefined {
    return this.#written;
  }

  /** Says something; resolves once that and all before is written. */
  say({ out, error }: Said): Promise<void> | undefined {
    if (out !== "") this.#add(1, out);
    if (error !== "") this.#add(2, error);
    return this.#written;
  }

  #add(descriptor: 1 | 2, text: string): void {
    const last = this.#waiting[this.#waiting.length - 1];
    if (last?.descriptor === descriptor) {
      last.text += text;
      return;
    }
    this.#waiting.push({ descriptor, text });
    // The first that waits sees to it that all are written, those included that come before it is its turn.
    if (last === undefined)
      this.#written = (this.#written ?? Promise.resolve()).then(() => this.#write());
  }

  async #write(): Promise<void> {
    const texts = this.#waiting;
    this.#waiting = [];
    for (const { descriptor, text } of texts) {
      const write = async (): Promise<unknown> =>
        descriptor === 1 ? this.#io.writeOut(text) : this.#io.writeError(text);
      await (this.#progress === null ? write() : this.#progress.aside(write));
    }
  }
}
