// Door to standard input and output: Node's streams cost more to set up than most commands take, and its files a part.

let trouble: string | null = null;

/** What is wrong with standard input or output; null while nothing is. A reader that has left is nothing wrong. */
export function streamTrouble(): string | null {
  return trouble;
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  return String(error);
}

/** What a pipe takes as a whole or not at all, in bytes (POSIX, PIPE_BUF): the least that any system has. */
const inOnePiece = 512;
/** What takes more than one byte in UTF-8. */
const beyondAscii = /[\x80-\uffff]/;
const streamOf = { 1: Bun.stdout, 2: Bun.stderr } as const;

/** Writes what a pipe takes as a whole: the runtime waits for room, but begins anew where a part was taken. */
function writePiece(descriptor: 1 | 2, piece: string | Uint8Array): Promise<unknown> {
  return Bun.write(streamOf[descriptor], piece);
}

/** How much of what follows on `written` is taken at once; nothing by a pipe that is full, and that others made non-blocking. */
async function writeNow(descriptor: 1 | 2, bytes: Uint8Array, written: number): Promise<number> {
  const { writeSync } = await import("node:fs");
  try {
    return writeSync(descriptor, bytes, written);
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return 0;
    throw error;
  }
}

/** Writes all of a text to a descriptor. */
function write(descriptor: 1 | 2, text: string): Promise<unknown> {
  const isPiece = text.length <= inOnePiece && !beyondAscii.test(text);
  return isPiece ? writePiece(descriptor, text) : writePieces(descriptor, text);
}

async function writePieces(descriptor: 1 | 2, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    const isLong = bytes.length - written > inOnePiece;
    const taken = isLong ? await writeNow(descriptor, bytes, written) : 0;
    if (taken === 0) {
      await writePiece(descriptor, bytes.subarray(written, written + inOnePiece));
      written += inOnePiece;
    }
    written += taken;
  }
}

/** Writes all of a text to standard output; false once that is in vain. Never throws: see `streamTrouble`. */
export async function writeOut(text: string): Promise<boolean> {
  try {
    await write(1, text);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code !== "EPIPE") trouble ??= `Standard output cannot be written: ${code}.`;
    return false;
  }
}

/** Writes all of a text to standard error. Where that fails there is nowhere left to say so. */
export async function writeError(text: string): Promise<void> {
  try {
    await write(2, text);
  } catch {
    return;
  }
}

/** Standard input as it arrives; it ends where it cannot be read any further: see `streamTrouble`. */
export async function* readInput(): AsyncGenerator<Uint8Array> {
  try {
    yield* Bun.stdin.stream();
  } catch (error) {
    trouble ??= `Standard input cannot be read: ${codeOf(error)}.`;
  }
}

/** The device that takes everything; it is no terminal, though it looks like one. */
const nullDevice = "/dev/null";

/** Whether the environment keeps the runtime from telling by colours that there is a terminal. */
function mutesColours(): boolean {
  const { NO_COLOR } = process.env;
  return NO_COLOR !== undefined && NO_COLOR !== "";
}

const streams = [Bun.stdin, Bun.stdout, Bun.stderr] as const;

/** Whether a descriptor is a terminal. */
export function isTerminal(descriptor: 0 | 1 | 2): boolean | Promise<boolean> {
  // Where neither output is one, the runtime knows without a question to the system.
  return descriptor === 0 || Bun.enableANSIColors || mutesColours() ? askSystem(descriptor) : false;
}

/** Pipes, files and the null device are told apart without loading `node:tty`. */
async function askSystem(descriptor: 0 | 1 | 2): Promise<boolean> {
  try {
    const found = await streams[descriptor].stat();
    if (!found.isCharacterDevice()) return false;
    if ((await Bun.file(nullDevice).stat()).rdev === found.rdev) return false;
  } catch {
    return false;
  }
  const { isatty } = await import("node:tty");
  return isatty(descriptor);
}
