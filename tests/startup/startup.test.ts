// Start-up hygiene: which source files a command loads. A list, not a time: it grows only on purpose.

import { expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { Place, root, table } from "../rung.ts";

/** The source files that a command loads, by name, without src/ and the ending. */
async function loadedBy(place: Place, ...words: string[]): Promise<string[]> {
  const log = place.at("loaded");
  const argv = ["--preload", `${root}/tests/startup/loaded.ts`, `${root}/src/main.ts`, ...words];
  const { status, stderr } = await place.rung(argv, {
    executable: process.execPath,
    env: { LOADED: log },
  });
  expect([status, stderr]).toEqual([0, ""]);
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  return lines.map((line) => line.replace(/^src\/(.*)\.ts$/, "$1")).sort();
}

const always =
  `app called duration facts failure input/argv input/commands input/environment input/options main nearest
  platform/house platform/memory platform/pace platform/signals platform/stdio process`.split(
    /\s+/,
  );

test("version loads next to nothing", async () => {
  using place = new Place();
  const wanted = [...always, "migration/embedded.gen", "version"].sort();
  expect(await loadedBy(place, "version")).toEqual(wanted);
});

/** The names of files by their folder, in order. */
function grouped(names: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of names) {
    const [folder = "", file] = name.includes("/") ? name.split("/", 2) : ["", name];
    found.set(folder, [...(found.get(folder) ?? []), file ?? ""]);
  }
  return found;
}

/** By folder: nothing that writes to a database, and nothing that works on files as a whole. */
const ofStatus: Readonly<Record<string, string>> = {
  "": "invoke job perform refuse speech work workplace",
  database: "driver errors file format glance objects open reading sqlite who",
  input: "asked location",
  migration:
    "catalog checksum directory embedded embedded.gen filename name outline pattern plain read source text",
  plan: "difference history status",
  platform: "hash size system",
  report: "printed status style table text",
};

/** The same of what `migrate` loads besides: nothing that proves, rehearses or copies. */
const ofMigrate: Readonly<Record<string, string>> = {
  database:
    "callsite compile facts fingerprint function ground guard handle horizon ledger live outside plain recording refusal schema scope stepping tracker violations watch watch-keys watch-objects watch-rows writing",
  migration: "cursor forbidden migration options plain-sections sections statements tokens touch",
  plan: "conflict plan schema step",
  run: "activity backup execute group machine moves outside planning state trail",
};

function listed(lists: Readonly<Record<string, string>>): Map<string, string[]> {
  return new Map(Object.entries(lists).map(([folder, names]) => [folder, names.split(" ")]));
}

test("status loads what reads migrations and history: a list that grows only on purpose", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  await place.rung(["migrate"]);
  const loaded = await loadedBy(place, "status");
  const parts = loaded.filter((name) => !always.includes(name));
  expect(grouped(parts)).toEqual(listed(ofStatus));
});

test("migrate loads what writes besides, and nothing that proves, rehearses or copies", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  const loaded = await loadedBy(place, "migrate");
  const read = [...listed(ofStatus)].flatMap(([folder, names]) =>
    names.map((name) => (folder === "" ? name : `${folder}/${name}`)),
  );
  const parts = loaded.filter((name) => !always.includes(name) && !read.includes(name));
  expect(grouped(parts)).toEqual(listed(ofMigrate));
});

/** How many parts of an executable a start opens, the runtime's own included. */
async function partsOf(place: Place, word: string, executable?: string): Promise<number> {
  const log = place.at("order");
  rmSync(log, { force: true });
  const env = { BUN_BYTECODE_ORDER_OUT: log };
  const options = executable === undefined ? { env } : { env, executable };
  expect((await place.rung([word], options)).status).toBe(0);
  return readFileSync(log, "utf8").match(/^M /gm)?.length ?? 0;
}

test("what is loaded together is one part of the executable", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  expect(await partsOf(place, "version")).toBe(3);
  expect(await partsOf(place, "migrate")).toBe(18);
  expect(await partsOf(place, "status")).toBe(10);
});

test("a bundle asks the file system for nothing that SQLite does not: `node:fs` has four parts", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") }, "made");
  await place.rung(["bundle", "--dir", "made", "--out", "app"]);
  const app = place.at("app");
  expect(await partsOf(place, "migrate", app)).toBe(15);
  expect(await partsOf(place, "migrate", app)).toBe(6);
  expect(await partsOf(place, "status", app)).toBe(6);
});
