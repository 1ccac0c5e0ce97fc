// Adopting a database that exists already: checked against what the migrations make, recorded without running.

import { expect, test } from "bun:test";
import { Place } from "../rung.ts";
import { done, drift, everything, refused, report, sql, states } from "./asking.ts";

const catalog = {
  "0001_users.sql": sql(
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);",
    "DROP TABLE users;",
  ),
  "0002_posts.sql": sql(
    "CREATE TABLE posts (id INTEGER PRIMARY KEY, user REFERENCES users);\nCREATE INDEX posts_user ON posts (user);",
    "DROP TABLE posts;",
  ),
  "0003_tags.sql": sql("CREATE TABLE tags (name TEXT);", "DROP TABLE tags;"),
};
const users = `create table "users" (id integer primary key, name text not null)`;
const posts = "CREATE TABLE posts(id INTEGER PRIMARY KEY, user REFERENCES users)";
const index = "CREATE INDEX posts_user ON posts(user)";
const row = "INSERT INTO users VALUES (1, 'Ada')";

/** What other tools leave in a database besides the schema that they were asked for. */
const builders: Readonly<Record<string, readonly string[]>> = {
  hand: [],
  dbmate: [
    `CREATE TABLE IF NOT EXISTS "schema_migrations" (version varchar(128) primary key)`,
    "INSERT INTO schema_migrations VALUES ('20240101000000'), ('20240102000000')",
  ],
  goose: [
    "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))",
    "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1), (2, 1)",
  ],
  knex: [
    "CREATE TABLE `knex_migrations` (`id` integer not null primary key autoincrement, `name` varchar(255), `batch` integer, `migration_time` datetime)",
    "CREATE TABLE `knex_migrations_lock` (`index` integer not null primary key autoincrement, `is_locked` integer)",
    "INSERT INTO knex_migrations_lock (is_locked) VALUES (0)",
  ],
  "golang-migrate": [
    "CREATE TABLE schema_migrations (version uint64, dirty bool)",
    "CREATE UNIQUE INDEX version_unique ON schema_migrations (version)",
  ],
};

for (const [tool, statements] of Object.entries(builders)) {
  test(`built by ${tool}: baseline 2, then migrate applies only the rest, and rollback undoes all of it`, async () => {
    using place = new Place();
    place.write(catalog);
    for (const statement of [...statements, users, posts, index, row]) place.execute(statement);
    expect(await done(place, "baseline 2 --dry-run")).toEqual([
      "would record 1 users as applied, without running it",
      "would record 2 posts as applied, without running it",
    ]);
    expect(place.query("SELECT name FROM sqlite_schema WHERE name GLOB 'rung_*'")).toEqual([]);
    expect(await done(place, "baseline 2")).toEqual([
      "recorded 1 users as applied, without running it",
      "recorded 2 posts as applied, without running it",
    ]);
    expect(await states(place)).toEqual(["1 applied", "2 applied", "3 pending"]);
    expect(await drift(place)).toEqual([]);
    expect(await done(place, "migrate --strict")).toEqual(["applied 3 tags"]);
    expect(place.query("SELECT name FROM users")).toEqual([{ name: "Ada" }]);
    place.write({}, "none");
    expect(await done(place, "rollback --to 0 --dir none")).toEqual([
      "rolled back 3 tags",
      "rolled back 2 posts",
      "rolled back 1 users",
    ]);
    expect(await done(place, "schema")).toEqual([]);
    expect(place.query("SELECT event, version FROM rung_log LIMIT 3")).toEqual([
      { event: "baseline", version: 1 },
      { event: "baseline", version: 2 },
      { event: "apply", version: 3 },
    ]);
  });
}

test("what differs is named object by object, and nothing is recorded; --force records all the same", async () => {
  using place = new Place();
  place.write(catalog);
  for (const statement of [
    users,
    posts.replace("user", "author"),
    "CREATE VIEW mine AS SELECT 1",
  ]) {
    place.execute(statement);
  }
  const { status, stderr } = await place.rung(["baseline", "2"]);
  expect([status, stderr.split("\n").slice(0, -2)]).toEqual([
    4,
    [
      "rung: The live schema is not what the migrations up to version 2 make. [history.not-baseline]",
      "  - index posts_user is gone",
      "  - table posts has changed",
      "  - view mine has been added",
    ],
  ]);
  expect(await report(place, "baseline 2 --dry-run")).toMatchObject({
    ok: false,
    error: { code: "history.not-baseline", losses: { length: 3 } },
  });
  expect(place.query("SELECT 1 FROM sqlite_schema WHERE name GLOB 'rung_*'")).toEqual([]);
  expect(await done(place, "baseline 2 --force")).toHaveLength(2);
  // Taken as it is: from here on it is what drift is held against.
  expect(await drift(place)).toEqual([]);
  expect(place.applied()).toEqual([1, 2]);
});

test("another order of columns is no obstacle", async () => {
  using place = new Place();
  place.write(catalog);
  place.execute("CREATE TABLE users (name TEXT NOT NULL, id INTEGER PRIMARY KEY)");
  expect(await done(place, "baseline 1")).toHaveLength(1);
  expect((await place.rung(["status"])).stdout).not.toContain("drift");
});

test("a database with a history is refused, forced or not, and stays as it was", async () => {
  using place = new Place();
  place.write(catalog);
  await done(place, "migrate --to 1");
  const before = everything(place);
  for (const words of ["baseline 1", "baseline 2 --force", "baseline 1 --dry-run"]) {
    const { status, code } = await refused(place, words);
    expect([status, code]).toEqual([4, "history.not-baseline"]);
  }
  expect(everything(place)).toBe(before);
  await done(place, "rollback");
  expect(await done(place, "migrate")).toHaveLength(3);
});

test("a missing file is an empty schema: refused where the migrations make one, and not created", async () => {
  using place = new Place();
  place.write({ "0001_users.sql": catalog["0001_users.sql"] }, "one");
  place.write({ "1_none.sql": sql("SELECT 1;", "SELECT 1;") }, "none");
  expect((await refused(place, "baseline 1 --dir one")).code).toBe("history.not-baseline");
  await done(place, "baseline 1 --dir none --dry-run");
  expect(place.list()).toEqual(["none", "one"]);
  expect(await done(place, "baseline 1 --dir none")).toHaveLength(1);
  expect(place.applied()).toEqual([1]);
});

test("migrations that fail on an empty database are named: there is nothing to compare with", async () => {
  using place = new Place();
  place.write({ ...catalog, "0002_posts.sql": sql("CREATE TABLE posts (id) nonsense;", "") });
  place.execute(users);
  const { status, code } = await refused(place, "baseline 3");
  expect([status, code]).toEqual([6, "step.failed"]);
  expect(await done(place, "baseline 1")).toHaveLength(1);
});

test("migrations outside any transaction in the middle are part of what the live schema is held against", async () => {
  using place = new Place();
  const vacuum = sql("VACUUM;\nPRAGMA journal_mode = WAL;", "SELECT 1;", "transaction:false");
  place.write({ ...catalog, "0002_vacuum.sql": vacuum });
  await Bun.file(place.at("migrations/0002_posts.sql")).delete();
  place.execute(users);
  place.execute("CREATE TABLE tags (name TEXT)");
  const shown = await done(place, "schema --at 3");
  expect(shown.filter((line) => line.startsWith("CREATE"))).toHaveLength(2);
  expect(await done(place, "baseline 3")).toHaveLength(3);
});

test("the embedded sample is not recorded in a database that is in use, forced or not", async () => {
  using place = new Place();
  place.execute(users);
  for (const words of ["baseline 2", "baseline 2 --force", "migrate"]) {
    const { status, code } = await refused(place, words);
    expect([status, code]).toEqual([3, "catalog.none-given"]);
  }
  expect(place.tables()).toEqual(["users"]);
});

test("TypeScript migrations are recorded by their files, and undone by them", async () => {
  using place = new Place();
  place.write({
    "1_code.ts": `export const up = (db) => db.exec("CREATE TABLE code (id)");\nexport const down = (db) => db.exec("DROP TABLE code");\n`,
  });
  place.execute("CREATE TABLE code (id)");
  await done(place, "baseline 1");
  expect(await states(place)).toEqual(["1 applied"]);
  expect(await done(place, "rollback")).toEqual(["rolled back 1 code"]);
  expect(place.tables()).toEqual([]);
});

test("by message and by --json, with the migrations that it recorded", async () => {
  using place = new Place();
  place.write(catalog);
  place.execute(users);
  const migrations = [{ version: 1, name: "users" }];
  const { replies } = await place.send([
    { type: "baseline", version: 1, dry_run: true, msg_id: 1 },
    { type: "baseline", version: 1, msg_id: 2 },
    { type: "baseline", version: 1, msg_id: 3 },
    { type: "baseline", msg_id: 4 },
  ]);
  expect(replies.slice(0, 2)).toEqual([
    { type: "baselined", in_reply_to: 1, count: 1, migrations, dry_run: true },
    { type: "baselined", in_reply_to: 2, count: 1, migrations },
  ]);
  expect(replies.slice(2).map((reply) => [reply["code"], reply["error"]])).toEqual([
    [22, "history.not-baseline"],
    [12, "usage.invalid-option"],
  ]);
});
