// Drift: what something else has changed in the schema is named, with both texts, wherever one looks.

import { expect, test } from "bun:test";
import { Place } from "../rung.ts";
import { done, drift, listOf, refused, report, sql, tables } from "./asking.ts";

const shop = sql(
  [
    "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT);",
    "CREATE INDEX item_name ON item (name);",
    "CREATE VIEW names AS SELECT name FROM item;",
    "CREATE TRIGGER keep AFTER DELETE ON item BEGIN SELECT 1; END;",
    "CREATE TABLE spare (id);",
  ].join("\n"),
  "DROP TABLE spare;\nDROP VIEW names;\nDROP TABLE item;",
);

async function shopkeeper(place: Place): Promise<void> {
  place.write({ "0001_shop.sql": shop });
  await done(place, "migrate");
}

for (const [by, found] of [
  ["CREATE INDEX hand ON item (id)", ["added index hand"]],
  ["CREATE UNIQUE INDEX hand ON item (name) WHERE name > ''", ["added index hand"]],
  ["CREATE TABLE hand (id)", ["added table hand"]],
  ["CREATE VIEW hand AS SELECT 1", ["added view hand"]],
  ["CREATE TRIGGER hand AFTER INSERT ON item BEGIN SELECT 2; END", ["added trigger hand"]],
  ["ALTER TABLE item ADD COLUMN hand", ["changed table item"]],
  ["ALTER TABLE item RENAME COLUMN id TO nr", ["changed table item"]],
  ["DROP TABLE spare", ["gone table spare"]],
  ["DROP INDEX item_name", ["gone index item_name"]],
  ["DROP VIEW names", ["gone view names"]],
  ["DROP TRIGGER keep", ["gone trigger keep"]],
  ["ALTER TABLE spare RENAME TO hand", ["added table hand", "gone table spare"]],
  ["DROP INDEX item_name; CREATE INDEX item_name ON item (id)", ["changed index item_name"]],
  ["DROP INDEX item_name; CREATE INDEX item_name ON spare (id)", ["changed index item_name"]],
  ["DROP VIEW names; CREATE VIEW names AS SELECT 'Name' FROM item", ["changed view names"]],
  ["DROP TABLE spare; CREATE VIEW spare AS SELECT 1", ["gone table spare", "added view spare"]],
  ["CREATE VIRTUAL TABLE hand USING fts5(word)", ["added table hand"]],
] as const) {
  test(`${by}: ${found.join(", ")}`, async () => {
    using place = new Place();
    await shopkeeper(place);
    expect(await drift(place)).toEqual([]);
    place.execute(by);
    expect(await drift(place)).toEqual([...found]);
    expect((await place.rung(["status", "--check"])).status).toBe(1);
    expect((await refused(place, "migrate --strict")).code).toBe("schema.drifted");
  });
}

test("status names each object with both texts, for people and for machines", async () => {
  using place = new Place();
  await shopkeeper(place);
  place.execute(
    "DROP VIEW names; ALTER TABLE spare ADD COLUMN hand; CREATE INDEX by_hand ON item (id)",
  );
  const { status, stdout } = await place.rung(["status"]);
  expect([status, stdout]).toEqual([
    0,
    expect.stringContaining(
      [
        "The schema has drifted: something else has changed it since the last migration.",
        "index by_hand has been added",
        "  is:",
        "  CREATE INDEX by_hand ON item (id)",
        "table spare has changed",
        "  was:",
        "  CREATE TABLE spare (id)",
        "  is:",
        "  CREATE TABLE spare (id, hand)",
        "view names is gone",
        "  was:",
        "  CREATE VIEW names AS SELECT name FROM item",
        "",
        "1 applied, drifted: rung.db\n",
      ].join("\n"),
    ),
  ]);
  const { replies } = await place.send([{ type: "status", detail: true, check: true }]);
  const told = listOf(replies[0], "drift");
  expect(told).toEqual(listOf(await report(place, "status"), "drift"));
  expect([replies[0]?.["sound"], told[1]]).toEqual([
    false,
    {
      kind: "changed",
      type: "table",
      name: "spare",
      before: "CREATE TABLE spare (id)",
      after: "CREATE TABLE spare (id, hand)",
      order_only: false,
    },
  ]);
});

test("migrate warns on standard error and goes on; --strict refuses before anything runs, exit 4", async () => {
  using place = new Place();
  await shopkeeper(place);
  place.execute("CREATE INDEX by_hand ON item (id)");
  place.write(tables(2, 2));
  const strict = await refused(place, "migrate --strict");
  expect([strict.status, strict.code]).toEqual([4, "schema.drifted"]);
  expect(strict.hint).toContain("rung repair --drift");
  expect(place.applied()).toEqual([1]);
  const { replies } = await place.send([{ type: "migrate", strict: true, msg_id: 1 }]);
  expect(replies[0]).toMatchObject({
    code: 22,
    error: "schema.drifted",
    losses: ["index by_hand has been added"],
  });
  const { status, stdout, stderr } = await place.rung(["migrate"]);
  expect([status, stdout]).toEqual([0, expect.stringContaining("applied 2 t2")]);
  expect(stderr).toContain("index by_hand has been added\n  is:\n  CREATE INDEX by_hand");
  expect(stderr).toContain("hint: accept it with rung repair --drift; --strict refuses it.");
  expect((await place.rung(["migrate"])).stderr).toBe(stderr);
});

test("what is put back by hand is no drift any more", async () => {
  using place = new Place();
  await shopkeeper(place);
  place.execute("DROP INDEX item_name");
  place.write(tables(2, 2));
  await place.rung(["migrate"]);
  expect(await drift(place)).toEqual(["gone index item_name"]);
  place.execute(`create index "item_name" on item(name)`);
  expect(await drift(place)).toEqual([]);
  expect(await done(place, "migrate --strict")).toHaveLength(1);
});

test("repair --drift shows, then accepts, and the log has it; there is nothing to accept a second time", async () => {
  using place = new Place();
  await shopkeeper(place);
  place.execute("CREATE INDEX by_hand ON item (id); DROP VIEW names");
  expect(await done(place, "repair --drift --dry-run")).toEqual([
    "would accept: index by_hand has been added",
    "would accept: view names is gone",
  ]);
  expect(await drift(place)).toHaveLength(2);
  expect(await done(place, "repair --drift")).toEqual([
    "accepted: index by_hand has been added",
    "accepted: view names is gone",
  ]);
  expect(await drift(place)).toEqual([]);
  expect(place.query("SELECT event, version, name FROM rung_log WHERE id > 1")).toEqual([
    { event: "accept drift", version: null, name: "added index by_hand" },
    { event: "accept drift", version: null, name: "gone view names" },
  ]);
  expect((await place.rung(["status", "--check"])).status).toBe(0);
  expect(await done(place, "repair --drift")).toEqual([
    "Nothing to accept: the schema has not drifted",
  ]);
  expect(place.query("SELECT event FROM rung_log")).toHaveLength(3);
});

test("another order of columns is a note: shown, and nothing fails", async () => {
  using place = new Place();
  await shopkeeper(place);
  place.execute("DROP TABLE spare; CREATE TABLE spare (a, b CHECK (b IN (1, 2)))");
  await done(place, "repair --drift");
  place.execute("DROP TABLE spare; CREATE TABLE spare (b CHECK (b IN (1, 2)), a)");
  const [found] = listOf(await report(place, "status"), "drift");
  expect(found).toMatchObject({ kind: "changed", name: "spare", order_only: true });
  const shown = await place.rung(["status", "--check"]);
  expect([shown.status, shown.stdout]).toEqual([
    0,
    expect.stringContaining("order of its columns only"),
  ]);
  expect(shown.stdout).not.toContain("drifted");
  const strict = await place.rung(["migrate", "--strict"]);
  expect([strict.status, strict.stderr]).toEqual([0, expect.stringContaining("harms nothing")]);
  place.execute("DROP TABLE spare; CREATE TABLE spare (b CHECK (b IN (2, 1)), a)");
  expect((await place.rung(["status", "--check"])).status).toBe(1);
});

test("the first migrate on a database that has tables already takes them as they are", async () => {
  using place = new Place();
  place.execute("CREATE TABLE mine (id); CREATE INDEX mine_id ON mine (id)");
  place.write(tables(1, 1));
  expect(await done(place, "migrate --strict")).toEqual(["applied 1 t1"]);
  expect(await drift(place)).toEqual([]);
  place.execute("DROP INDEX mine_id");
  expect(await drift(place)).toEqual(["gone index mine_id"]);
});
