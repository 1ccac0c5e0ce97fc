// Door to the runtime's hash: an import map can point it elsewhere.

/** SHA-256 of a text in UTF-8, as 64 hexadecimal digits. */
export function sha256(text: string): string {
  return Bun.SHA256.hash(text, "hex");
}
