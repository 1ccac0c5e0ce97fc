// Runs a program on a terminal of its own, and reads from it as a person does: what stands there, and what stood there.

/** A program on a terminal. */
export class Terminal implements AsyncDisposable {
  readonly #child: Bun.Subprocess;
  readonly #decoder = new TextDecoder();
  #text = "";
  #heard: () => void = () => undefined;

  constructor(
    command: string[],
    {
      cwd,
      columns,
      env = {},
    }: { cwd: string; columns: number; env?: Readonly<Record<string, string>> },
  ) {
    const data = (_terminal: Bun.Terminal, bytes: Uint8Array): void => {
      this.#text += this.#decoder.decode(bytes, { stream: true });
      this.#heard();
    };
    this.#child = Bun.spawn(command, { cwd, env, terminal: { cols: columns, rows: 24, data } });
  }

  /** All that was written, without colours. */
  get text(): string {
    return this.#text.replace(/\u001b\[\d+m/g, "");
  }

  /** Every progress line that was drawn, in order. */
  get drawn(): string[] {
    return [...this.text.matchAll(/\r([^\r\n\u001b]+)\u001b\[K/g)].map(([, line]) => line ?? "");
  }

  /** What stands there. */
  get screen(): string[] {
    return this.text.split("\n").map((line) => {
      // A carriage return goes back to the first column; what comes then overwrites what is there.
      return line.split("\r").reduce((under, over) => {
        const [kept = "", after] = over.split("\u001b[K");
        return after === undefined ? kept + under.slice(kept.length) : kept + after;
      }, "");
    });
  }

  /** Waits until a line is drawn that holds a text. */
  async shows(text: string): Promise<void> {
    const gone = this.#child.exited.then(() => "gone");
    while (!this.drawn.some((line) => line.includes(text))) {
      const heard = new Promise<string>((resolve) => (this.#heard = () => resolve("heard")));
      if ((await Promise.race([heard, gone])) === "gone") {
        throw new Error(`It ended without showing ${text}: ${JSON.stringify(this.#text)}`);
      }
    }
  }

  /** Waits for the end; gives the exit status. */
  async end(): Promise<number> {
    const status = await this.#child.exited;
    // What was written last may still be on its way.
    while (!this.#text.endsWith("\n") && this.#text !== "") {
      const before = this.#text;
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (this.#text === before) break;
    }
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    this.#child.terminal?.close();
  }
}

/** Why no terminal is to be had here; null where one is. */
export function noTerminal(): string | null {
  try {
    new Bun.Terminal({}).close();
    return null;
  } catch (error) {
    return String(error);
  }
}
