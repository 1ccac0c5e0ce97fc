// What a migration can get wrong without meaning to: it is refused or told, never taken for done.

import { expect, test } from "bun:test";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { Place, table } from "./rung.ts";

async function codeOf(place: Place, ...words: string[]): Promise<[number | null, string]> {
  const { status, stderr } = await place.rung(words);
  const [, code = ""] = /\[([a-z.-]+)\]/.exec(stderr) ?? [];
  return [status, code];
}

for (const near of [
  "\n-- migrate down",
  "\n-- migration:down",
  "\n-- migrate : down",
  "\n--- migrate:down",
  " -- migrate:down",
]) {
  test(`${JSON.stringify(near)} looks like the missing marker: up and down never run in one`, async () => {
    using place = new Place();
    place.write({ "1_a.sql": `-- migrate:up\nCREATE TABLE a (id);${near}\nDROP TABLE a;\n` });
    expect(await codeOf(place, "migrate")).toEqual([3, "catalog.marker"]);
    expect(place.list()).toEqual(["migrations"]);
  });
}

for (const sql of [
  "CREATE TABLE a (x); CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM rung_history; END;",
  "CREATE TRIGGER t AFTER INSERT ON rung_history BEGIN SELECT 1; END;",
  'CREATE INDEX i ON "RUNG_history" (name);',
]) {
  test(`history is out of reach: ${sql}`, async () => {
    using place = new Place();
    place.write({ "1_a.sql": `-- migrate:up\n${sql}\n` });
    expect(await codeOf(place, "migrate")).toEqual([3, "catalog.forbidden"]);
  });
}

for (const [what, body, code] of [
  ["ends the process", "process.exit(0);", "step.threw"],
  ["binds undefined", 'db.run("INSERT INTO a VALUES (?)", undefined);', "step.threw"],
  ["binds NaN", 'db.run("INSERT INTO a VALUES (?)", NaN);', "step.threw"],
  ["binds an object", 'db.all("INSERT INTO a VALUES (?)", { id: 1 });', "step.threw"],
  ["writes by iterate", 'db.iterate("INSERT INTO a VALUES (1) RETURNING id");', "step.threw"],
  ["iterates over nonsense", 'db.iterate("nonsense");', "step.failed"],
] as const) {
  test(`a function that ${what} fails, and nothing of it stays`, async () => {
    using place = new Place();
    const up = `export function up(db) {\n  db.exec("CREATE TABLE a (id)");\n  ${body}\n}\n`;
    place.write({ "1_a.ts": up });
    expect(await codeOf(place, "migrate")).toEqual([6, code]);
    expect(place.tables()).toEqual([]);
  });
}

test("a generator has run nothing, and is no migration", async () => {
  using place = new Place();
  place.write({ "1_a.ts": 'export function* up(db) { db.exec("CREATE TABLE a (id)"); }\n' });
  expect(await codeOf(place, "migrate")).toEqual([6, "step.promise"]);
});

test("what fails after the function has returned is told in a line, and ends nothing", async () => {
  using place = new Place();
  const late = 'Promise.reject(new Error("too late"));';
  place.write({ "1_a.ts": `export function up(db) { db.exec("CREATE TABLE a (id)"); ${late} }\n` });
  const { status, stdout, stderr } = await place.rung(["migrate", "--json"]);
  expect([status, JSON.parse(stdout)]).toMatchObject([0, { ok: true, count: 1 }]);
  expect(stderr).toBe("rung: after it had returned, a migration failed: too late\n");
});

test("a database that cannot be where it is said to be: why, and exit 5", async () => {
  using place = new Place();
  place.write({ "1_a.sql": "-- migrate:up\nCREATE TABLE a (id);\n" });
  await place.rung(["migrate"]);
  for (const [path, why] of [
    ["rung.db/x.db", "is no folder"],
    ["nowhere/x.db", "there is no folder"],
    [`${"x".repeat(300)}.db`, "cannot be opened"],
  ] as const) {
    const { status, stderr } = await place.rung(["migrate", "--db", path]);
    expect([path, status, stderr]).toEqual([path, 5, expect.stringContaining(why)]);
  }
});

test("a database that cannot be looked at is never called up to date, though nothing is to be applied", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  place.write({}, "none");
  symlinkSync("itself.db", place.at("itself.db"));
  for (const words of [["migrate"], ["migrate", "--to", "0"], ["migrate", "--dir", "none"]]) {
    expect([words, await codeOf(place, ...words, "--db", "itself.db")]).toEqual([
      words,
      [5, "database.cannot-open"],
    ]);
  }
});

test("an empty file is as good as none", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  writeFileSync(place.at("rung.db"), "");
  expect(await codeOf(place, "migrate", "--to", "0")).toEqual([0, ""]);
  expect(readFileSync(place.at("rung.db"), "utf8")).toBe("");
  expect(await codeOf(place, "migrate")).toEqual([0, ""]);
  expect(place.applied()).toEqual([1]);
});
