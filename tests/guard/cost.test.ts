// What watching costs: where nothing can be lost, no row is read that the migration did not ask for.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SchemaFacts } from "../../src/database/facts.ts";
import { LiveSchema } from "../../src/database/live.ts";
import { StepScope } from "../../src/database/scope.ts";
import { openConnection, type Connection, type Prepared } from "../../src/database/sqlite.ts";
import { defaultOptions } from "../../src/migration/migration.ts";
import { splitStatements } from "../../src/migration/statements.ts";
import type { ReadyStep } from "../../src/plan/step.ts";

const directory = mkdtempSync(join(tmpdir(), "rung-cost-"));
let files = 0;

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A compiled statement that tells when it is run: to compile one reads no row. */
function recordedStatement(prepared: Prepared, tell: () => void): Prepared {
  return {
    run: (...values) => (tell(), prepared.run(...values)),
    all: (...values) => (tell(), prepared.all(...values)),
    get: (...values) => (tell(), prepared.get(...values)),
    iterate: (...values) => (tell(), prepared.iterate(...values)),
    finalize: () => prepared.finalize(),
  };
}

/** A connection that writes down all SQL that goes through it. */
function recorded(connection: Connection, log: string[]): Connection {
  return {
    get inTransaction() {
      return connection.inTransaction;
    },
    errno: connection.errno,
    isOwn: connection.isOwn,
    ignored: connection.ignored,
    run: (sql) => {
      log.push(sql);
      connection.run(sql);
    },
    prepare: (sql) => recordedStatement(connection.prepare(sql), () => log.push(sql)),
    all: (sql, ...values) => {
      log.push(sql);
      return connection.all(sql, ...values);
    },
    get: (sql, ...values) => {
      log.push(sql);
      return connection.get(sql, ...values);
    },
    write: (sql, values) => {
      log.push(sql);
      connection.write(sql, values);
    },
    close: () => connection.close(),
  };
}

function stepOf(sql: string): ReadyStep {
  const statements = splitStatements({ text: sql, file: "1_step.sql", line: 1 });
  if (!statements.ok) throw new Error(statements.failure.text);
  const work = { kind: "script", statements: statements.value } as const;
  const place = { version: 1, name: "step", file: "1_step.sql", checksum: "", seq: null } as const;
  const base = {
    direction: "up",
    kind: "sql",
    options: defaultOptions,
    down: null,
    note: null,
  } as const;
  return { ...place, ...base, work };
}

/** The SQL that watching `sql` adds, on a database that holds `before`; and what is found lost. */
function watching(before: string, sql: string): { asked: string[]; found: number } {
  const connection = openConnection(join(directory, `${files++}.db`), "create");
  if (before !== "") connection.run(before);
  const log: string[] = [];
  const watched = recorded(connection, log);
  const step = stepOf(sql);
  watched.run("BEGIN");
  const scope = new StepScope(watched, new SchemaFacts(watched, new LiveSchema(watched)), step);
  const statements = step.work.kind === "script" ? step.work.statements : [];
  for (const statement of statements) scope.run(statement, () => connection.run(statement.text));
  const found = scope.findings().length;
  connection.close();
  return { asked: log, found };
}

/** Whether SQL of ours reads a user's table rather than the schema. */
function isScan(sql: string): boolean {
  return /foreign_key_check|integrity_check|count\(|\bFROM main\.`/.test(sql);
}

const before = `CREATE TABLE p (id INTEGER PRIMARY KEY, code UNIQUE, note);
  CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p, q REFERENCES p (code), note);
  CREATE TABLE free (x);
  INSERT INTO p VALUES (1, 'a', ''); INSERT INTO c VALUES (1, 1, 'a', '');
  CREATE VIEW v AS SELECT * FROM c;`;

describe("no row is read for", () => {
  test.each([
    [
      "plain CREATE statements",
      `CREATE TABLE a (id INTEGER PRIMARY KEY, p REFERENCES p, c REFERENCES c);
      CREATE TABLE b AS SELECT * FROM p; CREATE INDEX a_p ON a (p); CREATE UNIQUE INDEX c_p ON c (p);
      CREATE VIEW w AS SELECT * FROM a; CREATE TRIGGER t AFTER INSERT ON free BEGIN DELETE FROM b; END;
      CREATE VIRTUAL TABLE f USING fts5(x);`,
    ],
    [
      "rows of a table without references",
      "INSERT INTO free VALUES (1); UPDATE free SET x = 2; DELETE FROM free;",
    ],
    [
      "columns that are no keys",
      "UPDATE c SET note = 'n'; UPDATE p SET note = (SELECT 1), note = 'x' WHERE id = 1;",
    ],
    ["new rows of a parent", "INSERT INTO p VALUES (2, 'b', '');"],
    ["rows of a child that go", "DELETE FROM c;"],
    [
      "a table altered that has no references",
      "ALTER TABLE free ADD COLUMN y; ALTER TABLE free RENAME TO bound;",
    ],
    ["views, triggers and indexes that go", "CREATE INDEX i ON c (p); DROP INDEX i; DROP VIEW v;"],
    ["a table that goes for good", "DROP TABLE free;"],
  ])("%s", (_name, sql) => {
    const { asked, found } = watching(before, sql);
    expect(asked.filter(isScan)).toEqual([]);
    expect(found).toBe(0);
    expect(asked.length).toBeGreaterThan(3);
  });
});

// So that the tests above can fail.
test.each([
  ["DELETE FROM p WHERE id = 2;", 4],
  ["UPDATE c SET p = 1;", 4],
  ["DROP TABLE free; CREATE TABLE free (x);", 2],
])("rows are read for %s", (sql, scans) => {
  expect(watching(before, sql).asked.filter(isScan)).toHaveLength(scans);
});

test("a large schema is not read again for each CREATE", () => {
  const large = Array.from({ length: 300 }, (_, at) => `CREATE TABLE t${at} (x REFERENCES p);`);
  const creates = Array.from({ length: 50 }, (_, at) => `CREATE TABLE n${at} (x REFERENCES p);`);
  const { asked, found } = watching(`${before} ${large.join("")}`, creates.join("\n"));
  expect(found).toBe(0);
  // A few questions for each statement, and at the end one on each new key's parent.
  expect(asked.length).toBeLessThan(50 * 8);
});

test("a statement in a loop is looked at once", () => {
  const inserts = Array.from({ length: 100 }, () => "INSERT INTO c (p) VALUES (1);").join("\n");
  expect(watching(before, inserts).asked.filter(isScan)).toHaveLength(4);
});
