// Door to the runtime's own streams: an import map can point it elsewhere.

/** Writes bytes to a descriptor that takes them bit by bit. */
export async function writeSlowly(descriptor: 1 | 2, bytes: Uint8Array): Promise<void> {
  await Bun.write(descriptor === 1 ? Bun.stdout : Bun.stderr, bytes);
}

/** The bytes of standard input as they arrive. */
export function inputBytes(): AsyncIterable<Uint8Array> {
  return Bun.stdin.stream();
}
