// Rollback from any build: history keeps each down with its options, and that is what runs.

import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { Place, type Files } from "../rung.ts";
import { done, refused, sql, states, tables } from "./asking.ts";

async function migrated(place: Place, files: Files): Promise<void> {
  place.write(files);
  await done(place, "migrate");
}

test("migrated to 5 by one build, rolled back to 3 by an older build that knows only 3", async () => {
  using place = new Place();
  place.write(tables(1, 3), "older");
  await migrated(place, tables(1, 5));
  expect((await refused(place, "migrate --dir older")).code).toBe("history.ahead");
  expect((await refused(place, "redo --dir older")).code).toBe("history.ahead");
  expect(await done(place, "rollback --to 3 --dir older")).toEqual([
    "rolled back 5 t5",
    "rolled back 4 t4",
  ]);
  expect(place.tables()).toEqual(["t1", "t2", "t3"]);
  expect((await place.rung(["status", "--check", "--dir", "older"])).status).toBe(0);
  expect(await done(place, "migrate")).toEqual(["applied 4 t4", "applied 5 t5"]);
});

test("with no migrations at hand at all, the stock executable undoes everything", async () => {
  using place = new Place();
  await migrated(place, tables(1, 3));
  rmSync(place.at("migrations"), { recursive: true });
  expect((await refused(place, "migrate")).code).toBe("catalog.none-given");
  expect(await done(place, "rollback --to 0")).toHaveLength(3);
  expect(place.tables()).toEqual([]);
});

const edited =
  "-- migrate:up\nCREATE TABLE a (id);\n-- migrate:down\nDROP TABLE a;\nCREATE TABLE other (id);\n";

test("a down edited since: the recorded one runs, with a note; --down catalog chooses the other", async () => {
  using place = new Place();
  await migrated(place, { "1_a.sql": sql("CREATE TABLE a (id);", "DROP TABLE a;") });
  place.write({ "1_a.sql": edited });
  expect(await states(place)).toEqual(["1 applied"]);
  const { status, stdout, stderr } = await place.rung(["rollback"]);
  expect([status, stdout]).toEqual([0, expect.stringContaining("rolled back 1 a")]);
  expect(stderr).toBe(
    "note: The down in migrations/1_a.sql differs from the one recorded when it was applied, which is what runs.\n",
  );
  expect(place.tables()).toEqual([]);
  place.write({ "1_a.sql": sql("CREATE TABLE a (id);", "DROP TABLE a;") });
  await done(place, "migrate");
  place.write({ "1_a.sql": edited });
  expect(await done(place, "rollback --down catalog")).toEqual(["rolled back 1 a"]);
  expect(place.tables()).toEqual(["other"]);
});

for (const option of ["", "transaction:false"]) {
  test(`a recorded down that fails${option === "" ? "" : ` with ${option}`}: the hint names --down catalog, and that works`, async () => {
    using place = new Place();
    const broken = sql("CREATE TABLE a (id);", "DROP TABLE nowhere;", "", option);
    await migrated(place, { "1_a.sql": broken });
    expect((await refused(place, "rollback")).hint).not.toContain("--down");
    place.write({ "1_a.sql": edited });
    const ran = await place.rung(["rollback"]);
    expect([ran.status, place.applied()]).toEqual([6, [1]]);
    expect(ran.stderr).toContain("--down catalog");
    expect(ran.stderr).toContain("DROP TABLE nowhere");
    await done(place, "rollback --down catalog");
    expect(place.applied()).toEqual([]);
  });
}

test("a down that the file has by now, though none was recorded: the hint names --down catalog", async () => {
  using place = new Place();
  await migrated(place, { "1_a.sql": "-- migrate:up\nCREATE TABLE a (id);\n" });
  expect((await refused(place, "rollback")).hint).not.toContain("--down");
  place.write({ "1_a.sql": edited });
  const { status, code, hint } = await refused(place, "rollback");
  expect([status, code]).toEqual([4, "history.irreversible"]);
  expect(hint).toContain("--down catalog");
  await done(place, "rollback --down catalog");
  rmSync(place.at("migrations/1_a.sql"));
  await migrated(place, tables(2, 2));
  rmSync(place.at("migrations/0002_t2.sql"));
  expect((await refused(place, "rollback --down catalog")).code).toBe("history.irreversible");
});

test("a TypeScript down needs its file, and says so; with another file's it is not mistaken", async () => {
  using place = new Place();
  const code = (name: string): string =>
    `export const up = (db) => db.exec("CREATE TABLE ${name} (id)");\nexport const down = (db) => db.exec("DROP TABLE ${name}");\n`;
  place.write(tables(1, 1), "older");
  place.write({ "2_b.ts": code("t1") }, "stranger");
  await migrated(place, { ...tables(1, 1), "2_code.ts": code("made") });
  for (const dir of ["older", "stranger"]) {
    const { status, code, hint } = await refused(place, `rollback --dir ${dir}`);
    expect([status, code]).toEqual([4, "history.irreversible"]);
    expect(hint).toContain("that holds it");
    expect((await refused(place, `rollback --to 0 --dir ${dir}`)).code).toBe(code);
  }
  expect(place.tables()).toEqual(["made", "t1"]);
  place.write({ "2_code.ts": `// newer\n${code("made")}` });
  const { status, stderr } = await place.rung(["rollback"]);
  expect([status, stderr]).toEqual([
    0,
    "note: migrations/2_code.ts has changed since it was applied.\n",
  ]);
  expect(place.tables()).toEqual(["t1"]);
});

test("a TypeScript file under another name that holds the same is the same migration, and undoes it", async () => {
  using place = new Place();
  const code = `export const up = (db) => db.exec("CREATE TABLE x (id)");\nexport const down = (db) => db.exec("DROP TABLE x");\n`;
  await migrated(place, { "1_code.ts": code });
  place.write({ "1_better_name.ts": code }, "renamed");
  expect(await states(place, "--dir renamed")).toEqual(["1 applied"]);
  expect(await done(place, "rollback --dir renamed")).toEqual(["rolled back 1 code"]);
  expect(place.tables()).toEqual([]);
});

test("a split pair is kept and undone like any other, options of its first line included", async () => {
  using place = new Place();
  place.write({ "1_none.sql": sql("SELECT 1;", "SELECT 1;") }, "older");
  await migrated(place, {
    "1_none.sql": sql("SELECT 1;", "SELECT 1;"),
    "2_pair.up.sql": "CREATE TABLE pair (id);\n",
    "2_pair.down.sql": "-- migrate:down transaction:false\nDROP TABLE pair;\nVACUUM;\n",
  });
  expect(place.query("SELECT down FROM rung_history WHERE version = 2")).toEqual([
    { down: "-- migrate:down transaction:false\nDROP TABLE pair;\nVACUUM;\n" },
  ]);
  expect(await done(place, "rollback --dir older")).toEqual(["rolled back 2 pair"]);
  expect(place.tables()).toEqual([]);
});

test("what a down is allowed to lose is kept with it; without that word the guard refuses, and all stays", async () => {
  using place = new Place();
  place.write({}, "empty");
  const up = "CREATE TABLE a (id);\nINSERT INTO a VALUES (1), (2);";
  const shrink = "CREATE TABLE b (id);\nDROP TABLE a;\nALTER TABLE b RENAME TO a;";
  await migrated(place, {
    "1_strict.sql": sql(up, shrink),
    "2_loose.sql": sql(
      up.replaceAll(" a", " c"),
      shrink.replaceAll(" a", " c"),
      "",
      "allow:lost-rows",
    ),
  });
  expect(await done(place, "rollback --dir empty")).toEqual(["rolled back 2 loose"]);
  const { status, code } = await refused(place, "rollback --dir empty");
  expect([status, code]).toEqual([6, "guard.lost-rows"]);
  expect(place.query("SELECT count(*) AS n FROM a")).toEqual([{ n: 2 }]);
});

test("a note reaches --json and, by message, does no harm", async () => {
  using place = new Place();
  await migrated(place, { "1_a.sql": sql("CREATE TABLE a (id);", "DROP TABLE a;") });
  place.write({ "1_a.sql": edited });
  const { stdout } = await place.rung(["rollback", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ notes: [expect.stringContaining("differs")] });
  place.write({ "1_a.sql": sql("CREATE TABLE a (id);", "DROP TABLE a;") });
  await done(place, "migrate");
  place.write({ "1_a.sql": edited });
  const { replies } = await place.send([{ type: "rollback", msg_id: 1, down: "catalog" }]);
  expect(replies).toEqual([
    { type: "migration_rolled_back", in_reply_to: 1, version: 1, name: "a" },
  ]);
});
