// New: the next file, in the directory's own habit, and never over another one.

import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createMigration } from "../../src/migration/create.ts";
import { Place, type Files } from "../rung.ts";
import { done, report, tables } from "./asking.ts";

const files = (place: Place, directory = "migrations"): string[] =>
  readdirSync(place.at(directory)).sort();
const body = "-- migrate:up\nSELECT 1;\n";

for (const [habit, existing, words, made] of [
  ["nothing yet", {}, ["a"], ["0001_a.sql"]],
  ["a sequence", { "0007_x.sql": body }, ["a"], ["0008_a.sql"]],
  ["a gap", { "0001_x.sql": body, "0041_y.sql": body }, ["a"], ["0042_a.sql"]],
  ["numbers without zeros", { "9_x.sql": body }, ["a"], ["10_a.sql"]],
  ["three digits", { "099_x.sql": body }, ["a"], ["100_a.sql"]],
  ["digits that run out", { "99_x.sql": body }, ["a"], ["100_a.sql"]],
  ["split pairs", { "3_x.up.sql": "", "3_x.down.sql": "" }, ["a"], ["4_a.down.sql", "4_a.up.sql"]],
  [
    "split pairs before TypeScript",
    { "3_x.up.sql": "", "4_y.ts": "" },
    ["a"],
    ["5_a.down.sql", "5_a.up.sql"],
  ],
  ["pairs of old, sections of late", { "3_x.up.sql": "", "4_y.sql": body }, ["a"], ["5_a.sql"]],
  ["TypeScript as asked", { "3_x.up.sql": "" }, ["a", "--ts"], ["4_a.ts"]],
  ["files of others", { "1_x.sql": body, "notes.txt": "", "types.d.ts": "" }, ["a"], ["2_a.sql"]],
  ["a name with blanks", {}, ["  add  the users\tby name "], ["0001_add_the_users_by_name.sql"]],
  ["a name of other letters", {}, ["größe_名前-2"], ["0001_größe_名前-2.sql"]],
  ["a name that is a number", {}, ["2024"], ["0001_2024.sql"]],
] as const) {
  test(`new, with ${habit}: ${made.join(", ")}`, async () => {
    using place = new Place();
    const before: Files = existing;
    place.write(before);
    const { status, stdout } = await place.rung(["new", ...words]);
    expect([status, stdout.split("\n").slice(0, -1).sort()]).toEqual([
      0,
      made.map((file) => `migrations/${file}`),
    ]);
    const wanted = [...Object.keys(before), ...made].sort();
    expect(files(place)).toEqual(wanted);
    for (const [name, content] of Object.entries(before)) {
      expect(readFileSync(place.at("migrations", name), "utf8")).toBe(String(content));
    }
  });
}

for (const name of ["", " ", "a.b", "a/b", "../a", "a\\b", "a\u0007b", "a.sql", "a.up", "."]) {
  test(`new ${JSON.stringify(name)}: refused, and nothing is made`, async () => {
    using place = new Place();
    const { status, stderr } = await place.rung(["new", name]);
    expect([status, stderr]).toEqual([3, expect.stringContaining("[catalog.filename]")]);
    expect(place.list()).toEqual([]);
  });
}

test("new without a name, with two, or with options of others: exit 2", async () => {
  using place = new Place();
  for (const words of [["new"], ["new", "a", "b"], ["new", "a", "--steps", "1"]]) {
    expect((await place.rung(words)).status).toBe(2);
  }
  expect(place.list()).toEqual([]);
});

test("a timestamp where one is asked for, and from then on by habit; always above the last", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  const [first = ""] = await done(place, "new a --timestamp");
  expect(first).toMatch(/^migrations\/20\d{12}_a\.sql$/);
  const [second = ""] = await done(place, "new b");
  expect(second).toMatch(/^migrations\/20\d{12}_b\.sql$/);
  const version = (path: string): number => Number(/\d{14}/.exec(path)?.[0]);
  expect(version(second)).toBeGreaterThan(version(first));
});

const moment = new Date("2026-04-23T12:00:00Z");
const asked = { name: "x", isTypeScript: false, isTimestamp: false, date: moment };

test("two in one second, and a clock that went back: the version still grows by one", () => {
  using place = new Place();
  const directory = place.at("made");
  const next = (date: Date): string[] => {
    const made = createMigration({ ...asked, directory, date, isTimestamp: true });
    return made.ok ? made.value.map((path) => path.slice(directory.length + 1)) : [];
  };
  expect(next(moment)).toEqual(["20260423120000_x.sql"]);
  expect(next(moment)).toEqual(["20260423120001_x.sql"]);
  expect(next(new Date("2020-01-01T00:00:00Z"))).toEqual(["20260423120002_x.sql"]);
  expect(next(new Date("2026-12-31T23:59:59.999Z"))).toEqual(["20261231235959_x.sql"]);
});

test("it creates the directory, --dir and RUNG_DIR say which; what it makes can be migrated and undone", async () => {
  using place = new Place();
  expect(await done(place, "new one --dir db/deep")).toEqual(["db/deep/0001_one.sql"]);
  expect(readFileSync(place.at("db/deep/0001_one.sql"), "utf8")).toBe(
    "-- migrate:up\n\n-- migrate:down\n",
  );
  const env = { RUNG_DIR: "db/deep" };
  const second = await place.rung(["new", "two", "--ts"], { env });
  expect(second.stdout).toBe("db/deep/0002_two.ts\n");
  place.write({ "0003_pair.up.sql": "SELECT 1;", "0003_pair.down.sql": "SELECT 1;" }, "db/deep");
  expect(await done(place, "new four --dir db/deep")).toHaveLength(2);
  expect(await done(place, "migrate --dir db/deep")).toHaveLength(4);
  expect(await done(place, "redo --steps 4 --dir db/deep")).toHaveLength(8);
  expect(await report(place, "new five --dir db/deep")).toEqual({
    command: "new",
    ok: true,
    files: ["db/deep/0005_five.up.sql", "db/deep/0005_five.down.sql"],
  });
});

test("a directory that is none, is broken or may not be written is left as it is", async () => {
  using place = new Place();
  writeFileSync(place.at("migrations"), "mine");
  expect((await place.rung(["new", "a"])).status).toBe(3);
  expect(readFileSync(place.at("migrations"), "utf8")).toBe("mine");
  place.write({ "1_a.sql": body, "01_b.sql": body }, "twice");
  expect((await place.rung(["new", "a", "--dir", "twice"])).stderr).toContain(
    "catalog.duplicate-version",
  );
  expect(files(place, "twice")).toHaveLength(2);
  place.write({ [`${Number.MAX_SAFE_INTEGER}_last.sql`]: body }, "full");
  const { status, stderr } = await place.rung(["new", "a", "--dir", "full"]);
  expect([status, stderr]).toEqual([3, expect.stringContaining("version")]);
  expect(files(place, "full")).toHaveLength(1);
});
