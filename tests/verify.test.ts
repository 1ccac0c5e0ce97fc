// verify: every down is tried on a scratch database, and whatever does not come back is named.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Place } from "./rung.ts";

function sql(up: string, down: string | null): string {
  return `-- migrate:up\n${up}\n${down === null ? "" : `-- migrate:down\n${down}\n`}`;
}

test("reversible, declared irreversible, and each way not to come back, told one by one", async () => {
  using place = new Place();
  place.write({
    "1_good.sql": sql("CREATE TABLE a (id); CREATE INDEX ai ON a (id);", "DROP TABLE a;"),
    "2_leaves.sql": sql("CREATE TABLE b (id); CREATE TABLE c (id);", "DROP TABLE b;"),
    "3_none.sql": sql("CREATE VIEW v AS SELECT id FROM a;", null),
    "4_broken.sql": sql("CREATE TABLE d (id);", "DROP TABLE nothing;"),
    "5_order.sql": sql("ALTER TABLE a ADD COLUMN x;", "ALTER TABLE a DROP COLUMN x;"),
    "6_ts.ts":
      'export function up(db) { db.exec("CREATE TABLE e (id)"); }\nexport function down(db) { db.exec("DROP TABLE e"); }\n',
  });
  const { status, stdout, stderr } = await place.rung(["verify"]);
  expect([status, stdout.split("\n")]).toEqual([
    6,
    [
      "1 good: reversible",
      "2 leaves: NOT undone",
      "  - table c has been added",
      "3 none: irreversible, as declared: it has no down",
      "4 broken: NOT undone: its down fails",
      "5 order: reversible",
      "6 ts: reversible",
      "",
    ],
  ]);
  expect(stderr).toContain("[verify.not-reversible]");
  expect(stderr).toContain("- 2 leaves is not undone: table c has been added");
  expect(place.list()).toEqual(["migrations"]);
});

test("a catalog whose downs all undo their ups: exit 0, on no database and beside a real one alike", async () => {
  using place = new Place();
  place.write({ "1_a.sql": sql("CREATE TABLE a (id);", "DROP TABLE a;") });
  expect((await place.rung(["verify"])).status).toBe(0);
  await place.rung(["migrate"]);
  const before = readFileSync(place.at("rung.db"));
  expect((await place.rung(["verify"])).status).toBe(0);
  expect(readFileSync(place.at("rung.db"))).toEqual(before);
});

test("what cannot be applied twice is named as itself, and nothing that stands on it is blamed", async () => {
  using place = new Place();
  place.write({
    "1_once.ts":
      'let n = 0;\nexport function up(db) {\n  if (n++ > 0) throw new Error("again");\n  db.exec("CREATE TABLE a (id)");\n}\nexport function down(db) { db.exec("DROP TABLE a"); }\n',
    "2_b.sql": sql("CREATE TABLE b (id);", "DROP TABLE b;"),
  });
  const { status, stdout } = await place.rung(["verify"]);
  expect([status, stdout]).toEqual([6, "1 once: NOT repeatable\n"]);
});

test("an up that fails ends it, with the place of the statement in the JSON", async () => {
  using place = new Place();
  place.write({
    "1_bad.sql": sql("CREATE TABLE a (id);\nnonsense;", "DROP TABLE a;"),
    "2_b.sql": sql("CREATE TABLE b (id);", "DROP TABLE b;"),
  });
  const { status, stdout } = await place.rung(["verify", "--json"]);
  expect([status, JSON.parse(stdout)]).toMatchObject([
    6,
    {
      count: 1,
      migrations: [{ version: 1, verdict: "up-fails", error: { code: "step.failed", line: 3 } }],
      error: { code: "verify.not-reversible" },
    },
  ]);
});
