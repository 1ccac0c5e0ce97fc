// Rebuilding a parent table: whoever depends on it keeps every row, every view and its reference.

import { describe, expect, test } from "bun:test";
import { families, routes, twelveSteps, type Family } from "./families.ts";
import {
  attempt,
  attemptTs,
  execBody,
  expectApplied,
  expectRefused,
  type Attempt,
  type Dump,
} from "./harness.ts";

function setup({ parent, columns, tail, rest }: Family): string {
  return `CREATE TABLE ${parent} (${columns}) ${tail}; ${rest}`;
}

/** The parts of a dump that a rebuild of the parent leaves alone. */
function others(dump: Dump, parent: string): Dump {
  const bare = parent.replace(/^main\./, "").replaceAll(/^["[`]|["\]`]$/g, "");
  const name = `table ${bare.replaceAll('""', '"').replaceAll("``", "`")}`;
  return Object.fromEntries(Object.entries(dump).filter(([key]) => key !== name));
}

function expectUnhurt(tried: Attempt, family: Family): void {
  expectApplied(tried);
  const { place, before, after } = tried;
  expect(others(after, family.parent)).toEqual(others(before, family.parent));
  expect(Object.keys(others(before, family.parent)).length).toBe(Object.keys(before).length - 1);
  expect(place.rows("PRAGMA foreign_key_check")).toEqual([]);
  const notes = place.rows(`SELECT count(*), count(note) FROM ${family.parent}`);
  const [[all = "", noted = ""] = []] = notes.map((row) => row.split("|"));
  expect(noted).toBe(all);
  expect(Number(all)).toBeGreaterThan(1);
}

describe.each(families)("a parent with $name", (family) => {
  test.each(routes)("in SQL: $name", (route) => {
    expectUnhurt(attempt(setup(family), route.sql(family)), family);
  });
  test("in TypeScript", () => {
    expectUnhurt(attemptTs(setup(family), execBody(twelveSteps.sql(family))), family);
  });
});

const away = `ALTER TABLE parent RENAME TO parent_old;
  CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE, note TEXT);
  INSERT INTO parent SELECT *, 'n' FROM parent_old;
  DROP TABLE parent_old;`;
const parent = "CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE);";
const filled = `${parent} INSERT INTO parent VALUES (1, 'a'), (2, 'b');`;

describe("renaming the old table away", () => {
  test("applies where nothing follows the old name", () => {
    const tried = attempt(filled, away);
    expectApplied(tried);
    expect(tried.place.rows("SELECT * FROM parent")).toEqual(["1|a|n", "2|b|n"]);
  });

  // SQLite re-points children and views to the table that is renamed, and then it is dropped under them.
  for (const [way, run] of [
    ["SQL", attempt],
    ["TypeScript", (before: string, sql: string) => attemptTs(before, execBody(sql))],
  ] as const) {
    test(`is refused in ${way} where children and views follow it`, () => {
      const child = "CREATE TABLE child (p REFERENCES parent ON DELETE CASCADE);";
      const before = `${filled} ${child} INSERT INTO child VALUES (1);
        CREATE VIEW shown AS SELECT code FROM parent;`;
      const tried = run(before, away);
      expectRefused(
        tried,
        "guard.lost-objects",
        "view shown does not compile",
        "child (p) references parent_old, a table that does not exist",
      );
    });
  }
});

describe("a table made anew from a query", () => {
  const made = `CREATE TEMP TABLE kept AS SELECT * FROM parent; DROP TABLE parent;
    CREATE TABLE parent AS SELECT *, 'n' AS note FROM temp.kept;`;
  const child = "CREATE TABLE child (p REFERENCES parent (id)); INSERT INTO child VALUES (1);";

  test("applies where nothing references it", () => {
    expectApplied(attempt(filled, made));
  });

  test("is refused where a child loses the key that it references", () => {
    expectRefused(
      attempt(`${filled} ${child}`, made),
      "guard.foreign-keys",
      "child (p) references",
    );
  });

  test("applies where the key is made anew, too", () => {
    const tried = attempt(`${filled} ${child}`, `${made} CREATE UNIQUE INDEX k ON parent (id);`);
    expectApplied(tried);
    expect(tried.after["table child"]).toEqual(tried.before["table child"]);
  });
});

describe("a new table that mentions itself by its first name", () => {
  const sql = `CREATE TABLE n (id INTEGER PRIMARY KEY, up REFERENCES n (id), CHECK (n.id > 0));
    INSERT INTO n SELECT id, NULL FROM parent; DROP TABLE parent; ALTER TABLE n RENAME TO parent;`;

  test("is followed by the rename", () => {
    const tried = attempt(filled, sql);
    expectApplied(tried);
    expect(tried.place.rows("PRAGMA foreign_key_list(parent)").join()).toContain("|parent|");
  });

  test("fails, and changes nothing, where a view names the old table", () => {
    const { ran, before, after } = attempt(
      `${filled} CREATE VIEW v AS SELECT id FROM parent;`,
      sql,
    );
    expect(ran.error?.code ?? "applied").toBe("step.failed");
    expect(after).toEqual(before);
  });
});
