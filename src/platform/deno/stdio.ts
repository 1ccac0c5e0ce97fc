// Door to standard input and output where Deno runs us, by descriptor.

import { fstatSync, statSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

let trouble: string | null = null;

/** What is wrong with standard input or output; null while nothing is. A reader that has left is nothing wrong. */
export function streamTrouble(): string | null {
  return trouble;
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  return String(error);
}

/** Writes all of a text to a descriptor; a pipe that is full and does not block is tried again. */
async function write(descriptor: 1 | 2, text: string): Promise<void> {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
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
    for await (const chunk of process.stdin) {
      yield typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    }
  } catch (error) {
    trouble ??= `Standard input cannot be read: ${codeOf(error)}.`;
  }
}

/** Whether a descriptor is a terminal; the null device is none. */
export async function isTerminal(descriptor: 0 | 1 | 2): Promise<boolean> {
  try {
    const found = fstatSync(descriptor);
    if (!found.isCharacterDevice()) return false;
    if (statSync("/dev/null", { throwIfNoEntry: false })?.rdev === found.rdev) return false;
  } catch {
    return false;
  }
  return isatty(descriptor);
}
