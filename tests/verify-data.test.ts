// verify --data: tables hold generated rows, and what a down does not bring back of them is named, and is no failure.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { json, jsonLines, Place, type Files } from "./rung.ts";

function sql(up: string, down: string | null): string {
  return `-- migrate:up\n${up}\n${down === null ? "" : `-- migrate:down\n${down}\n`}`;
}

/** A migration that writes down what it finds each time it goes up; the first time, that is what was generated. */
function look(...queries: readonly string[]): string {
  return `import { appendFileSync } from "node:fs";
export function up(db) {
  const found = ${JSON.stringify(queries)}.map((query) => db.all(query));
  appendFileSync("found", JSON.stringify({ found }) + "\\n");
}
export function down() {}
`;
}

function found(place: Place): unknown {
  return jsonLines(readFileSync(place.at("found"), "utf8"))[0]?.["found"];
}

async function lines(place: Place): Promise<readonly [number | null, readonly string[]]> {
  const { status, stdout } = await place.rung(["verify", "--data"]);
  return [status, stdout.trimEnd().split("\n")];
}

const users = sql(
  "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, nick TEXT);",
  "DROP TABLE users;",
);
const dropNick = sql(
  "ALTER TABLE users DROP COLUMN nick;",
  "ALTER TABLE users ADD COLUMN nick TEXT;",
);

test("a wrong down, a lossy one and one declared missing: each by what it is, and only the wrong one fails", async () => {
  using place = new Place();
  const files: Files = {
    "1_users.sql": users,
    "2_lossy.sql": dropNick,
    "3_none.sql": sql("CREATE VIEW v AS SELECT id FROM users;", null),
  };
  place.write(files);
  expect(await lines(place)).toEqual([
    0,
    [
      "1 users: reversible",
      "2 lossy: lossy: its down does not bring the rows back as they were",
      "  - table users: other values in column nick",
      "3 none: irreversible, as declared: it has no down",
    ],
  ]);
  place.write({
    "4_wrong.sql": sql("CREATE TABLE w (a); CREATE INDEX ui ON users (email);", "DROP TABLE w;"),
  });
  const [status, told] = await lines(place);
  expect([status, ...told.slice(4)]).toEqual([
    6,
    "4 wrong: NOT undone",
    "  - index ui has been added",
  ]);
  const { stdout } = await place.rung(["verify", "--data", "--json"]);
  expect(json(stdout)).toMatchObject({
    ok: false,
    count: 4,
    migrations: [
      { verdict: "reversible" },
      {
        verdict: "lossy",
        lost: [{ table: "users", columns: ["nick"], gone: 0, added: 0, rows: [] }],
      },
      { verdict: "irreversible" },
      { verdict: "not-undone" },
    ],
    error: { code: "verify.not-reversible" },
  });
  // Without rows there is nothing to lose.
  expect((await place.rung(["verify"])).stdout).toContain("2 lossy: reversible\n");
  expect(place.list()).toEqual(["migrations"]);
});

test("as a message, with the same words", async () => {
  using place = new Place();
  place.write({ "1_users.sql": users, "2_lossy.sql": dropNick });
  const { status, replies } = await place.send([{ type: "verify", msg_id: 1, data: true }]);
  expect([status, replies]).toMatchObject([
    0,
    [{ type: "verified", in_reply_to: 1, migrations: [{}, { verdict: "lossy" }] }],
  ]);
});

test("rows that are gone, rows that are too many, and values that are others; what comes back is no loss", async () => {
  using place = new Place();
  place.write({
    "1_users.sql": users,
    "3_backfill.sql": sql(
      "ALTER TABLE users ADD COLUMN loud TEXT; UPDATE users SET loud = upper(email);",
      "ALTER TABLE users DROP COLUMN loud;",
    ),
    "2_rebuild.sql": sql(
      "CREATE TABLE n (id INTEGER PRIMARY KEY, nick TEXT, email TEXT NOT NULL UNIQUE); INSERT INTO n SELECT id, nick, email FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users;",
      "CREATE TABLE n (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, nick TEXT); INSERT INTO n SELECT id, email, nick FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users;",
    ),
    "4_purge.sql": sql("DELETE FROM users WHERE nick IS NULL;", "SELECT 1;"),
    "5_table.sql": sql("CREATE TABLE t (a, b);", "DROP TABLE t;"),
    "6_leave.sql": sql("INSERT INTO t VALUES (1, 2);", "SELECT 1;"),
    "7_shout.sql": sql(
      "UPDATE users SET nick = upper(nick);",
      "UPDATE users SET nick = lower(nick);",
    ),
    "8_mangle.sql": sql("UPDATE t SET b = 'x';", "UPDATE t SET b = 'y';"),
  });
  expect(await lines(place)).toEqual([
    0,
    [
      "1 users: reversible",
      "2 rebuild: reversible",
      "3 backfill: reversible",
      "4 purge: lossy: its down does not bring the rows back as they were",
      "  - table users: 1 row gone (id 900002)",
      "5 table: reversible",
      "6 leave: lossy: its down does not bring the rows back as they were",
      "  - table t: 1 row too many (a 1, b 2)",
      "7 shout: reversible",
      "8 mangle: lossy: its down does not bring the rows back as they were",
      "  - table t: other values in column b",
    ],
  ]);
});

test("a column that was added has values, too, by the time that it is dropped", async () => {
  using place = new Place();
  place.write({
    "1_users.sql": users,
    "2_add.sql": sql(
      "ALTER TABLE users ADD COLUMN flag INTEGER NOT NULL DEFAULT 0;",
      "ALTER TABLE users DROP COLUMN flag;",
    ),
    "3_drop.sql": sql(
      "ALTER TABLE users DROP COLUMN flag;",
      "ALTER TABLE users ADD COLUMN flag INTEGER NOT NULL DEFAULT 0;",
    ),
  });
  const [status, told] = await lines(place);
  expect([status, told.at(-1)]).toEqual([0, "  - table users: other values in column flag"]);
});

test("values are exact: big integers, blobs, a NUL in a text, 1 and 1.0; a row that is there twice is two", async () => {
  const values = "9007199254740993, x'00ff', 'a' || char(0) || 'b', 1";
  const change = async (back: string): Promise<string> => {
    using place = new Place();
    place.write({
      "1_t.sql": sql(
        `CREATE TABLE t (a, b, c, d); INSERT INTO t VALUES (${values}), (${values});`,
        null,
      ),
      "2_change.sql": sql(
        "DELETE FROM t WHERE rowid = (SELECT min(rowid) FROM t);",
        `INSERT INTO t VALUES (${back});`,
      ),
    });
    const [, told] = await lines(place);
    return told.slice(1).join("\n");
  };
  const results = await Promise.all(
    [
      values,
      "9007199254740992, x'00ff', 'a' || char(0) || 'b', 1",
      "9007199254740993, x'00fe', 'a' || char(0) || 'b', 1",
      "9007199254740993, x'00ff', 'a' || char(0) || 'c', 1",
      "9007199254740993, x'00ff', 'a' || char(0) || 'b', 1.0",
    ].map(change),
  );
  expect(results.map((text) => text.match(/column (\w)$/)?.[1] ?? text)).toEqual([
    "2 change: reversible",
    "a",
    "b",
    "c",
    "d",
  ]);
});

test("an up that fails on generated rows alone is told, tried without them, and does not fail", async () => {
  using place = new Place();
  place.write({
    "1_users.sql": users,
    "2_unique.sql": sql("CREATE UNIQUE INDEX u ON users (email IS NULL);", "DROP INDEX u;"),
    "3_lossy.sql": dropNick,
  });
  const [status, told] = await lines(place);
  expect([status, ...told.slice(1, 4)]).toEqual([
    0,
    "2 unique: reversible",
    "  note: its up fails on generated rows: Migration 2 unique failed: UNIQUE constraint failed: index 'u'.",
    expect.stringContaining("3 lossy: "),
  ]);
});

test("an up that fails without rows, too, fails as ever; one that cannot be repeated is not repeatable", async () => {
  using place = new Place();
  place.write({
    "1_roles.sql": sql("CREATE TABLE roles (id INTEGER PRIMARY KEY);", "DROP TABLE roles;"),
    "2_admin.sql": sql("INSERT INTO roles VALUES (1);", "SELECT 1;"),
    "3_bad.sql": sql("nonsense;", null),
  });
  expect(await lines(place)).toEqual([
    6,
    [
      "1 roles: reversible",
      "2 admin: NOT repeatable",
      "  - table roles: 1 row too many (id 1)",
      "3 bad: NOT applied: its up fails",
    ],
  ]);
});

test("a second up that makes other rows, by chance or by the clock, is a note", async () => {
  using place = new Place();
  place.write({
    "1_t.sql": sql("CREATE TABLE t (id INTEGER PRIMARY KEY, token);", "DROP TABLE t;"),
    "2_chance.sql": sql("INSERT INTO t VALUES (1, random());", "DELETE FROM t WHERE id = 1;"),
  });
  expect(await lines(place)).toEqual([
    0,
    [
      "1 t: reversible",
      "2 chance: reversible",
      "  note: its second up makes other rows: table t: other values in column token",
    ],
  ]);
});

test("what no row can satisfy is told and stops nothing: triggers that raise, roll back or ignore, keys without a parent", async () => {
  using place = new Place();
  place.write({
    "1_tables.sql": sql(
      `CREATE TABLE a (x INTEGER PRIMARY KEY CHECK (x > 5 AND x < 5));
CREATE TABLE b (x); CREATE TRIGGER bt BEFORE INSERT ON b BEGIN SELECT raise(ROLLBACK, 'not here'); END;
CREATE TABLE c (x); CREATE TRIGGER ct BEFORE INSERT ON c BEGIN SELECT raise(IGNORE); END;
CREATE TABLE d (x NOT NULL REFERENCES a);
CREATE TABLE e (x NOT NULL, y AS (x + 1) CHECK (y = 8));
CREATE TABLE "odd one, x.y" ("a ""b" TEXT UNIQUE, [select] INT DEFAULT 3);
CREATE VIRTUAL TABLE f USING fts5(x);
CREATE TABLE "g" (id INTEGER PRIMARY KEY CHECK (id = 1));`,
      null,
    ),
    "2_look.ts": look(
      "SELECT count(*) AS n FROM b",
      "SELECT count(*) AS n FROM f",
      'SELECT count(*) AS n FROM "odd one, x.y"',
      "SELECT count(*) AS n FROM g",
    ),
  });
  const [status, told] = await lines(place);
  expect([status, told[0]]).toEqual([0, "1 tables: irreversible, as declared: it has no down"]);
  expect(told.slice(2).sort()).toEqual([
    "  note: table a could not be seeded: CHECK constraint failed: x > 5 AND x < 5",
    "  note: table b could not be seeded: not here",
    "  note: table c could not be seeded: a trigger ignores the rows",
    "  note: table d could not be seeded: its foreign keys find no rows to refer to",
    "  note: table e could not be seeded: CHECK constraint failed: y = 8",
  ]);
  expect(found(place)).toEqual([[{ n: 0 }], [{ n: 0 }], [{ n: 3 }], [{ n: 1 }]]);
});

test("conditions of many kinds are met, NULL and values both occur, and the same catalog gives the same rows", async () => {
  const conditions = [
    "status TEXT NOT NULL CHECK (status IN ('open', 'shut'))",
    "age INT NOT NULL CHECK (age BETWEEN 18 AND 99)",
    "code TEXT NOT NULL CHECK (length(code) = 5 AND code GLOB '[A-Z]*')",
    "mail TEXT NOT NULL UNIQUE CHECK (mail LIKE '%_@_%.com')",
    "at TEXT NOT NULL CHECK (at IS date(at))",
    "doc TEXT NOT NULL CHECK (json_valid(doc) AND json_type(doc) = 'object')",
    "share REAL NOT NULL CHECK (share > 0 AND share < 1)",
    "low INT NOT NULL, high INT NOT NULL, CHECK (low < high AND high < 10)",
    "kind INT CONSTRAINT known CHECK (kind IN (1, 2)), note TEXT, CHECK ((kind IS NULL) = (note IS NULL))",
  ];
  const tables = conditions.map((condition, at) => `CREATE TABLE t${at} (${condition});`);
  const all = conditions.map((_, at) => `SELECT * FROM t${at}`);
  const ran = await Promise.all(
    [1, 2].map(async () => {
      using place = new Place();
      place.write({ "1_t.sql": sql(tables.join("\n"), null), "2_look.ts": look(...all) });
      return [await lines(place), found(place)] as const;
    }),
  );
  const [first, second] = ran;
  expect(first?.[0]).toEqual([
    0,
    ["1 t: irreversible, as declared: it has no down", "2 look: reversible"],
  ]);
  expect(second).toEqual(first);
  const text = JSON.stringify(first?.[1]);
  expect(text).not.toContain("[]");
  expect(text).toContain('{"kind":null,"note":null}');
  expect(text).toMatch(/\{"kind":[12],"note":"/);
});

/** Numbers that look random, and are the same every time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

const types = ["INTEGER", "TEXT", "REAL", "BLOB", "INT", "ANY"];
const conditionsOf: Readonly<Record<string, readonly string[]>> = {
  INTEGER: ["# > 0", "# IN (1, 5, 7)", "# % 2 = 0", "# <> 900001"],
  INT: ["# BETWEEN -5 AND 5", "typeof(#) = 'integer'"],
  TEXT: ["length(#) > 3", "# <> ''", "# IN ('x', 'y', 'it''s')", "# = lower(#)"],
  REAL: ["# < 100", "# >= 0.5"],
  BLOB: ["length(#) > 1"],
  ANY: ["# IS NOT 0"],
};

/** A schema of tables that refer to each other, and to themselves, by keys of one column or two. */
function randomSchema(seed: number, count: number): string {
  const below = random(seed);
  const chance = (percent: number): boolean => below(100) < percent;
  return Array.from({ length: count }, (_, at) => {
    const columns = Array.from({ length: 1 + below(4) }, (_, place) => {
      const type = types[below(types.length)] ?? "TEXT";
      const name = chance(20) ? `"c ${place}.""x"` : `c${place}`;
      const options = conditionsOf[type] ?? [];
      const condition = options[below(options.length)] ?? "1";
      return [
        `${name} ${type}`,
        chance(40) ? " NOT NULL" : "",
        chance(20) && !condition.includes("IN (") ? " UNIQUE" : "",
        chance(20) && type === "TEXT" ? " COLLATE NOCASE" : "",
        chance(35) ? ` CHECK (${condition.replaceAll("#", name)})` : "",
      ].join("");
    });
    const isWide = at % 3 === 2;
    const parent = below(at + 1);
    const reference = chance(50) ? " NOT NULL" : "";
    const own = isWide ? "k INTEGER NOT NULL, l TEXT NOT NULL" : "k INTEGER PRIMARY KEY, l TEXT";
    const key = isWide ? ["PRIMARY KEY (k, l)"] : ["UNIQUE (k, l)"];
    const parts = [
      own,
      ...columns,
      ...(chance(50) ? [`p INTEGER${reference}, q TEXT${reference}`] : []),
      ...(chance(30) ? ["g TEXT AS (k || l)"] : []),
      ...key,
    ];
    if (parts.some((part) => part.startsWith("p "))) {
      parts.push(
        `FOREIGN KEY (p, q) REFERENCES "t ${parent}" (k, l) DEFERRABLE INITIALLY DEFERRED`,
      );
    }
    const options = [
      ...(isWide && chance(60) ? ["WITHOUT ROWID"] : []),
      ...(chance(50) ? ["STRICT"] : []),
    ];
    return `CREATE TABLE "t ${at}" (${parts.join(", ")}) ${options.join(", ")};`;
  }).join("\n");
}

test("random schemas: every table has rows, and they satisfy its constraints", async () => {
  const count = 14;
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
  const each = seeds.map(async (seed) => {
    using place = new Place();
    const counts = Array.from(
      { length: count },
      (_, at) => `(SELECT count(*) FROM "t ${at}") AS n${at}`,
    );
    place.write({
      "1_t.sql": sql(randomSchema(seed, count), null),
      "2_look.ts": look(
        "PRAGMA foreign_key_check",
        "PRAGMA integrity_check",
        `SELECT ${counts.join(", ")}`,
      ),
    });
    const told = await lines(place);
    expect([seed, told]).toEqual([
      seed,
      [0, ["1 t: irreversible, as declared: it has no down", "2 look: reversible"]],
    ]);
    const [broken, integrity, rows] = JSON.parse(JSON.stringify(found(place)));
    expect([seed, broken, integrity]).toEqual([seed, [], [{ integrity_check: "ok" }]]);
    const few = Object.entries(rows[0]).filter(([, n]) => n === 0);
    expect([seed, few]).toEqual([seed, []]);
  });
  await Promise.all(each);
});
