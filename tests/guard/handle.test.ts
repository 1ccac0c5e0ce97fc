// The db of a TypeScript migration: it ends with its migration, and nothing that it left open reaches further.

import { expect, test } from "bun:test";
import { attemptTs, expectApplied, Place } from "./harness.ts";

const setup = `CREATE TABLE t (x); INSERT INTO t VALUES (1), (2), (3);
  CREATE TABLE undone (x);
  CREATE TRIGGER undo BEFORE INSERT ON undone BEGIN SELECT raise(ROLLBACK, 'no'); END;`;

function inTwo(first: string, second: string): Place {
  const place = new Place(setup);
  const module = (body: string): string => `export function up(db) { ${body} }`;
  const ran = place.migrate({ "001_a.ts": module(first), "002_b.ts": module(second) });
  expect(ran).toEqual({ exit: 0, count: 2, error: null });
  return place;
}

test("an iteration that was given up locks nothing", () => {
  const place = inTwo(
    'const rows = db.iterate("SELECT x FROM t"); rows.next(); globalThis.kept = rows;',
    'db.exec("DROP TABLE t");',
  );
  expect(Object.keys(place.dump())).not.toContain("table t");
});

test("what is kept of a db throws after its migration", () => {
  const place = inTwo(
    'globalThis.kept = [db, db.iterate("SELECT x FROM t")]; globalThis.kept[1].next();',
    `const [old, rows] = globalThis.kept; const said = [];
     for (const use of [() => old.exec("DELETE FROM t"), () => old.get("SELECT 1"), () => rows.next()]) {
       try { use(); said.push("went on"); } catch (error) { said.push(String(error.message)); }
     }
     db.exec("CREATE TABLE said (x)");
     for (const each of said) db.run("INSERT INTO said VALUES (?)", each);`,
  );
  const said = place.rows("SELECT x FROM said");
  expect(said).toHaveLength(3);
  for (const each of said) expect(each).toContain("cannot be used any more");
  expect(place.rows("SELECT count(*) FROM t")).toEqual(["3"]);
});

test("a statement that failed and was caught leaves the migration going", () => {
  const tried = attemptTs(
    setup,
    'try { db.exec("DROP TABLE nothing") } catch {} db.run("INSERT INTO t VALUES (?)", 4);',
  );
  expectApplied(tried);
  expect(tried.place.rows("SELECT count(*) FROM t")).toEqual(["4"]);
});

test("nothing runs once the transaction is lost, caught or not", () => {
  const body = `db.exec("DELETE FROM t");
    try { db.exec("INSERT INTO undone VALUES (1)") } catch {}
    try { db.exec("CREATE TABLE outside (x)") } catch {}
    try { db.run("DELETE FROM t") } catch {}`;
  const { ran, before, after } = attemptTs(setup, body);
  expect(ran.error?.code).toBe("step.transaction-lost");
  expect(after).toEqual(before);
});

test("statements that end the transaction are refused at run time", () => {
  for (const sql of ["COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE rung_step", "END", "VACUUM"]) {
    const body = `db.exec("DELETE FROM t"); try { db.exec("${sql}") } catch {} db.get("${sql}");`;
    const { ran, before, after } = attemptTs(setup, body);
    expect(`${sql}: ${ran.error?.code}`).toBe(`${sql}: step.forbidden`);
    expect(after).toEqual(before);
  }
});

test("a promise is refused, and what ran before it is undone", () => {
  const { ran, before, after } = attemptTs(
    setup,
    'db.exec("DELETE FROM t"); return Promise.resolve().then(() => db.exec("DROP TABLE t"));',
  );
  expect(ran.error?.code).toBe("step.promise");
  expect(after).toEqual(before);
});

test("a loop over many different statements", () => {
  const body = `for (let i = 0; i < 500; i++) { db.run("INSERT INTO t VALUES (" + i + ")"); db.get("SELECT x FROM t"); }
    db.exec("DROP TABLE undone"); db.exec("ALTER TABLE t ADD COLUMN y"); db.run("INSERT INTO t VALUES (1, 2)");`;
  const tried = attemptTs(setup, body);
  expectApplied(tried);
  expect(tried.place.rows("SELECT count(*) FROM t")).toEqual(["504"]);
});

test("a rebuild by prepared calls, under views that name the table", () => {
  const before = `${setup} CREATE VIEW v AS SELECT x FROM t;`;
  const body = `db.run("CREATE TABLE n (x NOT NULL)");
    for (const { x } of db.all("SELECT x FROM t")) db.run("INSERT INTO n VALUES (?)", x);
    db.run("DROP TABLE t"); db.run("ALTER TABLE n RENAME TO t");`;
  const tried = attemptTs(before, body);
  expectApplied(tried);
  expect(tried.place.rows("SELECT x FROM v")).toEqual(["1", "2", "3"]);
});
