// What is no drift: housekeeping, another spelling of the same schema, and objects that are nobody's business.

import { expect, test } from "bun:test";
import { Place } from "../rung.ts";
import { done, drift, sql, tables } from "./asking.ts";

const spelled = sql(
  "CREATE TABLE item (id INTEGER PRIMARY KEY, \"key\" TEXT DEFAULT 'Aa', n INT CHECK (n > 0));\nCREATE INDEX item_n ON item (n);\nCREATE VIEW v AS SELECT n FROM item;",
  "DROP VIEW v;\nDROP TABLE item;",
);

for (const by of [
  "VACUUM",
  "ANALYZE",
  "INSERT INTO item (n) VALUES (1), (2); ANALYZE; REINDEX; VACUUM",
  "PRAGMA user_version = 7; PRAGMA application_id = 9",
  "PRAGMA journal_mode = WAL",
  "PRAGMA auto_vacuum = FULL; VACUUM",
  "DROP INDEX item_n; CREATE INDEX item_n ON item (n)",
  "DROP INDEX item_n; create index 'item_n' on [item] (`n`)",
  'DROP INDEX item_n; CREATE  INDEX/* why */"item_n"\n ON "item"\t("n") -- because',
  "DROP INDEX item_n; CREATE INDEX ITEM_N ON ITEM (N)",
  "DROP VIEW v; CREATE VIEW IF NOT EXISTS v as\nselect n from item",
  "ALTER TABLE item RENAME TO other; ALTER TABLE other RENAME TO item",
  "ALTER TABLE item RENAME COLUMN n TO m; ALTER TABLE item RENAME COLUMN m TO n",
  "ALTER TABLE item ADD COLUMN z; ALTER TABLE item DROP COLUMN z",
  "CREATE TABLE gone (id); DROP TABLE gone",
  "CREATE TABLE auto (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO auto DEFAULT VALUES; DROP TABLE auto",
]) {
  test(`no drift: ${by}`, async () => {
    using place = new Place();
    place.write({ "1_item.sql": spelled });
    await done(place, "migrate");
    for (const each of by.split("; ")) place.execute(each);
    expect(await drift(place)).toEqual([]);
    expect((await place.rung(["status", "--check"])).status).toBe(0);
    expect(await done(place, "migrate --strict")).toHaveLength(1);
  });
}

test("the text of a string is compared as it is written", async () => {
  using place = new Place();
  place.write({ "1_item.sql": sql("CREATE VIEW v AS SELECT 'Aa';", "DROP VIEW v;") });
  await done(place, "migrate");
  place.execute("DROP VIEW v");
  place.execute("CREATE VIEW v AS SELECT 'aa'");
  expect(await drift(place)).toEqual(["changed view v"]);
});

const others = [
  "rung_scratch",
  "_litestream_seq",
  "_cf_KV",
  "libsql_wasm_func_table",
  "schema_migrations",
  "goose_db_version",
  "_sqlx_migrations",
  "__drizzle_migrations",
  "d1_migrations",
  "knex_migrations",
  "knex_migrations_lock",
  "atlas_schema_revisions",
  "flyway_schema_history",
];

test("tables of replication and of other tools, with their indexes, are no drift, and in no dump", async () => {
  using place = new Place();
  place.write(tables(1, 1));
  await done(place, "migrate");
  const schema = await done(place, "schema");
  for (const name of others) {
    place.execute(`CREATE TABLE ${name} (id INTEGER PRIMARY KEY AUTOINCREMENT, version)`);
    place.execute(`CREATE UNIQUE INDEX unique_${name.replace(/^_+/, "")} ON ${name} (version)`);
  }
  expect(await drift(place)).toEqual([]);
  expect(await done(place, "schema")).toEqual(schema);
  for (const name of others) place.execute(`DROP TABLE ${name}`);
  expect(await drift(place)).toEqual([]);
});

for (const name of [
  "schema_migrations_of_mine",
  "schema_versions",
  "litestream",
  "cf_kv",
  "myrung_x",
]) {
  test(`a table named ${name} is the user's`, async () => {
    using place = new Place();
    place.write(tables(1, 1));
    await done(place, "migrate");
    place.execute(`CREATE TABLE ${name} (id)`);
    expect(await drift(place)).toEqual([`added table ${name}`]);
  });
}

test("the shadows of virtual tables come and go with them, whoever makes them", async () => {
  using place = new Place();
  place.write({
    "1_words.sql": sql("CREATE VIRTUAL TABLE words USING fts5(a, b);", "DROP TABLE words;"),
    "2_boxes.sql": sql("CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);", "DROP TABLE boxes;"),
    "3_old.sql": sql("CREATE VIRTUAL TABLE old USING fts3(a);", "DROP TABLE old;"),
    // FTS3 makes this one's table for statistics when it is first asked to merge, not before.
    "4_lazy.sql": sql("INSERT INTO old (old) VALUES ('automerge=4');", "SELECT 1;"),
    "5_rename.sql": sql("ALTER TABLE words RENAME TO terms;", "ALTER TABLE terms RENAME TO words;"),
  });
  await done(place, "migrate --commit each");
  expect(await drift(place)).toEqual([]);
  place.execute("INSERT INTO terms VALUES ('x', 'y'); INSERT INTO boxes VALUES (1, 2, 3)");
  expect(await drift(place)).toEqual([]);
  expect((await done(place, "schema")).filter((line) => line !== "")).toEqual([
    "CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);",
    "CREATE VIRTUAL TABLE old USING fts3(a);",
    "CREATE VIRTUAL TABLE terms USING fts5(a, b);",
  ]);
  place.execute("CREATE VIRTUAL TABLE hand USING fts5(a)");
  expect(await drift(place)).toEqual(["added table hand"]);
  place.execute("DROP TABLE hand");
  await done(place, "rollback --to 0");
  expect([await drift(place), place.tables()]).toEqual([[], []]);
});

for (const [way, fails] of [
  ["up", sql("INSERT INTO nowhere VALUES (1);", "SELECT 1;")],
  ["up", sql("DROP TABLE t1; DROP TABLE nowhere;", "SELECT 1;")],
  [
    "down",
    sql("CREATE TABLE t2 (id);", "DROP TABLE t2; CREATE TABLE t2 (id); DROP TABLE nowhere;"),
  ],
] as const) {
  test(`no drift: what was done before a step whose ${way} fails is kept: ${fails}`, async () => {
    using place = new Place();
    const last = way === "up" ? "0003_fails.sql" : "0001_fails.sql";
    place.write(
      way === "up" ? { ...tables(1, 2), [last]: fails } : { [last]: fails, ...tables(3, 4) },
    );
    const { status } = await place.rung(["migrate"]);
    expect(status).toBe(way === "up" ? 6 : 0);
    if (way === "down") expect((await place.rung(["rollback", "--to", "0"])).status).toBe(6);
    place.execute("VACUUM");
    expect(await drift(place)).toEqual([]);
  });
}
