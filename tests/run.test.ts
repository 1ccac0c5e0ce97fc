// What a run promises: each migration wholly there and recorded, or wholly absent, in any company and any place.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { executable, json, notRunHere, Place, table } from "./rung.ts";

const five = {
  "1_a.sql": table("a"),
  "2_b.sql": table("b"),
  "3_c.sql": [
    "-- migrate:up",
    "CREATE TABLE c (id INTEGER PRIMARY KEY);",
    "",
    "  INSERT INTO c (id, nme) VALUES (1, 'x');",
    "CREATE TABLE c_more (id);",
    "-- migrate:down",
    "DROP TABLE c;",
    "",
  ].join("\n"),
  "4_d.sql": table("d"),
  "5_e.sql": table("e"),
};
const mended = { "3_c.sql": five["3_c.sql"].replace("id, nme", "id").replace("1, 'x'", "1") };

const states = async (place: Place): Promise<unknown> => {
  const { replies } = await place.send([{ type: "status", detail: true }]);
  const migrations = replies[0]?.["migrations"];
  if (!Array.isArray(migrations)) throw new Error("The status has no migrations.");
  const rows: readonly Readonly<Record<string, unknown>>[] = migrations;
  return rows.map((row) => row["state"]);
};

test("the third of five fails in its second statement: exit 6, two applied, three untouched; mended, it goes on", async () => {
  using place = new Place();
  place.write(five);
  const first = await place.rung(["migrate"]);
  expect(first.stderr).toBe(
    "rung: migrations/3_c.sql:4:3: Migration 3 c failed: table c has no column named nme. [step.failed]\n" +
      "  INSERT INTO c (id, nme) VALUES (1, 'x')\n" +
      "hint: Mend the statement and run the command again.\n",
  );
  expect(first.stdout.replace(/\(\d+ ms\)/g, "(T)")).toBe("applied 1 a (T)\napplied 2 b (T)\n");
  expect(first.status).toBe(6);
  expect(place.tables()).toEqual(["a", "b"]);
  expect(place.applied()).toEqual([1, 2]);
  expect(await states(place)).toEqual(["applied", "applied", "pending", "pending", "pending"]);
  expect(place.query("SELECT version FROM rung_log")).toEqual([{ version: 1 }, { version: 2 }]);

  // Nothing has been left behind that changes what a second try comes to.
  const second = await place.rung(["migrate"]);
  expect([second.status, second.stdout]).toEqual([6, ""]);
  expect(second.stderr).toBe(first.stderr);
  expect(place.list()).toEqual(["migrations", "rung.db"]);

  place.write(mended);
  const third = await place.rung(["migrate"]);
  expect(third.stdout.replace(/\(\d+ ms\)/g, "(T)")).toBe(
    "applied 3 c (T)\napplied 4 d (T)\napplied 5 e (T)\n",
  );
  expect([third.status, third.stderr]).toEqual([0, ""]);
  expect(place.tables()).toEqual(["a", "b", "c", "c_more", "d", "e"]);
  expect(place.applied()).toEqual([1, 2, 3, 4, 5]);
});

test("the same by message: applied and failed, then a count of three", async () => {
  using place = new Place();
  place.write(five);
  const { replies } = await place.send([{ type: "migrate", msg_id: 1 }]);
  expect(replies[0]).toMatchObject({
    type: "error",
    in_reply_to: 1,
    code: 14,
    error: "step.failed",
    changed: "some",
    file: "migrations/3_c.sql",
    line: 4,
    column: 3,
    applied: [
      { version: 1, name: "a", status: "applied" },
      { version: 2, name: "b", status: "applied" },
    ],
    failed: { version: 3, name: "c" },
  });
  place.write(mended);
  const again = await place.send([{ type: "migrate", msg_id: 2 }]);
  expect(again.replies[0]).toMatchObject({ in_reply_to: 2, count: 3 });
});

for (const commit of ["group", "each"]) {
  test(`--commit ${commit} keeps what came before the failure`, async () => {
    using place = new Place();
    place.write(five);
    expect((await place.rung(["migrate", "--commit", commit])).status).toBe(6);
    expect(place.applied()).toEqual([1, 2]);
    expect(place.tables()).toEqual(["a", "b"]);
  });
}

test("--commit all keeps nothing, and says so", async () => {
  using place = new Place();
  place.write(five);
  const { status, stdout } = await place.rung(["migrate", "--commit", "all", "--json"]);
  expect(status).toBe(6);
  expect(json(stdout)).toMatchObject({
    count: 0,
    migrations: [],
    failed: { version: 3, name: "c" },
    error: { changed: "nothing" },
  });
  expect(place.tables()).toEqual([]);
  expect(await states(place)).toEqual(Array(5).fill("pending"));
  place.write(mended);
  expect((await place.rung(["migrate", "--commit", "all"])).status).toBe(0);
  expect(place.applied()).toEqual([1, 2, 3, 4, 5]);
});

test("data that a failed migration changed is as it was", async () => {
  using place = new Place();
  place.execute(
    "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2); CREATE INDEX t_n ON t (n)",
  );
  const schema =
    "SELECT type, name, sql FROM sqlite_schema WHERE name NOT GLOB 'rung_*' ORDER BY name";
  const before = place.query(schema);
  place.write({
    "1_all.sql": [
      "-- migrate:up",
      "UPDATE t SET n = n + 10;",
      "DELETE FROM t WHERE n = 11;",
      "DROP INDEX t_n;",
      "ALTER TABLE t RENAME TO u;",
      "CREATE TABLE t (other);",
      "INSERT INTO nowhere VALUES (1);",
    ].join("\n"),
  });
  expect((await place.rung(["migrate"])).status).toBe(6);
  expect(place.query(schema)).toEqual(before);
  expect(place.query("SELECT n FROM t ORDER BY n")).toEqual([{ n: 1 }, { n: 2 }]);
});

test("a failure that makes SQLite give up its whole transaction leaves the earlier migrations applied", async () => {
  using place = new Place();
  place.write({
    "1_a.sql": table("a"),
    "2_b.sql":
      "-- migrate:up\nCREATE TABLE b (id INTEGER PRIMARY KEY);\nINSERT INTO b VALUES (1);\nINSERT OR ROLLBACK INTO b VALUES (1);\n",
    "3_c.sql": table("c"),
  });
  const { status, stderr } = await place.rung(["migrate"]);
  expect(status).toBe(6);
  expect(stderr).toContain("migrations/2_b.sql:4:1: Migration 2 b failed: ");
  expect(place.applied()).toEqual([1]);
  expect(place.tables()).toEqual(["a"]);
});

test("a migration that breaks a foreign key is rolled back: exit 6, code 14", async () => {
  using place = new Place();
  place.write({
    "1_a.sql":
      "-- migrate:up\nCREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE k (p REFERENCES p (id));\nINSERT INTO p VALUES (1);\nINSERT INTO k VALUES (1);\n",
    "2_b.sql": "-- migrate:up\nDELETE FROM p;\n",
  });
  const { status, stderr } = await place.rung(["migrate"]);
  expect(status).toBe(6);
  expect(stderr).toContain("[guard.foreign-keys]");
  expect(place.applied()).toEqual([1]);
  expect(place.query("SELECT count(*) AS n FROM p")).toEqual([{ n: 1 }]);
  const { stdout } = await place.rung([`{"type":"migrate","msg_id":1}`]);
  expect(json(stdout)).toMatchObject({ code: 14, failed: { version: 2, name: "b" } });
});

test("foreign keys are off while a migration runs: rebuilding a parent table keeps the children", async () => {
  using place = new Place();
  place.write({
    "1_a.sql":
      "-- migrate:up\nCREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE k (p REFERENCES p (id) ON DELETE CASCADE);\nINSERT INTO p VALUES (1);\nINSERT INTO k VALUES (1);\n",
    "2_b.sql":
      "-- migrate:up\nCREATE TABLE p_new (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO p_new (id) SELECT id FROM p;\nDROP TABLE p;\nALTER TABLE p_new RENAME TO p;\n",
  });
  expect((await place.rung(["migrate"])).stderr).toBe("");
  expect(place.query("SELECT p FROM k")).toEqual([{ p: 1 }]);
});

for (const commit of ["group", "each", "all"]) {
  test(`--commit ${commit}: a migration that reads our tables finds the ones before it there`, async () => {
    using place = new Place();
    place.write({
      "1_a.sql": table("a"),
      "2_copied.sql": "-- migrate:up\nCREATE TABLE copied AS SELECT version FROM RUNG_history;",
      "3_counted.ts": `export const up = (db) => db.exec("CREATE TABLE counted AS SELECT count(*) AS n FROM rung_log");\n`,
      "4_view.sql": "-- migrate:up\nCREATE VIEW done AS SELECT version FROM rung_history;",
      "5_b.sql": table("b"),
      "6_viewed.sql":
        "-- migrate:up\nCREATE TABLE viewed AS SELECT max(version) AS last FROM done;",
    });
    expect((await place.rung(["migrate", "--commit", commit])).stderr).toBe("");
    expect(place.query("SELECT version FROM copied")).toEqual([{ version: 1 }]);
    expect(place.query("SELECT n FROM counted")).toEqual([{ n: 2 }]);
    expect(place.query("SELECT last FROM viewed")).toEqual([{ last: 5 }]);
  });
}

for (const count of [2, 4]) {
  test(`${count} processes at once on one new file: all exit 0, and each migration ran once`, async () => {
    for (let round = 0; round < 3; round++) {
      using place = new Place();
      place.write({
        "1_a.sql": table("a"),
        "2_b.sql":
          "-- migrate:up\nCREATE TABLE b (n INTEGER);\nINSERT INTO b VALUES (1);\n-- migrate:down\nDROP TABLE b;\n",
        "3_c.ts": `export const up = (db: { exec(sql: string): void }) => db.exec("CREATE TABLE c (id)");\n`,
        "4_d.sql": table("d"),
      });
      const all = await Promise.all(
        Array.from({ length: count }, () => place.rung(["migrate", "--json"])),
      );
      let applied = 0;
      for (const { status, stdout, stderr } of all) {
        expect([status, stderr]).toEqual([0, ""]);
        applied += Number(json(stdout)["count"]);
      }
      expect(applied).toBe(4);
      expect(place.applied()).toEqual([1, 2, 3, 4]);
      expect(place.query("SELECT version FROM rung_log ORDER BY id")).toEqual(
        [1, 2, 3, 4].map((version) => ({ version })),
      );
      expect(place.query("SELECT n FROM b")).toEqual([{ n: 1 }]);
    }
  });
}

test("processes at once, some by message and one transaction apiece: each migration ran once", async () => {
  using place = new Place();
  const names = Array.from({ length: 12 }, (_, index) => `t${index + 1}`);
  place.write(
    Object.fromEntries(names.map((name, index) => [`${index + 1}_${name}.sql`, table(name)])),
  );
  const all = await Promise.all([
    place.rung(["migrate", "--commit", "each"]),
    place.rung([`{"type":"migrate","commit":"each","lock_timeout":"30s"}`]),
    place.rung(["migrate", "--commit", "each"]),
  ]);
  for (const { status, stderr } of all) expect([status, stderr]).toEqual([0, ""]);
  expect(place.applied()).toEqual(names.map((_, index) => index + 1));
  expect(place.query("SELECT count(*) AS n FROM rung_log")).toEqual([{ n: names.length }]);
});

test("two rollbacks at once undo two different migrations", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b"), "3_c.sql": table("c") });
  await place.rung(["migrate"]);
  const both = await Promise.all([place.rung(["rollback"]), place.rung(["rollback"])]);
  for (const { status, stderr } of both) expect([status, stderr]).toEqual([0, ""]);
  expect(both.map(({ stdout }) => stdout.slice(0, "rolled back 3 c".length)).sort()).toEqual([
    "rolled back 2 b",
    "rolled back 3 c",
  ]);
  expect(place.applied()).toEqual([1]);
  expect(place.tables()).toEqual(["a"]);
});

test("a database in WAL mode stays in it", async () => {
  using place = new Place();
  place.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (id)");
  place.write({ "1_a.sql": table("a") });
  using other = new Database(place.at("rung.db"));
  other.query("SELECT * FROM t").all();
  expect(await place.rung(["migrate"])).toMatchObject({ status: 0, stderr: "" });
  expect(await place.rung(["rollback"])).toMatchObject({ status: 0, stderr: "" });
  expect(other.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
});

test("a hundred migrations go up and down again, and leave nothing but the trail", async () => {
  using place = new Place();
  const versions = Array.from({ length: 100 }, (_, index) => index + 1);
  place.write(
    Object.fromEntries(versions.map((version) => [`${version}_t.sql`, table(`t${version}`)])),
  );
  expect((await place.rung(["migrate"])).status).toBe(0);
  expect(place.applied()).toEqual(versions);
  const { status, replies } = await place.send(versions.map(() => ({ type: "rollback" })));
  expect(status).toBe(0);
  expect(replies.map((each) => each["version"])).toEqual(versions.toReversed());
  expect(place.tables()).toEqual([]);
  expect(place.query("SELECT count(*) AS n FROM rung_log")).toEqual([{ n: 200 }]);
});

test("statements that give rows, pragmas and triggers run like any other", async () => {
  using place = new Place();
  place.write({
    "1_a.sql": [
      "-- migrate:up",
      "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, CHECK (n <> 3));",
      "SELECT 1;",
      "PRAGMA user_version = 3;",
      "INSERT INTO a (n) VALUES (1), (2) RETURNING id;",
      "WITH RECURSIVE c(x) AS (VALUES (10) UNION ALL SELECT x + 1 FROM c WHERE x < 20) INSERT INTO a (n) SELECT x FROM c;",
      "CREATE TRIGGER a_log AFTER DELETE ON a WHEN old.n > 1 BEGIN",
      "  INSERT INTO a (n) VALUES (CASE WHEN old.n = 2 THEN 100 ELSE 200 END);",
      "END;",
      "DELETE FROM a WHERE n = 2;",
      "EXPLAIN SELECT * FROM a;",
      "ANALYZE;",
    ].join("\n"),
  });
  expect((await place.rung(["migrate"])).stderr).toBe("");
  expect(place.query("SELECT count(*) AS n, max(n) AS most FROM a")).toEqual([
    { n: 13, most: 100 },
  ]);
  expect(place.query("PRAGMA user_version")).toEqual([{ user_version: 3 }]);
});

test("the history's own tables say what they promise", async () => {
  using place = new Place();
  await place.rung(["migrate"], { env: { USER: "ada" } });
  const [first, second] = place.query("SELECT * FROM rung_history ORDER BY version");
  expect(first).toMatchObject({
    version: 1,
    name: "create_users",
    kind: "sql",
    state: "applied",
    seq: 1,
    down: "-- migrate:down\nDROP TABLE users;\n",
    checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    applied_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    duration_ms: expect.any(Number),
    applied_by: expect.stringMatching(/^ada@.+/),
  });
  expect(second).toMatchObject({ version: 2, kind: "typescript", seq: 2, down: null });
  const strict = place.query(
    "SELECT name FROM pragma_table_list WHERE strict AND name = 'rung_history'",
  );
  expect(strict).toHaveLength(1);
});

test("a history of a later format that this build cannot know is refused, not guessed at", async () => {
  using place = new Place();
  await place.rung(["migrate"]);
  place.execute("UPDATE rung_format SET format = 9");
  expect((await place.rung(["status"])).status).toBe(0);
  place.execute("UPDATE rung_format SET oldest = 9");
  for (const command of ["migrate", "rollback", "status"]) {
    const { status, stderr } = await place.rung([command]);
    expect(status).toBe(4);
    expect(stderr).toContain("[history.format]");
  }
});

const sqlite3 = Bun.which("sqlite3");
const readable = "the tables and the history are plain to read with the sqlite3 shell";
if (sqlite3 === null) {
  notRunHere(readable, "no sqlite3");
} else {
  test(readable, async () => {
    using place = new Place();
    await place.rung(["migrate"]);
    await place.rung(["rollback"]);
    const ask = (sql: string): string =>
      Bun.spawnSync([sqlite3, "rung.db", sql], { cwd: place.path, env: {} }).stdout.toString();
    expect(ask("SELECT version, name, state, kind FROM rung_history")).toBe(
      "1|create_users|applied|sql\n",
    );
    expect(ask("SELECT event, version, name FROM rung_log")).toBe(
      "apply|1|create_users\napply|2|add_posts_table\nrollback|2|add_posts_table\n",
    );
    expect(
      ask(".tables")
        .split(/\s+/)
        .filter((name) => name !== ""),
    ).toEqual(["rung_format", "rung_history", "rung_log", "rung_schema", "users"]);
    expect(ask("PRAGMA integrity_check")).toBe("ok\n");
  });
}

test("it runs alone: an empty environment, no PATH, and nothing beside the executable", async () => {
  using place = new Place();
  mkdirSync(place.at("bin"));
  mkdirSync(place.at("work", "migrations"), { recursive: true });
  copyFileSync(executable, place.at("bin", "rung"));
  place.write(
    {
      "1_a.sql": table("a"),
      "2_b.ts": `export const up = (db: { exec(sql: string): void }) => db.exec("CREATE TABLE b (id)");\n`,
    },
    "work/migrations",
  );
  const alone = { cwd: "work", executable: place.at("bin", "rung") };
  expect(await place.rung(["migrate"], alone)).toMatchObject({ status: 0, stderr: "" });
  expect(place.tables("work/rung.db")).toEqual(["a", "b"]);
  expect((await place.rung(["status"], { ...alone, env: { PATH: "" } })).stdout).toContain(
    "2 applied",
  );
});

const setpriv = Bun.which("setpriv");
const isRoot = process.getuid?.() === 0;
const nobody =
  setpriv === null ? [] : [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"];
const canDrop =
  setpriv !== null && isRoot && Bun.spawnSync([...nobody, "/bin/sh", "-c", ":"]).exitCode === 0;

/** How a process runs that file modes hold for: root itself heeds none. */
const before = isRoot ? nobody : [];
const modesHold = !isRoot || canDrop;
const noModes = "root heeds no file modes, and there is no setpriv to be somebody else";

const readOnlyDirectory =
  "a working directory that cannot be written is no obstacle when --db points elsewhere";
if (modesHold) {
  test(readOnlyDirectory, async () => {
    using place = new Place();
    chmodSync(place.path, 0o755);
    for (const name of ["work", "data", "bin"]) mkdirSync(place.at(name));
    copyFileSync(executable, place.at("bin", "rung"));
    place.write(
      {
        "1_a.sql": table("a"),
        "2_b.ts": `export const up = (db: { exec(sql: string): void }) => db.exec("CREATE TABLE b (id)");\n`,
      },
      "work/migrations",
    );
    chmodSync(place.at("work"), 0o555);
    chmodSync(place.at("data"), 0o777);
    const there = { before, cwd: "work", executable: place.at("bin", "rung") };
    const database = place.at("data", "app.db");
    expect(await place.rung(["migrate", "--db", database], there)).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(place.tables("data/app.db")).toEqual(["a", "b"]);
    expect(await place.rung(["status", "--db", database], there)).toMatchObject({
      status: 0,
      stderr: "",
    });
    const message = await place.rung(["--db", database, `{"type":"migrate","msg_id":1}`], there);
    expect(json(message.stdout)).toMatchObject({ count: 0 });

    // The default place is in the directory itself, which is what cannot be.
    const inside = await place.rung(["migrate"], there);
    expect(inside.status).toBe(5);
    expect(inside.stderr).toContain("[database.cannot-open]");
    chmodSync(place.at("work"), 0o755);
  });
} else {
  notRunHere(readOnlyDirectory, noModes);
}

const readOnlyFile =
  "a database that cannot be written: what needs no writing works, the rest is exit 5";
if (modesHold) {
  test(readOnlyFile, async () => {
    using place = new Place();
    chmodSync(place.path, 0o755);
    copyFileSync(executable, place.at("rung"));
    place.write({ "1_a.sql": table("a") });
    await place.rung(["migrate"]);
    chmodSync(place.at("rung.db"), 0o444);
    const as = { before, executable: place.at("rung") };
    expect((await place.rung(["status"], as)).stdout).toContain("1 applied: rung.db");
    expect(await place.rung(["migrate"], as)).toMatchObject({ status: 0, stderr: "" });
    place.write({ "2_b.sql": table("b") });
    for (const command of ["migrate", "rollback"]) {
      const { status, stdout, stderr } = await place.rung([command], as);
      expect([status, stdout]).toEqual([5, ""]);
      expect(stderr).toContain("[database.read-only]");
    }
    expect(place.tables()).toEqual(["a"]);
  });
} else {
  notRunHere(readOnlyFile, noModes);
}

const unreadable = "files that may not be read are named";
if (modesHold) {
  test(unreadable, async () => {
    using place = new Place();
    chmodSync(place.path, 0o755);
    copyFileSync(executable, place.at("rung"));
    place.write({ "1_a.sql": table("a") });
    const as = { before, executable: place.at("rung") };
    chmodSync(place.at("migrations", "1_a.sql"), 0o000);
    const file = await place.rung(["status"], as);
    expect(file.status).toBe(3);
    expect(file.stderr).toMatch(
      /^rung: migrations\/1_a\.sql:1:1: The file cannot be read: .*\[catalog\.unreadable\]/,
    );
    chmodSync(place.at("migrations"), 0o000);
    const directory = await place.rung(["status"], as);
    expect(directory.status).toBe(3);
    expect(directory.stderr).toMatch(
      /The migrations directory migrations cannot be read.*\[catalog\.unreadable\]/,
    );
    chmodSync(place.at("migrations"), 0o755);
  });
} else {
  notRunHere(unreadable, noModes);
}

const unshare = Bun.which("unshare");
const alone = unshare === null ? [] : [unshare, "--net", "--map-root-user"];
const canUnshare =
  unshare !== null && Bun.spawnSync([...alone, "/bin/sh", "-c", ":"]).exitCode === 0;
const noNetwork = "no network is needed";
if (canUnshare) {
  test(noNetwork, async () => {
    using place = new Place();
    expect(await place.rung(["migrate"], { before: alone })).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(place.applied()).toEqual([1, 2]);
  });
} else {
  notRunHere(noNetwork, "no unshare");
}
