// Splitting SQL into statements: exactly where SQLite would, with the place of each.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { placeOf, splitStatements } from "../src/migration/statements.ts";

function texts(sql: string): string[] {
  const split = splitStatements({ text: sql, file: "x.sql", line: 1 });
  if (!split.ok) throw new Error(split.failure.text);
  return split.value.map(({ text }) => text);
}

const trigger = `CREATE TRIGGER t_log AFTER UPDATE OF a ON t WHEN new.a <> old.a BEGIN
  INSERT INTO log VALUES ('a;b', CASE WHEN new.a = 1 THEN 'one' ELSE 'more' END);
  UPDATE t SET b = CASE new.a WHEN 1 THEN 2 END;
  -- END;
  /* ; END; */
  SELECT CASE WHEN 1 THEN 2 END;
END`;

/** One statement each, as written; SQLite takes them one after the other on an empty database. */
const statements = [
  "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT DEFAULT ';', \"c;d\" TEXT, [e;f] TEXT, `g;h` TEXT)",
  "CREATE TABLE log (what TEXT, how TEXT)",
  'CREATE TABLE words (begin TEXT, "end" TEXT, [commit;] TEXT, trigger TEXT, temp TEXT, explain TEXT)',
  trigger,
  "create temp trigger tt after insert on t begin select 1; end",
  "CREATE TEMPORARY TRIGGER ttt AFTER INSERT ON t BEGIN DELETE FROM log; END",
  "CREATE /* a ; b */ TRIGGER -- c ; d\n IF NOT EXISTS t_c BEFORE DELETE ON t BEGIN SELECT RAISE(IGNORE); END",
  'CREATE TRIGGER "end" AFTER DELETE ON log BEGIN SELECT "what;" FROM (SELECT 1 AS "what;"); END',
  "CREATE TEMP TABLE temp_table (trigger TEXT)",
  "CREATE VIEW v AS SELECT CASE a WHEN 1 THEN 'x;' END AS \"end\" FROM t",
  "CREATE UNIQUE INDEX t_b ON t (b) WHERE b <> ';'",
  "INSERT INTO t (a, b) VALUES (1, 'it''s; fine'), (2, '--no comment'), (3, '/* nor; this */')",
  "INSERT INTO words (begin, \"end\") VALUES ('BEGIN;', 'END;')",
  "UPDATE t SET b = CASE WHEN a = 1 THEN 'x' ELSE 'y;z' || b END WHERE a < 3",
  "EXPLAIN SELECT * FROM t",
  "EXPLAIN QUERY PLAN SELECT CASE a WHEN 1 THEN 2 END FROM t",
  "WITH c AS (SELECT 1 AS begin) SELECT begin FROM c",
  "SELECT 1 --;\n + 2",
  'SELECT 1/2, 3 - -4, 5 -- six;\n, \'"\', "b" /**/ FROM t',
  "SELECT 'größe; 😀', x'3b3b', 1e3 FROM t",
  "SELECT json('{\"a\": 1}') -> '$.a', '{;}'",
  "PRAGMA user_version = 3",
  "DELETE FROM words",
] as const;

const verbs = [
  "CREATE",
  "CREATE",
  "CREATE",
  "CREATE",
  "CREATE",
  "CREATE",
  "CREATE",
  "CREATE",
  "CREATE",
  "CREATE",
  "CREATE",
  "INSERT",
  "INSERT",
  "UPDATE",
  "EXPLAIN",
  "EXPLAIN",
  "WITH",
  "SELECT",
  "SELECT",
  "SELECT",
  "SELECT",
  "PRAGMA",
  "DELETE",
];

test("each statement alone stays whole, with or without its semicolon, and has its verb", () => {
  for (const [index, statement] of statements.entries()) {
    for (const form of [statement, `${statement};`, `${statement} ;;`, `\n\t${statement}\n;\n`]) {
      const split = splitStatements({ text: form, file: "x.sql", line: 1 });
      if (!split.ok) throw new Error(split.failure.text);
      expect(split.value.map(({ text }) => text)).toEqual([statement]);
      expect(split.value[0]?.verb).toBe(verbs[index] ?? "");
    }
  }
});

test("SQLite takes every statement of the list, so that what follows tells something", () => {
  using database = new Database(":memory:");
  for (const statement of statements) database.run(statement);
  expect(database.query("SELECT count(*) AS n FROM t").get()).toEqual({ n: 3 });
});

test("nothing but space and comments is no statement", () => {
  for (const sql of [
    "",
    " \n\t\f\r\n",
    ";",
    ";;; ;",
    "-- only a comment",
    "/* one */ -- two\n;/* three */",
    "--;",
  ]) {
    expect(texts(sql)).toEqual([]);
  }
});

test("comments before a statement are not part of it; those inside are", () => {
  expect(texts("-- one\n/* two; */ SELECT /* three; */ 1 -- four;\n ; SELECT 2 -- five")).toEqual([
    "SELECT /* three; */ 1",
    "SELECT 2",
  ]);
});

test("a trigger ends at END behind a semicolon, and nowhere before", () => {
  expect(texts(`${trigger}; SELECT 1`)).toEqual([trigger, "SELECT 1"]);
  expect(texts(`${trigger} /* done */ ; SELECT 1;`)).toEqual([trigger, "SELECT 1"]);
  // A word of its own only: these begin with END, and end nothing.
  const like = "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; ENDING; SELECT 2; END";
  expect(texts(`${like}; SELECT 1`)).toEqual([like, "SELECT 1"]);
});

test("words of the grammar as names do not confuse it", () => {
  expect(
    texts(`CREATE TABLE "trigger" (a); SELECT 1; CREATE TABLE x AS SELECT 1 AS trigger; SELECT 2`),
  ).toEqual([
    'CREATE TABLE "trigger" (a)',
    "SELECT 1",
    "CREATE TABLE x AS SELECT 1 AS trigger",
    "SELECT 2",
  ]);
  expect(texts("CREATE TABLE temp.trigger_log (a); SELECT 1")).toHaveLength(2);
  expect(
    texts("EXPLAIN CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END; SELECT 1"),
  ).toHaveLength(2);
});

test("each statement has its place: lines and columns in characters, from the section's first line", () => {
  const sql = "  SELECT 1; SELECT 2;\n-- x\n\n\tSELECT 3; /* 😀ä */ SELECT\n4;";
  const split = splitStatements({ text: sql, file: "dir/x.sql", line: 7 });
  if (!split.ok) throw new Error(split.failure.text);
  expect(split.value.map(placeOf)).toEqual([
    { file: "dir/x.sql", line: 7, column: 3 },
    { file: "dir/x.sql", line: 7, column: 13 },
    { file: "dir/x.sql", line: 10, column: 2 },
    { file: "dir/x.sql", line: 10, column: 21 },
  ]);
});

test("what is never closed, and NUL, are failures with their place", () => {
  const failures: readonly (readonly [string, number, number])[] = [
    ["SELECT 'a", 1, 8],
    ["SELECT 1;\n SELECT 'a''", 2, 9],
    ['SELECT "a', 1, 8],
    ["SELECT `a", 1, 8],
    ["SELECT [a", 1, 8],
    ["SELECT 1; /* a", 1, 11],
    ["SELECT 1; /*/", 1, 11],
    ["SELECT 1;\nSELECT 2;\0DROP TABLE t", 2, 10],
    ["SELECT '\0'", 1, 9],
  ];
  for (const [sql, line, column] of failures) {
    const split = splitStatements({ text: sql, file: "x.sql", line: 1 });
    expect(split).toMatchObject({
      ok: false,
      failure: { code: "catalog.text", at: { file: "x.sql", line, column } },
    });
  }
});

/** A sequence of numbers below 1 that is the same in every run, so that a failure can be seen again (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const gaps = [
  "",
  " ",
  "\n",
  "\r\n",
  "\t",
  "\f",
  "-- note; 'open\n",
  '/* [; " */',
  "/**/",
  "--\n",
  ";",
  " ; ; ",
];

interface Script {
  readonly text: string;
  readonly statements: readonly string[];
  /** Where each statement begins in the text. */
  readonly starts: readonly number[];
}

/** Statements of the list in their order, some left out where nothing needs them, with gaps in between. */
function randomScript(next: () => number): Script {
  const gap = (): string =>
    Array.from(
      { length: Math.floor(next() * 4) },
      () => gaps[Math.floor(next() * gaps.length)] ?? "",
    ).join("");
  const needed = 3;
  const chosen = statements.filter((_, index) => index < needed || next() < 0.6);
  const starts: number[] = [];
  let text = gap();
  for (const statement of chosen) {
    starts.push(text.length);
    text += `${statement}${gap()};${gap()}`;
  }
  if (next() < 0.3) text = text.replace(/[;\s]+$/, "");
  return { text, statements: chosen, starts };
}

test("any script splits into exactly its statements, at their places, and SQLite runs each", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const script = randomScript(numbers(seed));
    const split = splitStatements({ text: script.text, file: "x.sql", line: 1 });
    if (!split.ok) throw new Error(`seed ${seed}: ${split.failure.text}`);
    expect({ seed, found: split.value.map(({ text }) => text) }).toEqual({
      seed,
      found: [...script.statements],
    });
    const places = script.starts.map((start) => {
      const lines = script.text.slice(0, start).split("\n");
      return {
        file: "x.sql",
        line: lines.length,
        column: Array.from(lines.at(-1) ?? "").length + 1,
      };
    });
    expect({ seed, places: split.value.map(placeOf) }).toEqual({ seed, places });
  }
});

test("a script run statement by statement comes to the same as SQLite running it whole", () => {
  // SQLite keeps what stands between a statement and its semicolon: the text of an object tells nothing here.
  const objects =
    "SELECT type, name, tbl_name FROM sqlite_schema UNION ALL SELECT type, name, tbl_name FROM sqlite_temp_schema ORDER BY name";
  const rows =
    "SELECT 't', a, b FROM t UNION ALL SELECT 'log', what, how FROM log UNION ALL SELECT 'version', user_version, 0 FROM pragma_user_version";
  for (let seed = 1; seed <= 40; seed++) {
    const { text } = randomScript(numbers(seed));
    using apart = new Database(":memory:");
    using whole = new Database(":memory:");
    for (const statement of texts(text)) apart.run(statement);
    whole.run(text);
    for (const state of [objects, rows]) {
      expect(apart.query(state).all().length).toBeGreaterThan(0);
      expect(apart.query(state).all()).toEqual(whole.query(state).all());
    }
  }
});
