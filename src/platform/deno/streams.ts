// The streams under Deno, by descriptor.

import { createReadStream, writeSync } from "node:fs";

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

/** Writes bytes to a descriptor that takes them bit by bit. */
export async function writeSlowly(descriptor: 1 | 2, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length;) {
    try {
      start += writeSync(descriptor, bytes, start);
    } catch (error) {
      if (!isFull(error)) throw error;
      // Nothing tells when a pipe has room again.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** The bytes of standard input as they arrive. */
export async function* inputBytes(): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<unknown> = createReadStream("", { fd: 0, autoClose: false });
  for await (const chunk of chunks) if (chunk instanceof Uint8Array) yield chunk;
}
