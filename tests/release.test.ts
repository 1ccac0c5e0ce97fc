// A release: its archives are whole and always the same bytes, and an executable is known by its platform.

import { expect, test } from "bun:test";
import { cpSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { platformOf, platformOfFile } from "../src/bundle/runtime.ts";
import { signed } from "../src/bundle/sign.ts";
import { targets } from "../src/platform/compile.ts";
import { archiveOf } from "../src/release/archive.ts";
import { objectionToSignature } from "../src/release/signature.ts";
import { tryExecutable } from "../src/release/smoke.ts";
import { executable, notRunHere, Place, root } from "./rung.ts";

const files = [
  { path: "rung-1/rung", mode: 0o755, bytes: new Uint8Array(1536).fill(7) },
  { path: "rung-1/LICENSE", mode: 0o644, bytes: new TextEncoder().encode("free\n") },
  { path: "rung-1/empty", mode: 0o644, bytes: new Uint8Array() },
];

const extracting = "an archive is what tar extracts, with its modes";
if (Bun.which("tar") === null) {
  notRunHere(extracting, "there is no tar");
} else {
  test(extracting, () => {
    using place = new Place();
    writeFileSync(place.at("a.tar.gz"), archiveOf(files));
    const ran = Bun.spawnSync(["tar", "-xpzf", "a.tar.gz"], { cwd: place.path });
    expect([ran.exitCode, ran.stderr.toString()]).toEqual([0, ""]);
    for (const { path, mode, bytes } of files) {
      expect(new Uint8Array(readFileSync(place.at(path)))).toEqual(bytes);
      expect([path, statSync(place.at(path)).mode & 0o777]).toEqual([path, mode]);
      expect([path, statSync(place.at(path)).mtimeMs]).toEqual([path, 0]);
    }
  });
}

test("an archive is the same whenever it is made, and refuses a name that has no room", () => {
  expect(archiveOf(files)).toEqual(archiveOf(files));
  const long = { path: "x".repeat(101), mode: 0o644, bytes: new Uint8Array() };
  expect(() => archiveOf([long])).toThrow("too long");
});

test("another clone of the repository makes the same bytes", async () => {
  using place = new Place();
  for (const each of ["package.json", "src", "migrations", "node_modules/valibot"]) {
    cpSync(join(root, each), place.at("a clone", each), { recursive: true });
  }
  const words = [process.execPath, "src/release/build.ts"];
  const ran = Bun.spawnSync(words, { cwd: place.at("a clone"), env: {}, stderr: "pipe" });
  expect([ran.exitCode, ran.stderr.toString()]).toEqual([0, ""]);
  const made = readFileSync(place.at("a clone/dist/rung"));
  expect(made.equals(readFileSync(executable))).toBe(true);
});

/** The beginning of an executable, with bytes at places. */
function head(...parts: readonly (readonly [number, readonly number[]])[]): Uint8Array {
  const bytes = new Uint8Array(4096);
  for (const [at, values] of parts) bytes.set(values, at);
  return bytes;
}

const elf = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1];
const loader = [...new TextEncoder().encode("/lib/ld-musl-aarch64.so.1")];

test("every platform is told by the first bytes of an executable, and nothing else is one", () => {
  const mach = [0xcf, 0xfa, 0xed, 0xfe];
  const found = [
    head([0, elf], [18, [62, 0]]),
    head([0, elf], [18, [183, 0]]),
    head([0, elf], [18, [62, 0]], [600, loader]),
    head([0, elf], [18, [183, 0]], [600, loader]),
    head([0, mach], [4, [7, 0, 0, 1]]),
    head([0, mach], [4, [12, 0, 0, 1]]),
    head([0, [0x4d, 0x5a]], [60, [128]], [128, [0x50, 0x45, 0, 0, 0x64, 0x86]]),
  ].map(platformOf);
  expect(found).toEqual([...targets]);
  for (const other of [
    head(),
    head([0, elf], [18, [40, 0]]),
    head([0, [0x4d, 0x5a]], [60, [255, 255, 255, 255]]),
    head([0, [0x4d, 0x5a]], [60, [128]]),
    new Uint8Array(3),
  ]) {
    expect(platformOf(other)).toBeNull();
  }
});

/** The beginning of an executable for macOS on Intel, of so many bytes before a signature that fits nothing. */
function machO(codeLength: number): Uint8Array {
  const bytes = new Uint8Array(codeLength + 100).fill(7);
  const view = new DataView(bytes.buffer);
  const numbers = (at: number, values: readonly number[]): void =>
    values.forEach((value, index) => view.setUint32(at + 4 * index, value, true));
  const segment = (at: number, name: string, [start, length]: readonly [number, number]): void => {
    numbers(at, [0x19, 72]);
    bytes.set(new TextEncoder().encode(name.padEnd(16, "\0")), at + 8);
    numbers(at + 24, [0, 1, length, 0, start, 0, length, 0]);
  };
  numbers(0, [0xfeedfacf, 0x1000007, 3, 2, 3, 160, 0, 0]);
  segment(32, "__TEXT", [0, 8192]);
  segment(104, "__LINKEDIT", [8192, codeLength + 100 - 8192]);
  numbers(176, [0x1d, 16, codeLength, 100]);
  return bytes;
}

test("an executable for macOS on Intel is signed anew: over every byte, and the headers say how long it is", () => {
  for (const length of [12288, 12304, 20000]) {
    const before = machO(length);
    expect(objectionToSignature(before)).toBe("its signature is none");
    const pieces = signed(before, "rung") ?? [];
    const after = Buffer.concat(pieces);
    expect([length, objectionToSignature(after)]).toEqual([length, null]);
    const pages = Math.ceil(length / 4096);
    expect(after.length).toBe(length + 20 + 88 + 5 + 32 * pages);
    // What it says of the segment that it is in: that ends with the file, and has room in memory.
    expect(after.readBigUInt64LE(104 + 40) + after.readBigUInt64LE(104 + 48)).toBe(
      BigInt(after.length),
    );
    expect(after.readBigUInt64LE(104 + 32)).toBe(16384n);
    expect(Buffer.concat(signed(after, "rung") ?? [])).toEqual(after);
    // Nothing but the two headers has changed.
    const same = (bytes: Uint8Array): Uint8Array => {
      const code = new Uint8Array(bytes).subarray(0, length);
      for (const at of [104 + 32, 104 + 48, 176 + 12]) code.fill(0, at, at + 8);
      return code;
    };
    expect(same(after)).toEqual(same(before));
    after[length - 1] = 8;
    expect(objectionToSignature(after)).toBe(`its page ${pages - 1} was changed`);
  }
  expect(signed(machO(12288).subarray(0, 12300), "rung")).toBeNull();
  expect(signed(new Uint8Array(4096), "rung")).toBeNull();
});

test("the trial of an executable runs it here, and finds one that is another platform's or does not work", () => {
  using place = new Place();
  const own = targets.find((target) => target === platformOfFile(executable));
  if (own === undefined) throw new Error("the executable under test is for no known platform");
  expect(tryExecutable(executable, own)).toEqual({ is: "ran" });
  const other = own === "linux-x64" ? "darwin-x64" : "linux-x64";
  expect(tryExecutable(executable, other)).toMatchObject({ is: "broken" });
  writeFileSync(place.at("half"), readFileSync(executable).subarray(0, 8192), { mode: 0o755 });
  expect(tryExecutable(place.at("half"), own)).toMatchObject({ is: "broken" });
});
