// Start-up hygiene: which source files a command loads. A list, not a time: it grows only on purpose.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
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
  `app called facts failure input/argv input/environment input/location input/options main nearest
  platform/house platform/memory platform/signals platform/stdio process world`.split(/\s+/);

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

/** By folder. Of the database all is one unit yet, so that more is loaded than is needed. */
const ofStatus: Readonly<Record<string, string>> = {
  "": "command invoke job perform shorten",
  database:
    "backup callsite compile contents copies copy counts driver errors facts file filework function guard handle history horizon live objects open outside restore schema scope seed shape sqlite users violations watch watch-keys watch-objects watch-rows",
  input: "asked",
  migration:
    "catalog checksum cursor directory embedded embedded.gen filename forbidden migration options sections source statements tokens touch",
  plan: "candidates conflict contents draft history schema shape status",
  platform: "hash imports",
  report: "files status style tally text",
};

test("status loads what reads migrations and history: a list that grows only on purpose", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  await place.rung(["migrate"]);
  const loaded = await loadedBy(place, "status");
  const parts = loaded.filter((name) => !always.includes(name));
  expect(grouped(parts)).toEqual(
    new Map(Object.entries(ofStatus).map(([folder, names]) => [folder, names.split(" ")])),
  );
});
