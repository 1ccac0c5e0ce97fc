// What the guard must refuse of foreign keys: orphans by whatever way, missing parents, parents without a key.

import { describe, expect, test } from "bun:test";
import { cases, cRows, family } from "./keys.cases.ts";
import { attempt, attemptTs, execBody, expectApplied, expectRefused } from "./harness.ts";
import { Place } from "../rung.ts";

describe.each([
  ["SQL", attempt],
  ["TypeScript", (before: string, sql: string) => attemptTs(before, execBody(sql))],
] as const)("refused in %s", (_, run) => {
  test.each(cases)("%s", (_name, up, losses) => {
    expectRefused(run(family, up), "guard.foreign-keys", ...losses);
  });
});

test("a column added with a default that references nothing", () => {
  const before = `${family} INSERT INTO log VALUES (1), (2);`;
  const tried = attempt(before, "ALTER TABLE log ADD COLUMN p DEFAULT 9 REFERENCES p;");
  expectRefused(tried, "guard.foreign-keys", "log (p) = (9) has no match in p (2 rows)");
});

test("a table that can replace rows by its own constraints", () => {
  const before = `CREATE TABLE p (id INTEGER PRIMARY KEY, code UNIQUE ON /* by itself */ CONFLICT replace);
    INSERT INTO p VALUES (1, 'a'), (2, 'b');
    CREATE TABLE c (p REFERENCES p); INSERT INTO c VALUES (2);`;
  const loss = "c (p) = (2) has no match in p";
  expectRefused(attempt(before, "INSERT INTO p VALUES (3, 'b');"), "guard.foreign-keys", loss);
  const update = "UPDATE p SET code = 'b' WHERE id = 1;";
  expectRefused(attempt(before, update), "guard.foreign-keys", loss);
});

test("a reference in a generated column", () => {
  const before = `CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (2);
    CREATE TABLE c (a, b AS (a * 2) REFERENCES p); INSERT INTO c VALUES (1);`;
  const tried = attempt(before, "UPDATE c SET a = 5;");
  expectRefused(tried, "guard.foreign-keys", "c (b) = (10) has no match in p");
});

test("new orphans beside a mismatch, beside old orphans, and in a table without rowid", () => {
  const before = `CREATE TABLE p (id INTEGER PRIMARY KEY, code); INSERT INTO p VALUES (1, 'a');
    CREATE TABLE c (code REFERENCES p (code), p REFERENCES p); INSERT INTO c VALUES ('a', 1);
    CREATE TABLE w (k PRIMARY KEY, p REFERENCES p) WITHOUT ROWID;
    INSERT INTO w VALUES ('x', 1), ('old', 9);
    CREATE TABLE r (rowid, p REFERENCES p); INSERT INTO r VALUES ('x', 1), ('old', 9);`;
  const tried = attempt(
    before,
    "DELETE FROM p; DELETE FROM w WHERE k = 'old'; DELETE FROM r WHERE p = 9;",
  );
  const losses = ["c (p) = (1)", "w (p) = (1)", "r (p) = (1)"];
  expectRefused(tried, "guard.foreign-keys", ...losses);
});

test("many orphans are counted, not listed", () => {
  const before = `CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p);
    WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 1000) INSERT INTO p SELECT i FROM n;
    INSERT INTO c SELECT id FROM p;`;
  const { ran } = attempt(before, "DELETE FROM p WHERE id <= 500;");
  expect(ran.error?.losses).toHaveLength(6);
  expect(ran.error?.losses.at(-1)).toBe("c (p): 495 more rows have no match in p");
});

describe("foreign_keys:on", () => {
  test("cascades as asked", () => {
    const tried = attempt(family, "DELETE FROM d; DELETE FROM p WHERE id = 2;", "foreign_keys:on");
    expectApplied(tried);
    expect(tried.place.rows("SELECT n FROM c")).toEqual(["10", "30"]);
    const body = execBody("DELETE FROM p WHERE id = 2;");
    const typed = attemptTs(family, body, '{ foreign_keys: "on" }');
    expectApplied(typed);
    expect(typed.place.rows("SELECT n FROM c")).toEqual(["10", "30"]);
  });

  test("does not outlive its migration", () => {
    const { place } = attempt(family, "SELECT 1;", "foreign_keys:on");
    const ran = place.migrate({ "002_b.sql": "-- migrate:up\nDELETE FROM p WHERE id = 2;" });
    expect(ran.error?.losses).toEqual([cRows]);
  });

  test("still refuses what is left unsound", () => {
    const sql = "PRAGMA defer_foreign_keys = 1; INSERT INTO o VALUES (77);";
    const tried = attempt(family, sql, "foreign_keys:on");
    expectRefused(tried, "guard.foreign-keys", "o (id) = (77) has no match in p");
  });
});

test("what is known of keys from one commit to the next is true after a DROP, too", async () => {
  using place = new Place();
  place.write({
    "1_a.sql":
      "-- migrate:up\nCREATE TABLE a (id INTEGER PRIMARY KEY, x);\nCREATE INDEX last ON a (x);\n",
    "2_drop.sql": "-- migrate:up\nDROP INDEX last;\n",
    "3_b.sql": "-- migrate:up\nCREATE TABLE b (a REFERENCES nowhere);\n",
  });
  const { status, stderr } = await place.rung(["migrate", "--commit", "each"]);
  expect([status, place.applied()]).toEqual([6, [1, 2]]);
  expect(stderr).toContain("b (a) references nowhere, a table that does not exist");
});
