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

/**
 * As much as is handed over in one piece, in bytes. A pipe takes it as a whole or not at all (POSIX, `PIPE_BUF`: 4,096 on
 * Linux, at least 512), and a file as it is: from some 2,000 on the runtime allocates the beginning of a file before it
 * writes (`fallocate`, seen in 1.4.5), which leaves zeros in one that is appended to.
 */
const inOnePiece = process.platform === "linux" ? 1024 : 512;
/** What takes more than one byte in UTF-8. */
const beyondAscii = /[\x80-\uffff]/;
const streams = [Bun.stdin, Bun.stdout, Bun.stderr] as const;

/** Whether one of the outputs can be a terminal: where none is, the runtime knows without a question to the system. */
function mayShow(): boolean {
  return Bun.enableANSIColors || mutesColours();
}

/**
 * Hands the runtime something to write as soon as there is room. Where that is taken in part, it begins anew, so this is
 * for what is taken as a whole or not at all.
 */
function writeWhole(descriptor: 1 | 2, piece: string | Uint8Array): Promise<unknown> {
  return Bun.write(streams[descriptor], piece);
}

/** How much of what follows on `written` is taken at once; nothing where others made it non-blocking, and it is full. */
async function writeNow(descriptor: 1 | 2, bytes: Uint8Array, written: number): Promise<number> {
  const { writeSync } = await import("node:fs");
  try {
    return writeSync(descriptor, bytes, written);
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return 0;
    throw error;
  }
}

async function writeInParts(descriptor: 1 | 2, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const taken = await writeNow(descriptor, bytes, written);
    // A single byte tells when there is room again, and for how much of the rest is found out then.
    if (taken === 0) await writeWhole(descriptor, bytes.subarray(written, written + 1));
    written += taken === 0 ? 1 : taken;
  }
}

/** Writes all of a text to a descriptor, a long one by calls that take it in one go: others may write there, too. */
function write(descriptor: 1 | 2, text: string): Promise<unknown> {
  // Of nothing, the runtime would make an empty file.
  if (text === "") return Promise.resolve();
  // A terminal takes a part of anything.
  const isShort = text.length <= inOnePiece && !mayShow();
  if (isShort && !beyondAscii.test(text)) return writeWhole(descriptor, text);
  const bytes = new TextEncoder().encode(text);
  const isPiece = isShort && bytes.length <= inOnePiece;
  return isPiece ? writeWhole(descriptor, bytes) : writeInParts(descriptor, bytes);
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

/** Whether a descriptor is a terminal. */
export function isTerminal(descriptor: 0 | 1 | 2): boolean | Promise<boolean> {
  return descriptor === 0 || mayShow() ? askSystem(descriptor) : false;
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
