// A release: its archives are whole and always the same bytes, and an executable is known by its platform.

import { expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { platformOf, platformOfFile } from "../src/bundle/runtime.ts";
import { targets } from "../src/platform/compile.ts";
import { archiveOf } from "../src/release/archive.ts";
import { tryExecutable } from "../src/release/smoke.ts";
import { executable, notRunHere, Place } from "./rung.ts";

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
