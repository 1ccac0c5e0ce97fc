// What the guard refuses to lose with a replaced table, and the words that let exactly that pass.

import { describe, expect, test } from "bun:test";
import { attempt, attemptTs, execBody, expectApplied, expectRefused, Place } from "./harness.ts";

const before = `CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, active INTEGER);
  INSERT INTO users VALUES (1, 'a', 1), (2, 'b', 0), (3, 'c', 1);
  CREATE INDEX users_name ON users (name);
  CREATE TABLE log (what);
  CREATE TRIGGER users_gone AFTER DELETE ON users BEGIN INSERT INTO log VALUES (old.id); END;
  CREATE TABLE posts (author REFERENCES users ON DELETE CASCADE);
  INSERT INTO posts VALUES (1), (2), (3);`;
const create = "CREATE TABLE fresh (id INTEGER PRIMARY KEY, name TEXT NOT NULL, active INTEGER);";
const copy = "INSERT INTO fresh SELECT * FROM users;";
const swap = "DROP TABLE users; ALTER TABLE fresh RENAME TO users;";
const index = "CREATE INDEX users_name ON users (name);";
const trigger = `CREATE TRIGGER users_gone AFTER DELETE ON users
  BEGIN INSERT INTO log VALUES (old.id); END;`;
const rows = "table users had 3 rows and now has 2";
const noIndex = "index users_name on users is gone";
const noTrigger = "trigger users_gone on users is gone";
const orphan = "posts (author) = (2) has no match in users";
const fewer = "INSERT INTO fresh SELECT * FROM users WHERE active;";

const ways = [
  ["SQL", (sql: string, options = "") => attempt(before, sql, options)],
  ["TypeScript", (sql: string) => attemptTs(before, execBody(sql))],
] as const;

describe.each(ways)("refused by name in %s", (_, run) => {
  test("a copy without the rows that a WHERE excludes", () => {
    const sql = `${create} ${fewer} ${swap} ${index} ${trigger}`;
    expectRefused(run(sql), "guard.lost-rows", rows, orphan);
  });

  test("a rebuild without its index, and without its trigger", () => {
    expectRefused(run(`${create} ${copy} ${swap} ${trigger}`), "guard.lost-objects", noIndex);
    expectRefused(run(`${create} ${copy} ${swap} ${index}`), "guard.lost-objects", noTrigger);
  });

  test("an index that was made for the new table only, under another name", () => {
    const sql = `${create} ${copy} ${swap} CREATE INDEX other ON users (name); ${trigger}`;
    expectRefused(run(sql), "guard.lost-objects", noIndex);
  });

  test.each([
    "DELETE FROM users WHERE id = 2;",
    "WITH replace AS (SELECT 2 AS id) DELETE FROM users WHERE id IN (SELECT id FROM replace);",
    "WITH RECURSIVE a(x) AS (VALUES (2)), b AS MATERIALIZED (SELECT x FROM a) DELETE FROM main.users WHERE id IN b;",
    "REPLACE INTO users VALUES (1, 'a', 1); UPDATE OR REPLACE users SET id = 3 WHERE id = 2;",
    "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM users WHERE id = 2; END; INSERT INTO log VALUES (1); DROP TRIGGER t;",
    "CREATE TEMP TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM users WHERE id = 2; END; INSERT INTO log VALUES (1);",
    "CREATE TABLE via (x); CREATE TRIGGER t AFTER INSERT ON via BEGIN INSERT INTO log VALUES (1); END; CREATE TRIGGER u AFTER INSERT ON log BEGIN DELETE FROM users WHERE id = 2; END; INSERT INTO via VALUES (1); DROP TRIGGER u; DROP TABLE via;",
  ])("a row that was removed before the rebuild: %s", (removal) => {
    const tried = run(`${removal} ${create} ${copy} ${swap} ${index} ${trigger}`);
    expectRefused(tried, "guard.lost-rows", rows, orphan);
  });

  test("all kinds at once, each with its name", () => {
    const tried = run(`${create} ${fewer} ${swap}`);
    expectRefused(tried, "guard.lost-rows", rows, noIndex, noTrigger, orphan);
    expect(tried.ran.error?.hint ?? "").toContain("allow:lost-rows,lost-objects,foreign-keys");
  });

  test("dropping a table and making an empty one of its name", () => {
    const sql = `DROP TABLE USERS; ${create} ALTER TABLE fresh RENAME TO "Users"; ${index} ${trigger}`;
    expectRefused(run(sql), "guard.lost-rows", "had 3 rows and now has 0", "(1)", "(2)", "(3)");
  });
});

const whole = `${create} ${fewer} ${swap}`;
const kinds = [
  ["lost-rows", "guard.lost-objects", [noIndex, noTrigger, orphan]],
  ["lost-objects", "guard.lost-rows", [rows, orphan]],
  ["foreign-keys", "guard.lost-rows", [rows, noIndex, noTrigger]],
  ["lost-rows,lost-objects", "guard.foreign-keys", [orphan]],
  ["foreign-keys,lost-rows", "guard.lost-objects", [noIndex, noTrigger]],
] as const;

describe("allow on the marker line", () => {
  test.each(kinds)("%s lets only that pass", (allow, code, losses) => {
    expectRefused(attempt(before, whole, `allow:${allow}`), code, ...losses);
    const words = JSON.stringify(allow.split(","));
    expectRefused(attemptTs(before, execBody(whole), `{ allow: ${words} }`), code, ...losses);
  });

  test("all three let all pass", () => {
    const all = "lost-rows,lost-objects,foreign-keys";
    const tried = attempt(before, whole, `allow:${all}`);
    expectApplied(tried);
    expect(tried.place.rows("SELECT id FROM users")).toEqual(["1", "3"]);
    const options = `{ allow: ${JSON.stringify(all.split(","))} }`;
    expectApplied(attemptTs(before, execBody(whole), options));
  });

  test("belongs to its own direction", () => {
    const place = new Place(before);
    const down = `${create} ${fewer} ${swap}`;
    const file = (up: string, words: string): string =>
      `-- migrate:up ${up}\nSELECT 1;\n-- migrate:down ${words}\n${down}\n`;
    expect(place.migrate({ "001_a.sql": file("allow:lost-rows", "allow:foreign-keys") }).exit).toBe(
      0,
    );
    const dump = place.dump();
    const refused = place.rung("rollback");
    expect(refused.error?.code ?? "applied").toBe("guard.lost-rows");
    expect(refused.error?.losses).toEqual([rows, noIndex, noTrigger]);
    expect(refused.error?.hint).toContain("migrate:down");
    expect(place.dump()).toEqual(dump);

    const other = new Place(before);
    other.migrate({ "001_a.sql": file("", "allow:lost-rows,lost-objects,foreign-keys") });
    expect(other.rung("rollback")).toEqual({ exit: 0, count: 1, error: null });
    expect(other.rows("SELECT id FROM users")).toEqual(["1", "3"]);
  });
});

test("a TypeScript down is held to its options, too", () => {
  const module = (allow: string): string => `export const options = { allow: ${allow} };
    export function up() {}
    export function down(db) { ${execBody(`${create} ${fewer} ${swap}`)} }`;
  const place = new Place(before);
  place.migrate({ "001_a.ts": module('["lost-rows"]') });
  const refused = place.rung("rollback");
  expect(refused.error?.losses).toEqual([noIndex, noTrigger, orphan]);
  expect(place.rows("SELECT count(*) FROM users")).toEqual(["3"]);

  const other = new Place(before);
  other.migrate({ "001_a.ts": module('["lost-rows", "lost-objects", "foreign-keys"]') });
  expect(other.rung("rollback")).toEqual({ exit: 0, count: 1, error: null });
});

test("an error in the middle of a group keeps what came before it, and the file may then be mended", () => {
  const place = new Place(before);
  const files = {
    "001_a.sql": "-- migrate:up\nCREATE TABLE a (x);",
    "002_b.sql": `-- migrate:up\n${whole}`,
    "003_c.sql": "-- migrate:up\nCREATE TABLE c (x);",
  };
  const ran = place.migrate(files);
  expect(ran.error?.code).toBe("guard.lost-rows");
  expect(ran.error?.changed).toBe("some");
  expect(ran.count).toBe(1);
  expect(Object.keys(place.dump())).toContain("table a");
  expect(place.rows("SELECT version FROM rung_history")).toEqual(["1"]);
  expect(place.rows("SELECT count(*) FROM users")).toEqual(["3"]);
  const again = place.migrate({ "002_b.sql": "-- migrate:up\nCREATE TABLE b (x);" });
  expect(again).toEqual({ exit: 0, count: 2, error: null });
});
