// Files -> a compressed tar archive, the same bytes whenever and by whomever it is made.

import { gzipSync } from "node:zlib";

/** A file in an archive. */
export interface Packed {
  /** At most 100 bytes, with slashes. */
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

const block = 512;

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\0`;
}

/** A header of the POSIX form (ustar): nobody's file, from the beginning of time. */
function headerOf({ path, mode, bytes }: Packed): Uint8Array {
  const encoder = new TextEncoder();
  const header = new Uint8Array(block);
  const put = (at: number, text: string): void => header.set(encoder.encode(text), at);
  if (encoder.encode(path).length > 100) throw new Error(`${path} is too long a name for a tar`);
  put(0, path);
  put(100, octal(mode, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(bytes.length, 11));
  put(136, octal(0, 11));
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\0" + "00");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${octal(sum, 6)} `);
  return header;
}

/** The files as a `.tar.gz`, in this order. */
export function archiveOf(files: readonly Packed[]): Uint8Array {
  const pieces = files.flatMap((file) => {
    const padding = new Uint8Array((block - (file.bytes.length % block)) % block);
    return [headerOf(file), file.bytes, padding];
  });
  const tar = Buffer.concat([...pieces, new Uint8Array(2 * block)]);
  return gzipSync(tar, { level: 9 });
}
