// An executable for macOS -> whether its signature fits it, as the system finds out before it runs it.

import { createHash } from "node:crypto";

const signatureCommand = 0x1d;
const superBlob = 0xfade0cc0;
const codeDirectory = 0xfade0c02;

/** Where the signature stands: it ends where the file does. */
function placeOf(view: DataView): { readonly at: number; readonly length: number } | null {
  let command = 32;
  for (let left = view.getUint32(16, true); left > 0; left--) {
    if (view.getUint32(command, true) === signatureCommand) {
      const at = view.getUint32(command + 8, true);
      return { at, length: view.getUint32(command + 12, true) };
    }
    command += view.getUint32(command + 4, true);
  }
  return null;
}

/** What is wrong with the signature; null where it covers every byte before it, with the right hash for each page. */
export function objectionToSignature(bytes: Uint8Array): string | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const place = placeOf(view);
  if (place === null) return "it is not signed";
  const { at, length } = place;
  if (at + length !== bytes.length) return "its signature is not at its end";
  if (view.getUint32(at) !== superBlob) return "its signature is none";
  const directory = at + view.getUint32(at + 16);
  const number = (offset: number): number => view.getUint32(directory + offset);
  if (number(0) !== codeDirectory) return "its signature has no hashes";
  if (number(32) !== at) return "its signature leaves out a part of it";
  const page = 2 ** view.getUint8(directory + 39);
  const pages = number(28);
  if (pages !== Math.ceil(at / page)) return "its signature has too few hashes, or too many";
  for (let index = 0; index < pages; index++) {
    const code = bytes.subarray(index * page, Math.min((index + 1) * page, at));
    const start = directory + number(16) + 32 * index;
    const hash = createHash("sha256").update(code).digest();
    if (!hash.equals(bytes.subarray(start, start + 32))) return `its page ${index} was changed`;
  }
  return null;
}
