// Door to the runtime's hash: an import map can point it elsewhere.

/** SHA-256 of the pieces in order, in UTF-8, as 64 hexadecimal digits. */
export function sha256(...pieces: string[]): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const piece of pieces) hasher.update(piece);
  return hasher.digest("hex");
}
