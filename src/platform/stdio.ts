// Door to standard input and output, by descriptor: Node's streams cost more to set up than most commands take.

import { fstatSync } from "node:fs";

/** Writes all of a text to standard output; false when nobody reads it any more (EPIPE). */
export async function writeOut(text: string): Promise<boolean> {
  try {
    await Bun.write(Bun.stdout, text);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EPIPE") return false;
    throw error;
  }
}

/** Writes all of a text to standard error. */
export async function writeError(text: string): Promise<void> {
  await Bun.write(Bun.stderr, text);
}

/** Standard input as it arrives. */
export function readInput(): AsyncIterable<Uint8Array> {
  return Bun.stdin.stream();
}

/** Whether a descriptor is a terminal. Pipes and files are told apart without loading `node:tty`. */
export async function isTerminal(descriptor: 0 | 1 | 2): Promise<boolean> {
  try {
    if (!fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  const { isatty } = await import("node:tty");
  return isatty(descriptor);
}
