// What the tests of a session share: a peer that talks to the compiled executable as it runs, and looks at its memory.

import { readFileSync } from "node:fs";
import { executable, json, type Place, type Reply } from "../rung.ts";

/** Bytes of a text, in UTF-8. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function* linesOf(chunks: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") throw new Error(`No newline at the end of: ${rest.slice(0, 200)}`);
}

/** A figure of /proc/PID/status, in MiB. */
function memoryOf(pid: number, name: "VmRSS" | "VmHWM"): number {
  const found = new RegExp(`^${name}:\\s*(\\d+) kB`, "m");
  const [, kilobytes = "0"] = found.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}

function spawn(place: Place, words: readonly string[]): Bun.Subprocess<"pipe", "pipe", "pipe"> {
  const streams = { stdin: "pipe", stdout: "pipe", stderr: "pipe" } as const;
  return Bun.spawn([executable, ...words], { cwd: place.path, env: {}, ...streams });
}

/** One running session; it ends with the test at the latest. */
export class Peer implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #lines: AsyncGenerator<string>;

  constructor(place: Place, words: readonly string[] = []) {
    this.#child = spawn(place, words);
    this.#lines = linesOf(this.#child.stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }

  /** Its resident memory now, and the most that it ever was, in MiB. */
  get memory(): { readonly resident: number; readonly peak: number } {
    const { pid } = this.#child;
    return { resident: memoryOf(pid, "VmRSS"), peak: memoryOf(pid, "VmHWM") };
  }

  /** Sends bytes as they are; resolves once the pipe has taken them. */
  async write(sent: string | Uint8Array): Promise<void> {
    this.#child.stdin.write(sent);
    await this.#child.stdin.flush();
  }

  /** The next line as it stands. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("The session has ended");
    return value;
  }

  /** The next reply, read. */
  async reply(): Promise<Reply> {
    return json(await this.line());
  }

  /** Sends one request, and gives its reply. */
  async ask(message: object): Promise<Reply> {
    await this.write(`${JSON.stringify(message)}\n`);
    return this.reply();
  }

  /** Ends the input; what is still to be read, and the exit status. */
  async end(): Promise<{
    readonly rest: readonly string[];
    readonly status: number | null;
    readonly stderr: string;
  }> {
    await this.#child.stdin.end();
    const rest = await Array.fromAsync(this.#lines);
    const stderr = await this.#child.stderr.text();
    await this.#child.exited;
    return { rest, status: this.#child.exitCode, stderr };
  }

  /** Reads no more, and closes the pipe that the replies come through; the exit status. */
  async leave(): Promise<number | null> {
    await this.#lines.return(undefined);
    await this.#child.exited;
    return this.#child.exitCode;
  }
}

/** A list of JSON objects in a reply's field. */
export function list(reply: Reply, field: string): readonly unknown[] {
  const value = reply[field];
  if (!Array.isArray(value)) throw new Error(`${field} is no list in ${JSON.stringify(reply)}`);
  return value;
}
