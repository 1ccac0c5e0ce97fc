// --ignore: objects of the schema that somebody else looks after are no drift, in no dump and not guarded.

import { expect, test } from "bun:test";
import { Place } from "../rung.ts";
import { done, refused, sql } from "./asking.ts";

const ignoring = "--ignore cache_*,Tmp?";

async function shared(place: Place): Promise<void> {
  place.write({ "1_a.sql": sql("CREATE TABLE a (id);", "DROP TABLE a;") });
  await done(place, "migrate");
  place.execute("CREATE TABLE cache_pages (id); CREATE TABLE tmp1 (id); CREATE TABLE tmp12 (id);");
}

test("what a glob names is no drift and in no dump; what it does not name still is", async () => {
  using place = new Place();
  await shared(place);
  const { stdout } = await place.rung(["status", ...ignoring.split(" ")]);
  expect(stdout).toContain("table tmp12 has been added");
  expect(stdout).not.toContain("cache_pages");
  expect(stdout).not.toContain("tmp1 ");
  expect(await done(place, `schema ${ignoring}`)).toEqual([
    "CREATE TABLE a (id);",
    "",
    "CREATE TABLE tmp12 (id);",
  ]);
  place.execute("DROP TABLE tmp12");
  const env = { RUNG_IGNORE: "cache_*,tmp?" };
  expect((await place.rung(["status", "--check"], { env })).status).toBe(0);
  expect((await place.rung(["status", "--check"])).status).toBe(1);
});

test("what a glob names is not guarded", async () => {
  using place = new Place();
  await shared(place);
  place.execute("INSERT INTO cache_pages VALUES (1)");
  const up = "DROP TABLE cache_pages; CREATE TABLE cache_pages (id);";
  place.write({ "2_b.sql": sql(up, "DROP TABLE cache_pages;") });
  expect((await refused(place, "migrate")).code).toBe("guard.lost-rows");
  expect(await done(place, `migrate ${ignoring}`)).toEqual(["applied 2 b"]);
});
