// Our changes on top of somebody else's: theirs stay drift until they are accepted, ours never become it.

import { expect, test } from "bun:test";
import { Place } from "../rung.ts";
import { done, drift, sql, tables } from "./asking.ts";

const base = sql(
  "CREATE TABLE a (id INTEGER PRIMARY KEY, x);\nCREATE INDEX a_x ON a (x);\nCREATE TABLE b (id, y);\nINSERT INTO a VALUES (1, 2);",
  "DROP TABLE a;\nDROP TABLE b;",
);
const rebuild =
  "CREATE TABLE a2 (id INTEGER PRIMARY KEY, x, z);\nINSERT INTO a2 (id, x) SELECT id, x FROM a;\nDROP TABLE a;\nALTER TABLE a2 RENAME TO a;\nCREATE INDEX a_x ON a (x);";

async function onTop(place: Place, byHand: string, up: string, options = ""): Promise<void> {
  place.write({ "1_base.sql": base });
  await done(place, "migrate");
  place.execute(byHand);
  place.write({ "2_more.sql": sql(up, "SELECT 1;", options) });
  const { status, stderr } = await place.rung(["migrate"]);
  expect([status, stderr]).toEqual([0, expect.stringContaining("has drifted")]);
}

const index = "CREATE INDEX hand ON b (y)";
const column = "ALTER TABLE b ADD COLUMN hand";
for (const [what, byHand, up, left] of [
  ["a CREATE", index, "CREATE TABLE c (id);", ["added index hand"]],
  ["many CREATEs", index, "CREATE TABLE c (id);\nCREATE VIEW v AS SELECT 1;", ["added index hand"]],
  ["no change of schema", index, "INSERT INTO b VALUES (1, 2);", ["added index hand"]],
  ["a DROP", index, "DROP TABLE a;", ["added index hand"]],
  ["an ALTER of another table", index, "ALTER TABLE a ADD COLUMN z;", ["added index hand"]],
  ["an ALTER of its table", index, "ALTER TABLE b RENAME COLUMN y TO z;", ["added index hand"]],
  ["a rename of its table", index, "ALTER TABLE b RENAME TO c;", ["added index hand"]],
  ["a rebuild", index, rebuild, ["added index hand"]],
  [
    "an ALTER of the table with a column by hand",
    column,
    "ALTER TABLE b ADD COLUMN z;",
    ["changed table b"],
  ],
  [
    "a rename of that column",
    column,
    "ALTER TABLE b RENAME COLUMN hand TO z;",
    ["changed table b"],
  ],
  ["a rename of that table", column, "ALTER TABLE b RENAME TO c;", ["changed table c"]],
  [
    "a rename and more",
    column,
    "ALTER TABLE b RENAME TO c;\nALTER TABLE c ADD COLUMN z;",
    ["changed table c"],
  ],
  [
    "a rename of a table by hand",
    "CREATE TABLE h (id)",
    "ALTER TABLE h RENAME TO i;",
    ["added table i"],
  ],
  [
    "a rename that a view by hand follows",
    "CREATE VIEW h AS SELECT y FROM b",
    "ALTER TABLE b RENAME COLUMN y TO z;",
    ["added view h"],
  ],
  [
    "something else, with a view gone",
    "DROP INDEX a_x",
    "ALTER TABLE a ADD COLUMN z;",
    ["gone index a_x"],
  ],
] as const) {
  test(`drift outlives ${what}`, async () => {
    using place = new Place();
    await onTop(place, byHand, up);
    expect(await drift(place)).toEqual([...left]);
    expect((await place.rung(["status", "--check"])).status).toBe(1);
    await done(place, "repair --drift");
    expect(await drift(place)).toEqual([]);
  });
}

for (const [what, byHand, up] of [
  ["drops what was made by hand", index, "DROP INDEX hand;"],
  ["drops the table with the column by hand", column, "DROP TABLE b;"],
  ["drops the column by hand", column, "ALTER TABLE b DROP COLUMN hand;"],
  ["makes anew what was dropped by hand", "DROP INDEX a_x", "CREATE INDEX a_x ON a (x);"],
  ["rebuilds the table with the column by hand", "ALTER TABLE a ADD COLUMN hand", rebuild],
  [
    "drops a table by hand and makes another",
    "CREATE TABLE h (id)",
    "DROP TABLE h;\nCREATE TABLE i (nr);",
  ],
] as const) {
  test(`no drift is left where a migration ${what}`, async () => {
    using place = new Place();
    await onTop(place, byHand, up);
    expect(await drift(place)).toEqual([]);
    expect((await place.rung(["status", "--check"])).status).toBe(0);
  });
}

test("drift outlives a step outside any transaction", async () => {
  using place = new Place();
  await onTop(place, index, "CREATE TABLE c (id);\nVACUUM;\nDROP TABLE a;", "transaction:false");
  expect(await drift(place)).toEqual(["added index hand"]);
});

test("drift outlives several groups, each with a commit of its own, and a rollback of all of them", async () => {
  using place = new Place();
  place.write({ "1_base.sql": base });
  await done(place, "migrate");
  place.execute(index);
  place.write({
    ...tables(2, 3),
    "0004_alone.sql": sql(
      "CREATE TABLE k (id);",
      "DROP TABLE k;",
      "foreign_keys:on",
      "foreign_keys:on",
    ),
    "0005_outside.sql": sql(
      "ALTER TABLE k ADD COLUMN n;",
      "ALTER TABLE k DROP COLUMN n;",
      "transaction:false",
    ),
    ...tables(6, 6),
  });
  for (const words of [
    ["migrate", "--commit", "each"],
    ["rollback", "--to", "1"],
    ["migrate"],
    ["redo", "--steps", "5"],
  ]) {
    expect((await place.rung(words)).status).toBe(0);
    expect(await drift(place)).toEqual(["added index hand"]);
  }
});

test("drift that comes up while a TypeScript step runs is no less drift afterwards", async () => {
  using place = new Place();
  place.write({ "1_base.sql": base });
  await done(place, "migrate");
  place.execute(index);
  place.write({
    "2_code.ts": `export function up(db) { db.exec("CREATE TABLE c (id)"); db.exec("ALTER TABLE b RENAME COLUMN y TO z"); }\n`,
  });
  await place.rung(["migrate"]);
  expect(await drift(place)).toEqual(["added index hand"]);
});

test("late application, and the rollback of the middle, are no drift", async () => {
  using place = new Place();
  place.write({ ...tables(1, 1), ...tables(4, 4) });
  await done(place, "migrate");
  place.write({
    "0002_alter.sql": sql(
      "ALTER TABLE t1 ADD COLUMN x;\nCREATE INDEX t1_x ON t1 (x);",
      "DROP INDEX t1_x;\nALTER TABLE t1 DROP COLUMN x;",
    ),
    ...tables(3, 3),
  });
  await done(place, "migrate --allow-out-of-order --strict");
  expect(await drift(place)).toEqual([]);
  await done(place, "rollback --to 1");
  expect([await drift(place), place.tables()]).toEqual([[], ["t1"]]);
  await done(place, "migrate --strict");
  expect(await drift(place)).toEqual([]);
});

test("a migration that failed leaves no drift behind, nor the ones that were kept before it", async () => {
  using place = new Place();
  place.write({
    ...tables(1, 2),
    "0003_bad.sql": sql(
      "CREATE TABLE half (id);\nALTER TABLE t1 ADD COLUMN x;\nSELECT nothing;",
      "",
    ),
  });
  expect((await place.rung(["migrate"])).status).toBe(6);
  expect([await drift(place), place.applied()]).toEqual([[], [1, 2]]);
});
