// Door to standard input and output, by descriptor: Node's streams cost more to set up than most commands take.

import { fstatSync, statSync, writeSync } from "node:fs";

let trouble: string | null = null;

/** What is wrong with standard input or output; null while nothing is. A reader that has left is nothing wrong. */
export function streamTrouble(): string | null {
  return trouble;
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  return String(error);
}

/** Writes as much as the system takes at once, without a detour through a thread; how many bytes that was. */
function writeSome(descriptor: 1 | 2, what: string | Uint8Array): number {
  try {
    return typeof what === "string" ? writeSync(descriptor, what) : writeSync(descriptor, what);
  } catch (error) {
    // A pipe that its other users made non-blocking is full.
    if (codeOf(error) === "EAGAIN") return 0;
    throw error;
  }
}

/** Writes all of a text to a descriptor. */
async function write(descriptor: 1 | 2, text: string): Promise<void> {
  const written = writeSome(descriptor, text);
  if (written === Buffer.byteLength(text)) return;
  const rest = Buffer.from(text).subarray(written);
  await Bun.write(descriptor === 1 ? Bun.stdout : Bun.stderr, rest);
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

/** Whether a descriptor is a terminal. Pipes, files and the null device are told apart without loading `node:tty`. */
export async function isTerminal(descriptor: 0 | 1 | 2): Promise<boolean> {
  try {
    const found = fstatSync(descriptor);
    if (!found.isCharacterDevice()) return false;
    if (statSync(nullDevice, { throwIfNoEntry: false })?.rdev === found.rdev) return false;
  } catch {
    return false;
  }
  const { isatty } = await import("node:tty");
  return isatty(descriptor);
}
