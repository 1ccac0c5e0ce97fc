// What the guard must refuse of views and triggers: what no longer compiles, and what never did.

import { describe, expect, test } from "bun:test";
import { attempt, attemptTs, execBody, expectApplied, expectRefused, Place } from "./harness.ts";

const before = `CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, used);
  INSERT INTO t VALUES (1, 2, 3, 4);
  CREATE INDEX t_a ON t (a);
  CREATE TABLE log (x);
  CREATE VIEW bare AS SELECT used FROM t;
  CREATE VIEW nested AS SELECT * FROM bare WHERE used > 0;
  CREATE VIEW quoted ("used") AS SELECT "used" || "just text" FROM t;
  CREATE TRIGGER body AFTER INSERT ON log BEGIN UPDATE t SET used = new.x; END;
  CREATE TRIGGER listed AFTER UPDATE OF a, used ON t BEGIN INSERT INTO log (x) VALUES (1); END;
  CREATE TRIGGER sloppy AFTER DELETE ON log BEGIN DELETE FROM t WHERE "used" = "text"; END;`;
const rebuilt = (columns: string): string => `CREATE TABLE n (id INTEGER PRIMARY KEY, ${columns});
  INSERT INTO n (id, a) SELECT id, a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;
  CREATE INDEX t_a ON t (a);`;
const listed = `CREATE TRIGGER listed AFTER UPDATE OF a, used ON t
  BEGIN INSERT INTO log (x) VALUES (1); END;`;
const broken = (what: string): string => `${what} does not compile: `;
const all = ["view bare", "view nested", "view quoted", "trigger body", "trigger listed"];

const ways = [
  ["SQL", attempt],
  ["TypeScript", (sql: string, up: string) => attemptTs(sql, execBody(up))],
] as const;

describe.each(ways)("refused in %s", (_, run) => {
  test("a rebuild without a column that others use, in double quotes too", () => {
    const tried = run(before, `${rebuilt("a, b")} ${listed}`);
    const losses = [...all, "trigger sloppy"].map(broken);
    expectRefused(tried, "guard.lost-objects", ...losses);
  });

  test("the same by DROP and CREATE", () => {
    const sql = `CREATE TEMP TABLE k AS SELECT * FROM t; DROP TABLE t; CREATE TABLE t (id, a, b);
      INSERT INTO t SELECT id, a, b FROM temp.k; CREATE INDEX t_a ON t (a); ${listed}`;
    const losses = [...all, "trigger sloppy"].map(broken);
    expectRefused(run(before, sql), "guard.lost-objects", ...losses);
  });

  test("a table dropped under its views and triggers", () => {
    const losses = ["view bare", "view nested", "view quoted", "trigger body", "trigger sloppy"];
    expectRefused(run(before, "DROP TABLE t;"), "guard.lost-objects", ...losses.map(broken));
  });

  test("a view dropped under a view", () => {
    const tried = run(before, "DROP VIEW bare;");
    expectRefused(
      tried,
      "guard.lost-objects",
      "view nested does not compile: no such table: main.bare",
    );
  });

  test.each([
    [
      "view",
      "CREATE VIEW v AS SELECT gone FROM t;",
      "view v does not compile: no such column: gone",
    ],
    [
      "view over no table",
      'CREATE VIEW "my v" AS SELECT * FROM nowhere;',
      "view my v does not compile",
    ],
    [
      "view with too few names",
      "CREATE VIEW v (x, y) AS SELECT a FROM t;",
      "view v does not compile",
    ],
    [
      "INSERT trigger",
      "CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO nowhere VALUES (1); END;",
      "trigger x does not",
    ],
    [
      "UPDATE trigger",
      "CREATE TRIGGER x BEFORE UPDATE ON t BEGIN SELECT new.gone; END;",
      "trigger x does not",
    ],
    [
      "UPDATE OF trigger",
      "CREATE TRIGGER x AFTER UPDATE OF b ON t BEGIN SELECT gone FROM log; END;",
      "trigger x does not",
    ],
    [
      "UPDATE OF nothing",
      "CREATE TRIGGER x AFTER UPDATE OF gone ON t BEGIN SELECT 1; END;",
      "trigger x does not",
    ],
    [
      "DELETE trigger",
      "CREATE TRIGGER IF NOT EXISTS x DELETE ON t WHEN old.gone BEGIN SELECT 1; END;",
      "trigger x does not",
    ],
    [
      "INSTEAD OF trigger",
      "CREATE TRIGGER x INSTEAD OF DELETE ON bare BEGIN DELETE FROM t WHERE id = old.id; END;",
      "trigger x does not",
    ],
  ])("a new %s that does not compile", (_name, up, loss) => {
    expectRefused(run(before, up), "guard.lost-objects", loss);
  });

  test("a column added that a view or trigger stumbles over", () => {
    const sql = `${before} CREATE VIEW both AS SELECT x FROM t, log;
      CREATE TRIGGER counted AFTER DELETE ON t BEGIN INSERT INTO log VALUES (1); END;`;
    expectRefused(
      run(sql, "ALTER TABLE t ADD COLUMN x;"),
      "guard.lost-objects",
      "view both does not",
    );
    const tried = run(sql, "ALTER TABLE log ADD COLUMN y;");
    // And the trigger that sets it off.
    expectRefused(
      tried,
      "guard.lost-objects",
      "trigger counted does not",
      "trigger sloppy does not",
    );
  });

  test("an index that a view names", () => {
    const sql = `${before} CREATE VIEW v AS SELECT a FROM t INDEXED BY t_a WHERE a > 0;`;
    expectRefused(run(sql, "DROP INDEX t_a;"), "guard.lost-objects", "view v does not compile");
  });

  test("a view's triggers that go with it", () => {
    const sql = `${before} CREATE TRIGGER v INSTEAD OF INSERT ON nested BEGIN SELECT 1; END;`;
    const up = "DROP VIEW nested; CREATE VIEW nested AS SELECT * FROM bare;";
    expectRefused(run(sql, up), "guard.lost-objects", "trigger v on nested is gone");
  });

  test("behind a scratch table that hides what is gone", () => {
    const up = `${rebuilt("a, b")} ${listed} CREATE TEMP TABLE t (id, a, b, used);`;
    const losses = [...all, "trigger sloppy"].map(broken);
    expectRefused(run(before, up), "guard.lost-objects", ...losses);
  });
});

test("a new object in the place of a dropped one, at the schema's end, is seen to be new", () => {
  for (const made of [
    "CREATE TRIGGER z AFTER DELETE ON t BEGIN SELECT gone FROM log; END;",
    "CREATE VIEW y AS SELECT gone FROM t;",
  ]) {
    const place = new Place(before);
    const last = "CREATE TRIGGER z AFTER DELETE ON t BEGIN SELECT 1; END;";
    // By a migration of its own, as our own tables come to the end of the schema with the first.
    expect(place.migrate({ "001_last.sql": `-- migrate:up\n${last}` }).exit).toBe(0);
    const ran = place.migrate({ "002_made.sql": `-- migrate:up\nDROP TRIGGER z; ${made}` });
    expect(ran.error?.code).toBe("guard.lost-objects");
  }
});

test("a column that only text in double quotes names can go", () => {
  const sql = `CREATE TABLE t (a, b); CREATE VIEW v AS SELECT a, 'b' AS "b", "c d" FROM t;`;
  expectApplied(attempt(sql, "CREATE TABLE n (a); DROP TABLE t; ALTER TABLE n RENAME TO t;"));
});

test("allow:lost-objects accepts what is broken", () => {
  const tried = attempt(before, `${rebuilt("a, b")} ${listed}`, "allow:lost-objects");
  expectApplied(tried);
  expect(tried.after["view bare"]).toEqual(tried.before["view bare"]);
});
