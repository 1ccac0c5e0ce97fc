// Ways to break a foreign key, each with what the guard must say of it.

/** Parents and children of several kinds, all sound. */
export const family = `CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT);
  CREATE UNIQUE INDEX p_code ON p (code);
  INSERT INTO p VALUES (1, 'a'), (2, 'b');
  CREATE TABLE c (n INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);
  INSERT INTO c VALUES (10, 1), (20, 2), (21, 2), (30, NULL);
  CREATE TABLE d (code TEXT REFERENCES p (code)) STRICT;
  INSERT INTO d VALUES ('a');
  CREATE TABLE o (id INTEGER PRIMARY KEY REFERENCES p);
  INSERT INTO o VALUES (1);
  CREATE TABLE log (x);`;
export const cRows = "c (p) = (2) has no match in p (2 rows)";
const dRow = "d (code) = ('a') has no match in p";
const dMismatch = "d (code) references p (code), which is no primary key and not unique there";
const missing = (key: string): string => `${key}, a table that does not exist`;

/** A name, a migration, and the losses by which it is refused. */
export const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ["deleting a parent row", "DELETE FROM p WHERE id = 2;", [cRows]],
  [
    "deleting it through a quoted, qualified name",
    'DELETE FROM "main"."P" AS x WHERE x.id = 2;',
    [cRows],
  ],
  ["changing the parent's key", "UPDATE p SET id = 3 WHERE id = 2;", [cRows]],
  ["changing it by rowid", "UPDATE p SET _rowid_ = 3 WHERE id = 2;", [cRows]],
  [
    "changing it in a list, behind IS DISTINCT FROM",
    "UPDATE p SET code = code IS DISTINCT FROM 'x' OR code, (id) = (id + 5) WHERE id = 2;",
    [cRows],
  ],
  [
    "changing it from another table",
    "UPDATE p SET id = x.n FROM c AS x WHERE x.n = 20 AND p.id = 2;",
    [cRows],
  ],
  [
    "changing a unique column of the parent",
    "UPDATE main.p INDEXED BY p_code SET \"CODE\" = 'z' WHERE code = 'a';",
    [dRow],
  ],
  [
    "changing the child's key",
    "UPDATE c SET p = 9 WHERE n = 10;",
    ["c (p) = (9) has no match in p"],
  ],
  [
    "changing a child's rowid that is its key",
    "UPDATE o SET rowid = 7;",
    ["o (id) = (7) has no match in p"],
  ],
  ["inserting a child", "INSERT INTO c (p) SELECT 8 UNION ALL SELECT 9;", ["(8)", "(9)"]],
  [
    "inserting by an upsert",
    "INSERT INTO c VALUES (10, 1) ON CONFLICT DO UPDATE SET p = 9;",
    ["c (p) = (9)"],
  ],
  [
    "changing the parent by an upsert",
    "INSERT INTO p VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET code = 'y';",
    [dRow],
  ],
  ["replacing a parent by its other key", "INSERT OR REPLACE INTO p VALUES (5, 'b');", [cRows]],
  [
    "replacing by REPLACE behind a WITH",
    "WITH x AS (SELECT 5), y AS NOT MATERIALIZED (VALUES (1)) REPLACE INTO p SELECT 5, 'b';",
    [cRows],
  ],
  [
    "replacing by UPDATE OR REPLACE",
    "UPDATE OR REPLACE p SET code = 'b' WHERE id = 1;",
    [cRows, dRow],
  ],
  [
    "a trigger",
    "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM p WHERE id = 2; END; INSERT INTO log VALUES (1);",
    [cRows],
  ],
  [
    "a trigger that comes after the same statement ran without it",
    "INSERT INTO log VALUES (1); CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM p WHERE id = 2; END; INSERT INTO log VALUES (1);",
    [cRows],
  ],
  [
    "a trigger of its own for the while",
    "CREATE TEMP TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM p WHERE id = 2; END; INSERT INTO log VALUES (1);",
    [cRows],
  ],
  [
    "a trigger on a scratch table",
    "CREATE TEMP TABLE s (x); CREATE TRIGGER t AFTER INSERT ON s BEGIN DELETE FROM p WHERE id = 2; END; INSERT INTO s VALUES (1);",
    [cRows],
  ],
  [
    "a trigger on a view",
    "CREATE VIEW v AS SELECT id FROM p; CREATE TRIGGER t INSTEAD OF DELETE ON v BEGIN DELETE FROM p WHERE id = old.id; END; DELETE FROM v WHERE id = 2; DROP VIEW v;",
    [cRows],
  ],
  ["dropping a parent", "DROP TABLE p;", [cRows, "c (p) = (1)", dRow, "o (id) = (1)"]],
  [
    "a rebuild that leaves a parent's row behind",
    "CREATE TABLE q (id INTEGER PRIMARY KEY, code TEXT UNIQUE); INSERT INTO q VALUES (1, 'a'), (3, 'b'); DROP INDEX p_code; DROP TABLE p; ALTER TABLE q RENAME TO p;",
    [cRows],
  ],
  [
    "a rebuild of the parent that forgets what is unique",
    "CREATE TABLE q (id INTEGER PRIMARY KEY, code TEXT); INSERT INTO q SELECT * FROM p; DROP INDEX p_code; DROP TABLE p; ALTER TABLE q RENAME TO p;",
    [dMismatch],
  ],
  ["dropping the index that a reference rests on", "DROP INDEX p_code;", [dMismatch]],
  [
    "a partial index in its place",
    "DROP INDEX main.p_code; CREATE UNIQUE INDEX p_code ON p (code) WHERE code > '';",
    [dMismatch],
  ],
  [
    "a parent that becomes a view",
    "ALTER TABLE p RENAME TO q; CREATE VIEW p AS SELECT * FROM q; CREATE TABLE e (x REFERENCES p (id));",
    ["e (x) references p (id), which is no primary key"],
  ],
  [
    "a new key to no table",
    "CREATE TABLE e (x REFERENCES nowhere);",
    [missing("e (x) references nowhere")],
  ],
  [
    "a new key to no table, in a column added",
    "ALTER TABLE log ADD COLUMN y REFERENCES nowhere (id);",
    [missing("log (y) references nowhere")],
  ],
  [
    "a new key to no table, in other words",
    'CREATE TABLE [e e] (a, b, "foreign" KEY, foreign key (a, b) REFERENCES "no where" (c, d));',
    [missing("e e (a, b) references no where")],
  ],
  [
    "a new key to columns that are no key",
    "CREATE TABLE e (x REFERENCES p (id, code)); ".replace(
      "(x REFERENCES p (id, code))",
      "(a, b, FOREIGN KEY (a, b) REFERENCES p (id, code))",
    ),
    ["e (a, b) references p (id, code), which is no primary key"],
  ],
  [
    "a new key to fewer columns than the primary key's",
    "CREATE TABLE two (a, b, PRIMARY KEY (a, b)); CREATE TABLE e (a REFERENCES two);",
    ["e (a) references two, which is no primary key"],
  ],
  [
    "a rebuild that adds a reference over orphans",
    "INSERT INTO log VALUES (1), (9); CREATE TABLE l2 (x REFERENCES p); INSERT INTO l2 SELECT x FROM log; DROP TABLE log; ALTER TABLE l2 RENAME TO log;",
    ["log (x) = (9) has no match in p"],
  ],
  [
    "a new table that is filled and then renamed",
    "CREATE TABLE e (x REFERENCES p); INSERT INTO e VALUES (9); ALTER TABLE e RENAME TO f;",
    ["f (x) = (9) has no match in p"],
  ],
  [
    "orphans behind a rename of the child",
    "DELETE FROM p WHERE id = 2; ALTER TABLE c RENAME TO kid;",
    ["kid (p) = (2) has no match in p (2 rows)"],
  ],
  [
    "orphans behind a rename of the parent",
    "ALTER TABLE p RENAME TO q; DELETE FROM q WHERE id = 2;",
    ["c (p) = (2) has no match in q (2 rows)"],
  ],
  [
    "orphans behind a rename of the column",
    "DELETE FROM p WHERE id = 2; ALTER TABLE c RENAME COLUMN p TO pp;",
    ["c (pp) = (2) has no match in p (2 rows)"],
  ],
  [
    "orphans in both of two swapped children",
    "INSERT INTO log VALUES (1), (2), (3), (4); ALTER TABLE c RENAME TO t; ALTER TABLE log RENAME TO c; ALTER TABLE t RENAME TO log; UPDATE log SET p = 9 WHERE n = 10;",
    ["log (p) = (9) has no match in p"],
  ],
  [
    "under pragmas that change what a query shows",
    "PRAGMA full_column_names = 1; PRAGMA short_column_names = 0; PRAGMA case_sensitive_like = 1; PRAGMA reverse_unordered_selects = 1; CREATE TABLE e (x references P); DELETE FROM p WHERE id = 2; PRAGMA query_only = 1;",
    [cRows],
  ],
];
