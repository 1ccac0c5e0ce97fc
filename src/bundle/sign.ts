// An executable for macOS -> the same with a signature that fits it, made by nobody in particular ("ad hoc"). Pure.

import { createHash } from "node:crypto";

// All from Apple's <mach-o/loader.h> and the kernel's <kern/cs_blobs.h>.
const machO64 = 0xfeedfacf;
const segmentCommand = 0x19;
const signatureCommand = 0x1d;
const superBlob = 0xfade0cc0;
const codeDirectory = 0xfade0c02;
const isAdHoc = 0x2;
const isSignedByLinker = 0x20000;
const isMainBinary = 1n;
const directoryVersion = 0x20400;
const directoryLength = 88;
const pageBits = 12;
const page = 1 << pageBits;
/** Of memory on any Mac, to which the length of a segment is rounded. */
const memoryPage = 0x4000n;

/** Where the numbers of a command stand. */
interface Command {
  readonly kind: number;
  readonly at: number;
}

function commandsOf(view: DataView): readonly Command[] {
  const commands: Command[] = [];
  let at = 32;
  for (let left = view.getUint32(16, true); left > 0; left--) {
    commands.push({ kind: view.getUint32(at, true), at });
    at += view.getUint32(at + 4, true);
  }
  return commands;
}

function segmentAt(bytes: Uint8Array, commands: readonly Command[], name: string): number | null {
  const called = `${name}\0`;
  const found = commands.find(({ kind, at }) => {
    const text = new TextDecoder("latin1").decode(bytes.subarray(at + 8, at + 8 + called.length));
    return kind === segmentCommand && text === called;
  });
  return found?.at ?? null;
}

/** The hashes of all pages up to the signature, in the form that the kernel reads. */
function signatureOf(code: Uint8Array, identifier: string, textLength: bigint): Uint8Array {
  const name = new TextEncoder().encode(`${identifier}\0`);
  const pages = Math.ceil(code.length / page);
  const hashesAt = directoryLength + name.length;
  const length = hashesAt + pages * 32;
  const start = 20;
  const signature = new Uint8Array(start + length);
  const view = new DataView(signature.buffer);
  const put = (at: number, values: readonly number[]): void =>
    values.forEach((value, index) => view.setUint32(at + 4 * index, value));
  put(0, [superBlob, signature.length, 1, 0, start]);
  const flags = isAdHoc | isSignedByLinker;
  put(start, [codeDirectory, length, directoryVersion, flags, hashesAt, directoryLength]);
  put(start + 24, [0, pages, code.length]);
  // 32 bytes of SHA-256 for each page.
  signature.set([32, 2, 0, pageBits], start + 36);
  view.setBigUint64(start + 72, textLength);
  view.setBigUint64(start + 80, isMainBinary);
  signature.set(name, start + directoryLength);
  for (let index = 0; index < pages; index++) {
    const hash = createHash("sha256").update(code.subarray(index * page, (index + 1) * page));
    signature.set(hash.digest(), start + hashesAt + 32 * index);
  }
  return signature;
}

/** The executable in pieces, signed anew. Null where it has no signature to be replaced at its end. */
export function signed(bytes: Uint8Array, identifier: string): readonly Uint8Array[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== machO64) return null;
  const commands = commandsOf(view);
  const signature = commands.find(({ kind }) => kind === signatureCommand)?.at;
  const links = segmentAt(bytes, commands, "__LINKEDIT");
  const text = segmentAt(bytes, commands, "__TEXT");
  if (signature === undefined || links === null || text === null) return null;
  const codeLength = view.getUint32(signature + 8, true);
  if (codeLength + view.getUint32(signature + 12, true) !== bytes.length) return null;
  const code = bytes.slice(0, codeLength);
  const changed = new DataView(code.buffer);
  const textLength = view.getBigUint64(text + 48, true);
  // Its length does not hang on the hashes: they are made once the headers say how long it is.
  const { length } = signatureOf(new Uint8Array(0), identifier, textLength);
  const whole = length + Math.ceil(codeLength / page) * 32;
  changed.setUint32(signature + 12, whole, true);
  const inFile = BigInt(codeLength + whole) - view.getBigUint64(links + 40, true);
  changed.setBigUint64(links + 48, inFile, true);
  const inMemory = ((inFile + memoryPage - 1n) / memoryPage) * memoryPage;
  changed.setBigUint64(links + 32, inMemory, true);
  return [code, signatureOf(code, identifier, textLength)];
}
