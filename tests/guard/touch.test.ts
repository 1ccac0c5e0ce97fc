// What a statement's text tells about what it touches: in doubt it must say more, never less.

import { expect, test } from "bun:test";
import { splitStatements } from "../../src/migration/statements.ts";
import { touchOf, type Touch } from "../../src/migration/touch.ts";

function touch(sql: string): Touch | undefined {
  const statements = splitStatements({ text: sql, file: "test.sql", line: 1 });
  if (!statements.ok) throw new Error(statements.failure.text);
  return statements.value.map(touchOf)[0];
}

const update = { does: "update", table: "t", columns: ["a"], removes: false } as const;
const create = { does: "create", type: "table", name: "t", isTemp: false } as const;

const cases: readonly (readonly [string, Touch])[] = [
  ["CREATE TABLE t (x)", create],
  ["create table if not exists main . [t] (x)", create],
  ['CREATE TEMPORARY TABLE "t" AS SELECT 1', { ...create, isTemp: true }],
  ['CREATE TABLE "Temp" /* . */ . t (x)', { ...create, isTemp: true }],
  ["CREATE TABLE temp/**/.t (x)", { ...create, isTemp: true }],
  ["CREATE INDEX temp--\n . t ON u (x)", { ...create, type: "index", isTemp: true }],
  ["CREATE TABLE IF/**/NOT EXISTS t (x)", create],
  ["DROP TABLE main /**/ .t", { does: "drop", type: "table", name: "t" }],
  ["DROP TABLE IF--\nEXISTS t", { does: "drop", type: "table", name: "t" }],
  ["DROP TABLE \u00a0t", { does: "drop", type: "table", name: "\u00a0t" }],
  ["CREATE TABLE temp (x)", { ...create, name: "temp" }],
  ['CREATE TABLE "if" (x)', { ...create, name: "if" }],
  ["CREATE UNIQUE INDEX t ON u (x)", { ...create, type: "index" }],
  ["CREATE VIRTUAL TABLE t USING fts5(x)", create],
  [
    "CREATE TEMP TRIGGER t AFTER INSERT ON u BEGIN SELECT 1; END",
    { ...create, type: "trigger", isTemp: true },
  ],
  ["DROP TABLE IF EXISTS main.t", { does: "drop", type: "table", name: "t" }],
  ['DROP VIEW "a ""b"""', { does: "drop", type: "view", name: 'a "b"' }],
  ["DROP INDEX `if`", { does: "drop", type: "index", name: "if" }],
  ["ALTER TABLE a.t RENAME TO 'u'", { does: "rename", table: "t", name: "u" }],
  ["ALTER TABLE t RENAME a TO b", { does: "alter", table: "t" }],
  ['ALTER TABLE t RENAME "TO" TO b', { does: "alter", table: "t" }],
  ["ALTER TABLE t ADD x", { does: "alter", table: "t" }],
  ["INSERT INTO t DEFAULT VALUES", { does: "insert", table: "t", removes: false }],
  ["INSERT OR REPLACE INTO t VALUES (1)", { does: "insert", table: "t", removes: true }],
  ["REPLACE INTO main.t SELECT 1", { does: "insert", table: "t", removes: true }],
  [
    "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
    { does: "insert", table: "t", removes: true },
  ],
  ["UPDATE t SET a = 1", update],
  [
    "UPDATE OR IGNORE main.t AS x INDEXED BY i SET a = (SELECT b, c FROM d WHERE e = 1) WHERE f = 2",
    update,
  ],
  ["UPDATE t SET a = b IS NOT DISTINCT FROM c, [d] = 1", { ...update, columns: ["a", "d"] }],
  ['UPDATE t SET (a, "b") = (1, 2), c = CASE WHEN x THEN 1, y END', { ...update, columns: null }],
  [
    'UPDATE t SET (a, "b") = (1, 2), c = 3 ORDER BY x, y LIMIT 1',
    { ...update, columns: ["a", "b", "c"] },
  ],
  ["UPDATE t SET a = u.x FROM u WHERE u.y = 1", update],
  ["UPDATE t SET a = u.x FROM u, v WHERE u.y = 1", { ...update, columns: null }],
  ["UPDATE t SET a = 1 RETURNING a, b", { ...update, columns: null }],
  ["UPDATE OR REPLACE t SET a = 1", { ...update, columns: null, removes: true }],
  ["DELETE FROM t WHERE x", { does: "delete", table: "t" }],
  [
    "WITH replace AS (SELECT 1), u (a, b) AS NOT MATERIALIZED (SELECT ')', 2) DELETE FROM t",
    { does: "delete", table: "t" },
  ],
  [
    "WITH RECURSIVE delete_ (n) AS (VALUES (1)) INSERT INTO t SELECT n FROM delete_",
    { does: "insert", table: "t", removes: false },
  ],
  ["WITH a AS MATERIALIZED (SELECT 1) SELECT * FROM a", { does: "nothing" }],
  ["PRAGMA main.cache_size = 5", { does: "pragma", name: "cache_size", sets: true }],
  ["PRAGMA Query_Only(1)", { does: "pragma", name: "query_only", sets: true }],
  ["PRAGMA user_version", { does: "pragma", name: "user_version", sets: false }],
  ["EXPLAIN PRAGMA query_only = 1", { does: "pragma", name: "query_only", sets: true }],
  ["EXPLAIN QUERY PLAN PRAGMA query_only = 1", { does: "pragma", name: "query_only", sets: true }],
  ["EXPLAIN DELETE FROM t", { does: "nothing" }],
  ["SELECT 1", { does: "nothing" }],
  ["REINDEX t", { does: "nothing" }],
];

test.each(cases)("%s", (sql, wanted) => {
  expect(touch(sql)).toEqual(wanted);
});
