// Redo: undone and applied again, or, as far as it can be taken back, as if nothing had been asked.

import { expect, test } from "bun:test";
import { Place } from "../rung.ts";
import { done, refused, sql, states, tables } from "./asking.ts";

const typescript = [
  `export function up(db) { db.exec("CREATE TABLE code (id)"); }`,
  `export function down(db) { db.exec("DROP TABLE code"); }`,
].join("\n");
const mixed = {
  ...tables(1, 1),
  "0002_code.ts": typescript,
  "0003_outside.sql": sql(
    "CREATE TABLE o (id);",
    "DROP TABLE o;",
    "transaction:false",
    "transaction:false",
  ),
  "0004_keys.sql": sql(
    "CREATE TABLE k (id);",
    "DROP TABLE k;",
    "foreign_keys:on",
    "foreign_keys:on",
  ),
};

test("redo undoes and applies the last one, redo --steps several, each with the file as it is now", async () => {
  using place = new Place();
  place.write(tables(1, 3));
  await done(place, "migrate");
  place.write({ "0003_t3.sql": sql("CREATE TABLE t3 (id, more);", "DROP TABLE t3;") });
  expect(await states(place)).toEqual(["1 applied", "2 applied", "3 changed"]);
  expect(await done(place, "redo")).toEqual(["rolled back 3 t3", "applied 3 t3"]);
  expect(place.query("SELECT more FROM t3")).toEqual([]);
  expect(await states(place)).toEqual(["1 applied", "2 applied", "3 applied"]);
  expect(await done(place, "redo --steps 2")).toEqual([
    "rolled back 3 t3",
    "rolled back 2 t2",
    "applied 2 t2",
    "applied 3 t3",
  ]);
  expect(place.applied()).toEqual([1, 2, 3]);
});

test("redo of SQL, TypeScript, transaction:false and foreign_keys:on together, in order and without drift", async () => {
  using place = new Place();
  place.write(mixed);
  await done(place, "migrate");
  expect(await done(place, "redo --steps 9")).toEqual([
    ...["4 keys", "3 outside", "2 code", "1 t1"].map((each) => `rolled back ${each}`),
    ...["1 t1", "2 code", "3 outside", "4 keys"].map((each) => `applied ${each}`),
  ]);
  expect(place.tables()).toEqual(["code", "k", "o", "t1"]);
  expect((await place.rung(["status", "--check"])).status).toBe(0);
});

test("redo follows the order of application, not of versions", async () => {
  using place = new Place();
  place.write({ ...tables(1, 1), ...tables(3, 3) });
  await done(place, "migrate");
  place.write(tables(2, 2));
  await done(place, "migrate --allow-out-of-order");
  expect(await done(place, "redo --steps 2")).toEqual([
    "rolled back 2 t2",
    "rolled back 3 t3",
    "applied 3 t3",
    "applied 2 t2",
  ]);
  expect(place.applied()).toEqual([1, 3, 2]);
});

test("a redo whose up fails undoes nothing: asked again, it is still about the same migration", async () => {
  using place = new Place();
  place.write(tables(1, 3));
  await done(place, "migrate");
  place.write({
    "0003_t3.sql": sql("CREATE TABLE t3 (id);\nCREATE TABLE t1 (id);", "DROP TABLE t3;"),
  });
  for (let time = 0; time < 2; time++) {
    const { status, code } = await refused(place, "redo --steps 2");
    expect([status, code]).toEqual([6, "step.failed"]);
    expect(place.applied()).toEqual([1, 2, 3]);
    expect(place.tables()).toEqual(["t1", "t2", "t3"]);
  }
  const { replies } = await place.send([{ type: "redo", steps: 2 }]);
  expect(replies[0]).toMatchObject({ changed: "nothing", applied: [], failed: { version: 3 } });
});

test("a redo that cannot be taken back as a whole says that rung migrate goes on, and it does", async () => {
  using place = new Place();
  const good = mixed["0004_keys.sql"];
  place.write(mixed);
  await done(place, "migrate");
  place.write({ "0004_keys.sql": good.replace("CREATE TABLE k", "CREATE TABLE t1") });
  const ran = await place.rung(["redo", "--steps", "2"]);
  expect([ran.status, ran.stderr]).toEqual([6, expect.stringContaining("rung migrate")]);
  expect(place.applied()).toEqual([1, 2, 3]);
  place.write({ "0004_keys.sql": good });
  expect(await done(place, "migrate")).toEqual(["applied 4 keys"]);
});

test("a redo whose down fails has done nothing", async () => {
  using place = new Place();
  place.write({
    ...tables(1, 2),
    "0003_bad.sql": sql("CREATE TABLE b (id);", "DROP TABLE nowhere;"),
  });
  await done(place, "migrate");
  expect((await refused(place, "redo --steps 3")).code).toBe("step.failed");
  expect(place.applied()).toEqual([1, 2, 3]);
  expect(place.tables()).toEqual(["b", "t1", "t2"]);
});

test("redo is refused before anything runs where a down is missing, a file is gone or a module doesn't load", async () => {
  using place = new Place();
  place.write({ "0001_a.sql": "-- migrate:up\nCREATE TABLE a (id);\n", ...tables(2, 3) });
  place.write({ "0002_t2.sql": "-- migrate:up\nCREATE TABLE t2 (id);\n" }, "edited");
  await done(place, "migrate");
  expect((await refused(place, "redo --steps 3")).code).toBe("history.irreversible");
  expect((await refused(place, "redo --dir edited")).code).toBe("history.ahead");
  using other = new Place();
  other.write(mixed);
  await done(other, "migrate");
  other.write({ "0002_code.ts": `throw new Error("not today");\n${typescript}` });
  const { status, code, text } = await refused(other, "redo --steps 3");
  expect([status, code]).toEqual([3, "catalog.module"]);
  expect(text).toContain("not today");
  expect([place.applied(), other.applied()]).toEqual([
    [1, 2, 3],
    [1, 2, 3, 4],
  ]);
});

test("redo with nothing applied: exit 4, and nothing is made", async () => {
  using place = new Place();
  place.write(tables(1, 1));
  const { status, code } = await refused(place, "redo");
  expect([status, code]).toEqual([4, "history.nothing-to-roll-back"]);
  expect(place.list()).toEqual(["migrations"]);
});

test("redo --dry-run shows both ways and does neither", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  await done(place, "migrate");
  const shown = await done(place, "redo --dry-run");
  expect(shown.filter((line) => line.startsWith("would"))).toEqual([
    "would roll back 2 t2 (migrations/0002_t2.sql (down, as recorded))",
    "would apply 2 t2 (migrations/0002_t2.sql)",
  ]);
  expect(place.query("SELECT count(*) AS n FROM rung_log")).toEqual([{ n: 2 }]);
});
