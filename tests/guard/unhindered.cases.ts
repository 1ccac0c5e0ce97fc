// Migrations that lose nothing, and the databases that they run on.

/** Tables, views and triggers of all kinds, all sound. */
export const shop = `CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, unused TEXT);
  INSERT INTO users VALUES (1, 'a', 'x'), (2, 'b', 'y');
  CREATE INDEX users_name ON users (name);
  CREATE TABLE log (what);
  CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users ON DELETE CASCADE);
  INSERT INTO posts VALUES (1, 1), (2, 1);
  CREATE INDEX posts_author ON posts (author);
  CREATE TRIGGER posts_insert AFTER INSERT ON posts BEGIN INSERT INTO log (what) VALUES (new.id); END;
  CREATE VIEW names AS SELECT id, name FROM users;
  CREATE VIEW bylines AS SELECT posts.id, author FROM posts JOIN names ON posts.id > 0 OR author;
  CREATE TRIGGER names_insert INSTEAD OF INSERT ON names
    BEGIN INSERT INTO users (id, name) VALUES (new.id, new.name); END;`;
const broken = "CREATE VIEW dead AS SELECT * FROM nowhere;";
const sloppy = 'CREATE VIEW sloppy AS SELECT id, "nothing" AS label FROM users WHERE name <> "zz";';
const orphaned = `CREATE TABLE p (id INTEGER PRIMARY KEY);
  INSERT INTO p VALUES (1), (2);
  CREATE TABLE c (a, p REFERENCES p ON DELETE CASCADE);
  INSERT INTO c VALUES ('ok', 1), ('x', 7), ('y', 7), ('z', 8);
  CREATE TABLE w (k TEXT PRIMARY KEY, p REFERENCES p) WITHOUT ROWID;
  INSERT INTO w VALUES ('a', 1), ('b', 9), ('c', 9);`;
const mismatched = `CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT);
  INSERT INTO p VALUES (1, 'a'), (2, 'a');
  CREATE TABLE c (n, code REFERENCES p (code), p REFERENCES p);
  INSERT INTO c VALUES (1, 'a', 1), (2, 'gone', 2);`;
const rebuiltC = `CREATE TABLE c2 (a NOT NULL, p REFERENCES p ON DELETE CASCADE);
  INSERT INTO c2 SELECT * FROM c ORDER BY a DESC; DROP TABLE c; ALTER TABLE c2 RENAME TO c;`;
const rebuiltW = `CREATE TABLE w2 (k TEXT PRIMARY KEY, p REFERENCES p (id)) WITHOUT ROWID;
  INSERT INTO w2 SELECT * FROM w; DROP TABLE w; ALTER TABLE w2 RENAME TO w;`;
const rebuiltP = `CREATE TABLE p2 (id INTEGER PRIMARY KEY, note);
  INSERT INTO p2 SELECT id, '' FROM p; DROP TABLE p; ALTER TABLE p2 RENAME TO p;`;
const rebuiltUsers = `CREATE TABLE u2 (id INTEGER PRIMARY KEY, name TEXT, unused TEXT);
  INSERT INTO u2 SELECT * FROM users; DROP TABLE users; ALTER TABLE u2 RENAME TO users;
  CREATE INDEX users_name ON users (name);`;
const fts = `CREATE VIRTUAL TABLE doc USING fts5(body); INSERT INTO doc VALUES ('one'), ('two');
  CREATE VIRTUAL TABLE place USING rtree(id, x0, x1); INSERT INTO place VALUES (1, 0, 1);`;

/** A name, what the database holds, and a migration that must be applied. */
export const cases: readonly (readonly [string, string, string])[] = [
  [
    "dropping an index by name",
    shop,
    "DROP INDEX users_name; DROP INDEX IF EXISTS main.posts_author;",
  ],
  ["dropping a trigger by name", shop, "DROP TRIGGER posts_insert;"],
  [
    "dropping a view by name, and what is on it",
    shop,
    "DROP VIEW bylines; DROP TRIGGER names_insert; DROP VIEW names;",
  ],
  ["dropping a view with its triggers", shop, "DROP VIEW bylines; DROP VIEW names;"],
  ["dropping a child with its index and trigger", shop, "DROP VIEW bylines; DROP TABLE posts;"],
  [
    "dropping all by name",
    shop,
    "DROP VIEW bylines; DROP VIEW names; DROP TABLE posts; DROP TABLE users;",
  ],
  ["dropping a table before the view over it", shop, "DROP TABLE posts; DROP VIEW bylines;"],
  [
    "dropping what isn't there",
    shop,
    "DROP TABLE IF EXISTS a; DROP VIEW IF EXISTS b; DROP INDEX IF EXISTS c;",
  ],
  ["renaming a parent", shop, "ALTER TABLE users RENAME TO people;"],
  ["renaming a child", shop, 'ALTER TABLE posts RENAME TO "some posts";'],
  [
    "renaming there and back",
    shop,
    "ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME TO users;",
  ],
  [
    "renaming columns",
    shop,
    "ALTER TABLE log RENAME what TO which; ALTER TABLE users RENAME COLUMN unused TO used; ALTER TABLE posts RENAME COLUMN author TO writer;",
  ],
  ["adding a column", shop, "ALTER TABLE users ADD COLUMN age INTEGER DEFAULT 3;"],
  ["adding a column with a reference", shop, "ALTER TABLE log ADD COLUMN who REFERENCES users;"],
  [
    "adding a column with a reference that has a default that exists",
    shop,
    "ALTER TABLE log ADD COLUMN who DEFAULT 1 REFERENCES users;",
  ],
  ["dropping an unused column", shop, "ALTER TABLE users DROP COLUMN unused;"],
  [
    "changing rows",
    shop,
    "UPDATE users SET name = 'c' WHERE id = 2; DELETE FROM posts WHERE id = 2; DELETE FROM users WHERE id = 2;",
  ],
  ["emptying a table", shop, "DELETE FROM posts; DELETE FROM users;"],
  ["recreating a view", shop, "DROP VIEW bylines; CREATE VIEW bylines AS SELECT id FROM posts;"],
  [
    "recreating a view with its trigger",
    shop,
    "DROP VIEW names; CREATE VIEW names AS SELECT id, name, unused FROM users; CREATE TRIGGER names_insert INSTEAD OF INSERT ON names BEGIN SELECT 1; END;",
  ],
  [
    "recreating a trigger",
    shop,
    "DROP TRIGGER posts_insert; CREATE TRIGGER posts_insert AFTER DELETE ON posts BEGIN SELECT 1; END;",
  ],
  [
    "recreating an index on other columns",
    shop,
    "DROP INDEX users_name; CREATE INDEX users_name ON users (unused);",
  ],
  [
    "triggers of every kind",
    shop,
    `CREATE TABLE g (a, b GENERATED ALWAYS AS (a + 1));
    CREATE TRIGGER g1 BEFORE UPDATE OF b ON g BEGIN SELECT new.b; END;
    CREATE TRIGGER g2 UPDATE OF "a", b ON g WHEN old.a <> new.a BEGIN SELECT 1; END;
    CREATE TRIGGER n1 INSTEAD OF UPDATE OF name ON names FOR EACH ROW BEGIN UPDATE users SET name = new.name; END;
    CREATE TRIGGER n2 INSTEAD OF DELETE ON names BEGIN DELETE FROM users WHERE id = old.id; END;
    CREATE TRIGGER IF NOT EXISTS "b ""e"" gin" AFTER INSERT ON users BEGIN SELECT CASE WHEN 1 THEN 2 END; END;`,
  ],
  [
    "a table that becomes a view",
    shop,
    "ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT id, name FROM people WHERE id = 1;",
  ],
  [
    "a table that becomes a view of nothing, with its index",
    "CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t;",
    "DROP TABLE t; CREATE VIEW t AS SELECT 2 AS a WHERE 0;",
  ],
  [
    "a view that becomes a table, with a view over it",
    "CREATE TABLE b (x); CREATE VIEW v AS SELECT x FROM b; CREATE VIEW w AS SELECT x FROM v; CREATE TRIGGER t INSTEAD OF DELETE ON v BEGIN SELECT 1; END;",
    "CREATE TABLE n AS SELECT * FROM v; DROP VIEW v; ALTER TABLE n RENAME TO v;",
  ],
  [
    "scratch tables",
    shop,
    "CREATE TEMP TABLE users AS SELECT * FROM main.users; DELETE FROM users; DROP TABLE users; CREATE TEMP VIEW x AS SELECT 1; CREATE TABLE temp.posts (id INTEGER, author); INSERT INTO posts VALUES (1, 99);",
  ],
  [
    "a scratch table left behind that hides a real one",
    `${shop} ${sloppy}`,
    "CREATE TEMP TABLE users (other); ALTER TABLE posts ADD COLUMN title;",
  ],
  ["a broken view and a rebuild", `${shop} ${broken}`, rebuiltUsers],
  [
    "a broken view and a drop",
    `${shop} ${broken}`,
    "DROP TABLE log; CREATE TABLE log (what); DROP INDEX users_name;",
  ],
  [
    "a broken trigger",
    `${shop} CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM nowhere; END;`,
    `${rebuiltUsers} DROP INDEX posts_author;`,
  ],
  ["a sloppy string", `${shop} ${sloppy}`, `${rebuiltUsers} ALTER TABLE users DROP COLUMN unused;`],
  [
    "a sloppy string in a new view and in a trigger",
    shop,
    `${sloppy} CREATE TRIGGER t AFTER INSERT ON log BEGIN UPDATE users SET name = "lit" WHERE id = "1"; END; DROP INDEX users_name;`,
  ],
  ["orphans that stood before, and a rebuilt child", orphaned, `${rebuiltC} ${rebuiltW}`],
  ["orphans that stood before, and a rebuilt parent", orphaned, rebuiltP],
  [
    "orphans that stood before, all rebuilt in one",
    orphaned,
    `${rebuiltP} ${rebuiltC} ${rebuiltW}`,
  ],
  [
    "orphans that stood before, and renames",
    orphaned,
    "ALTER TABLE c RENAME TO kid; ALTER TABLE p RENAME TO parent; ALTER TABLE kid RENAME COLUMN p TO parent; ALTER TABLE w RENAME p TO q;",
  ],
  [
    "orphans that stood before, and fewer of them",
    orphaned,
    "DELETE FROM c WHERE a = 'x'; INSERT INTO p VALUES (8); UPDATE w SET p = NULL WHERE k = 'b';",
  ],
  [
    "orphans that stood before, and other rows changed",
    orphaned,
    "UPDATE c SET a = a || '!'; INSERT INTO c VALUES ('n', 2); UPDATE p SET id = 3 WHERE id = 2; UPDATE c SET p = 3 WHERE a = 'n';",
  ],
  [
    "a missing parent that stood before",
    "CREATE TABLE c (x REFERENCES nowhere); INSERT INTO c VALUES (1); CREATE TABLE t (a);",
    "ALTER TABLE c RENAME TO d; ALTER TABLE d RENAME COLUMN x TO y; DROP TABLE t;",
  ],
  [
    "a missing parent that is made",
    "CREATE TABLE c (x REFERENCES late); INSERT INTO c VALUES (1);",
    "CREATE TABLE late (id INTEGER PRIMARY KEY); INSERT INTO late VALUES (1);",
  ],
  [
    "a mismatch that stood before",
    mismatched,
    "UPDATE p SET code = 'b'; DELETE FROM c WHERE n = 2; DELETE FROM p WHERE id = 2; INSERT INTO c VALUES (3, 'q', 1);",
  ],
  [
    "a mismatch that stood before, renamed",
    mismatched,
    "ALTER TABLE p RENAME TO q; ALTER TABLE c RENAME TO d; ALTER TABLE d RENAME code TO codex;",
  ],
  [
    "a mismatch that is mended",
    mismatched,
    "UPDATE p SET code = 'b' WHERE id = 2; CREATE UNIQUE INDEX p_code ON p (code); DROP TABLE IF EXISTS x;",
  ],
  ["rows put right before the end", orphaned, "DELETE FROM p; INSERT INTO p VALUES (1), (2);"],
  [
    "a parent that comes after its child",
    "",
    "CREATE TABLE c (y, z, FOREIGN KEY (y, z) REFERENCES p (b, a)); INSERT INTO c VALUES (1, 2); CREATE TABLE p (a, b); INSERT INTO p VALUES (2, 1); CREATE UNIQUE INDEX i ON p (a, b);",
  ],
  [
    "values that match by the parent's affinity and collation",
    "CREATE TABLE p (n INTEGER PRIMARY KEY, t TEXT UNIQUE COLLATE NOCASE);",
    "INSERT INTO p VALUES (1, '12'), (2, 'abc'); CREATE TABLE c (n TEXT REFERENCES p, t REFERENCES p (t)); INSERT INTO c VALUES ('1', 12), ('2', 'ABC');",
  ],
  [
    "dropping a parent with its rows' references",
    "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1); CREATE TABLE c (x REFERENCES p); INSERT INTO c VALUES (1);",
    "UPDATE c SET x = NULL; DROP TABLE p;",
  ],
  ["virtual tables dropped", fts, "DROP TABLE doc; DROP TABLE place;"],
  [
    "virtual tables made",
    shop,
    `${fts} INSERT INTO doc SELECT name FROM users; CREATE VIEW found AS SELECT body FROM doc WHERE doc MATCH 'a';`,
  ],
  [
    "virtual tables rebuilt",
    fts,
    "CREATE TEMP TABLE k AS SELECT body FROM doc; DROP TABLE doc; CREATE VIRTUAL TABLE doc USING fts5(body, extra); INSERT INTO doc SELECT body, '' FROM temp.k; ALTER TABLE place RENAME TO places;",
  ],
  [
    "a scratch virtual table left behind",
    shop,
    "CREATE VIRTUAL TABLE temp.scratch USING fts5(a); INSERT INTO scratch VALUES ('x');",
  ],
  [
    "other tools' tables",
    "CREATE TABLE schema_migrations (v); INSERT INTO schema_migrations VALUES (1); CREATE TABLE goose_db_version (id); INSERT INTO goose_db_version VALUES (1); CREATE INDEX goose_i ON goose_db_version (id);",
    "DROP TABLE schema_migrations; CREATE TABLE schema_migrations (v); DROP TABLE goose_db_version; CREATE TABLE goose_db_version (id);",
  ],
  ["nothing at all", shop, "-- only a comment"],
];
