// Door to the runtime's hash: an import map can point it elsewhere.

/** SHA-256 of the pieces in order, in UTF-8, as 64 hexadecimal digits. */
export function sha256(...pieces: string[]): string {
  return Bun.SHA256.hash(pieces.join(""), "hex");
}
