// Which migrations a run works with, and every way in which their files can be wrong.

import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathsIn } from "../src/platform/system.ts";
import { json, Place, table, type Files, type Row } from "./rung.ts";

/** Expects that a catalog is refused before anything runs, at a place, by every command and by a message. */
async function refused(
  files: Files,
  code: string,
  at: string,
  says: readonly (string | RegExp)[],
  commands: readonly string[] = ["migrate", "status", "rollback"],
): Promise<void> {
  using place = new Place();
  place.write(files);
  for (const command of commands) {
    const { status, stdout, stderr } = await place.rung([command]);
    expect([status, stdout]).toEqual([3, ""]);
    expect(stderr).toStartWith(`rung: ${at}: `);
    expect(stderr.split("\n")[0]).toEndWith(` [${code}]`);
    expect(stderr).toMatch(/\nhint: .+\n$/);
    for (const each of says) expect(stderr).toMatch(each);
  }
  const [file = "", line = "", column = ""] = at.split(/:(?=\d)/);
  const { stdout } = await place.rung([`{"type":"migrate","msg_id":1}`]);
  expect(json(stdout)).toMatchObject({
    code: 22,
    error: code,
    changed: "nothing",
    file,
    line: Number(line),
    column: Number(column),
  });
  expect(place.list()).toEqual(["migrations"]);
}

/** Where only migrate reads so far into a file. */
const migrate = ["migrate"];

test("--dir, else RUNG_DIR, else ./migrations, else the embedded sample", async () => {
  using place = new Place();
  const catalogOf = async (words: string[], env: Record<string, string>): Promise<unknown> => {
    const { stdout } = await place.rung(["status", "--json", ...words], { env });
    const { catalog, migrations } = json(stdout);
    return [catalog, Array.isArray(migrations) ? migrations.length : null];
  };
  const env = { RUNG_DIR: "two" };
  place.write({ "1_a.sql": table("a") }, "one");
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") }, "two");
  expect(await catalogOf([], {})).toEqual(["embedded sample", 2]);
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b"), "3_c.sql": table("c") });
  expect(await catalogOf([], {})).toEqual(["migrations", 3]);
  expect(await catalogOf([], { RUNG_DIR: "" })).toEqual(["migrations", 3]);
  expect(await catalogOf([], env)).toEqual(["two", 2]);
  expect(await catalogOf(["--dir", "one"], env)).toEqual(["one", 1]);
  expect(await catalogOf([`--dir=${place.at("one")}/`], env)).toEqual([`${place.at("one")}/`, 1]);
});

test("a directory that is not there: exit 3, wherever its name comes from", async () => {
  using place = new Place();
  place.write({ file: "" }, ".");
  for (const [words, env] of [
    [["--dir", "nowhere"], {}],
    [[], { RUNG_DIR: "nowhere" }],
    [["--dir", "file"], {}],
  ] as const) {
    const { status, stderr } = await place.rung(["migrate", ...words], { env });
    expect(status).toBe(3);
    expect(stderr).toMatch(/no migrations directory at (nowhere|file)\. \[catalog\.not-found\]/);
  }
  expect(place.list()).toEqual(["file"]);
});

test("a file named migrations is no directory: the sample stands", async () => {
  using place = new Place();
  place.write({ migrations: "" }, ".");
  expect((await place.rung(["status"])).stdout).toContain("create_users");
});

test("an empty directory is a catalog of nothing", async () => {
  using place = new Place();
  place.write({ "README.md": "Nothing here yet." });
  expect(await place.rung(["status"])).toEqual({
    status: 0,
    stdout: "No migrations, none applied: rung.db\n",
    stderr: "",
  });
  expect(await place.rung(["migrate"])).toEqual({
    status: 0,
    stdout: "Nothing to apply: rung.db is up to date\n",
    stderr: "",
  });
  expect((await place.rung(["rollback"])).status).toBe(4);
});

async function bytesOf(place: Place): Promise<string> {
  return Buffer.from(await Bun.file(place.at("rung.db")).arrayBuffer()).toString("base64");
}

test("the sample never lands in a database with tables of its own", async () => {
  for (const sql of [
    "CREATE TABLE customers (id INTEGER PRIMARY KEY)",
    "CREATE VIEW numbers AS SELECT 1",
    "CREATE TABLE schema_migrations (version TEXT)",
    "CREATE TABLE rungs (id)",
  ]) {
    using place = new Place();
    place.execute(sql);
    const before = await bytesOf(place);
    for (const command of ["migrate", "status"]) {
      const { status, stdout, stderr } = await place.rung([command]);
      expect([status, stdout]).toEqual([3, ""]);
      expect(stderr).toContain("[catalog.none-given]");
      expect(stderr).toMatch(/\nhint: .*--dir DIR.*\.\/migrations/);
    }
    const { stdout } = await place.rung([`{"type":"migrate","msg_id":1}`]);
    expect(json(stdout)).toMatchObject({ code: 22, error: "catalog.none-given" });
    expect(await bytesOf(place)).toBe(before);
    expect(place.list()).toEqual(["rung.db"]);
  }
});

test("the sample never lands in a database with another history, even one that is empty again", async () => {
  using place = new Place();
  place.write({ "1_create_users.sql": table("users"), "2_b.sql": table("b") }, "mine");
  await place.rung(["migrate", "--dir", "mine"]);
  const refuse = async (): Promise<void> => {
    const before = await bytesOf(place);
    const { status, stderr } = await place.rung(["migrate"]);
    expect(status).toBe(3);
    expect(stderr).toContain("[catalog.none-given]");
    expect(await bytesOf(place)).toBe(before);
  };
  await refuse();
  // What history keeps is enough to undo it without the directory.
  expect(await place.rung(["rollback"])).toMatchObject({ status: 0 });
  expect(place.tables()).toEqual(["users"]);
  await refuse();
});

test("the sample's own history is at home in the stock executable, next to tables made since", async () => {
  using place = new Place();
  await place.rung(["migrate"]);
  await place.rung(["rollback"]);
  place.execute("CREATE TABLE extra (id)");
  expect(await place.rung(["migrate"])).toMatchObject({ status: 0 });
  expect(place.tables()).toEqual(["extra", "posts", "users"]);
  // Rolled back entirely, the other table alone is left: somebody's database now.
  await place.rung(["rollback"]);
  await place.rung(["rollback"]);
  expect((await place.rung(["migrate"])).status).toBe(3);
});

test("a database that knows nothing but rung's own tables takes the sample again", async () => {
  using place = new Place();
  await place.rung(["migrate"]);
  await place.rung(["rollback"]);
  await place.rung(["rollback"]);
  expect(place.tables()).toEqual([]);
  expect(await place.rung(["migrate"])).toMatchObject({ status: 0 });
  expect(place.applied()).toEqual([1, 2]);
});

const wrongNames = [
  "create_users.sql",
  "1.sql",
  "1_.sql",
  "_a.sql",
  "1-a.sql",
  "v1_a.sql",
  "1_a.b.sql",
  "1_a.Up.sql",
  "-1_a.sql",
  "1.5_a.sql",
  "a.ts",
  "1_a.up.ts",
  "helpers.ts",
  "1_a.test.ts",
  "1_tab\there.sql",
];

for (const name of wrongNames) {
  test(`${JSON.stringify(name)} is not the name of a migration`, async () => {
    await refused(
      { "2_fine.sql": table("fine"), [name]: table("a") },
      "catalog.filename",
      `migrations/${name}:1:1`,
      ["This is not the name of a migration", "0001_create_users.sql"],
    );
  });
}

for (const digits of ["0", "000", "9007199254740992", "99999999999999999999999"]) {
  test(`version ${digits} is out of range`, async () => {
    const file = `${digits}_a.sql`;
    await refused({ [file]: table("a") }, "catalog.filename", `migrations/${file}:1:1`, [
      `The version ${digits} is not between 1 and 9007199254740991`,
    ]);
  });
}

test("versions from 1 to 2^53 - 1, in any width, apply in order of their number", async () => {
  using place = new Place();
  place.write({
    "9007199254740991_last.sql": table("last"),
    "10_ten.sql": table("ten"),
    "9_nine.sql": table("nine"),
    "0001_one.sql": table("one"),
    "20260423120000_stamp.sql": table("stamp"),
  });
  expect((await place.rung(["migrate"])).stderr).toBe("");
  expect(place.applied()).toEqual([1, 9, 10, 20260423120000, 9007199254740991]);
  const { stdout } = await place.rung([`{"type":"rollback","msg_id":1}`]);
  expect(stdout).toBe(
    `{"type":"migration_rolled_back","in_reply_to":1,"version":9007199254740991,"name":"last"}\n`,
  );
});

const twice: readonly (readonly [string, string])[] = [
  ["1_a.sql", "1_b.sql"],
  ["0001_a.sql", "1_a.sql"],
  ["1_a.sql", "1_a.ts"],
  ["1_a.sql", "1_a.up.sql"],
  ["1_a.up.sql", "1_b.up.sql"],
  ["01_a.up.sql", "1_a.up.sql"],
];

for (const [first, second] of twice) {
  test(`${first} and ${second} claim one version: both are named`, async () => {
    await refused(
      { [first]: table("a"), [second]: table("b") },
      "catalog.duplicate-version",
      `migrations/${second}:1:1`,
      [`Version 1 is taken twice: by ${first} and by ${second}`],
    );
  });
}

test("a down of a pair that belongs to another name, or to a file of two sections, is a duplicate", async () => {
  const up = "CREATE TABLE a (id);";
  for (const other of ["1_a.up.sql", "1_b.sql"]) {
    const content = other.includes("up") ? up : table("b");
    const down = "1_b.down.sql";
    await refused(
      { [other]: content, [down]: "DROP TABLE a;" },
      "catalog.duplicate-version",
      `migrations/${down}:1:1`,
      [other, down],
    );
  }
});

test("a down without its up", async () => {
  await refused(
    { "1_a.down.sql": "DROP TABLE a;" },
    "catalog.filename",
    "migrations/1_a.down.sql:1:1",
    ["1_a.up.sql does not exist"],
  );
});

test("no marker: run as plain text it would do up and down at once", async () => {
  for (const text of ["", "\n\n", "CREATE TABLE a (id);\nDROP TABLE a;\n", "-- just a comment\n"]) {
    await refused({ "1_a.sql": text }, "catalog.no-marker", "migrations/1_a.sql:1:1", [
      "There is no '-- migrate:up' in this file",
      /hint: .*'-- migrate:up'.*'-- migrate:down'/,
    ]);
  }
});

test("a down section without an up section", async () => {
  await refused(
    { "1_a.sql": "\n-- migrate:down\nDROP TABLE a;\n" },
    "catalog.no-marker",
    "migrations/1_a.sql:2:1",
    ["There is no '-- migrate:up'"],
  );
});

const otherTools: readonly (readonly [string, string])[] = [
  ["-- +goose Up", "goose"],
  ["-- +goose StatementBegin", "goose"],
  ["--> statement-breakpoint", "drizzle"],
  ["-- +migrate Up", "sql-migrate"],
  ["-- +migrate Down", "sql-migrate"],
  ["--//@UNDO", "MyBatis"],
  ["-- liquibase formatted sql", "Liquibase"],
  ["--liquibase formatted sql", "Liquibase"],
  ["-- up", "another tool"],
  ["-- Down Migration", "another tool"],
  ["-- @DOWN", "another tool"],
];

for (const [marker, tool] of otherTools) {
  test(`${marker} is a marker of ${tool}: refused, with what to do`, async () => {
    await refused(
      { "1_a.sql": `CREATE TABLE a (id);\n  ${marker}\nDROP TABLE a;\n` },
      "catalog.other-tool",
      "migrations/1_a.sql:2:3",
      [`This is a marker of ${tool}`, "hint: Begin the file with '-- migrate:up'"],
    );
  });
}

test("another tool's marker is refused next to ours too, and in a split file", async () => {
  const both = "-- migrate:up\nCREATE TABLE a (id);\n-- +goose Down\nDROP TABLE a;\n";
  await refused({ "1_a.sql": both }, "catalog.other-tool", "migrations/1_a.sql:3:1", ["goose"]);
  const split = "CREATE TABLE a (id);\n--> statement-breakpoint\nCREATE TABLE b (id);\n";
  await refused({ "1_a.up.sql": split }, "catalog.other-tool", "migrations/1_a.up.sql:2:1", [
    "drizzle",
  ]);
});

test("a comment that only looks like another tool's bare marker is a comment where ours stand", async () => {
  using place = new Place();
  place.write({ "1_a.sql": `-- up\n${table("a").replace("CREATE", "-- down\nCREATE")}` });
  expect((await place.rung(["migrate"])).stderr).toBe("");
  expect(place.tables()).toEqual(["a"]);
});

test("a marker inside a string, a comment or a name is no marker", async () => {
  using place = new Place();
  const up = [
    "CREATE TABLE a (t TEXT, [",
    "-- migrate:down",
    "] TEXT);",
    "INSERT INTO a (t) VALUES ('",
    "-- migrate:down",
    "-- +goose Down');",
    "/*",
    "-- migrate:down",
    "*/",
    'CREATE TABLE "',
    "-- migrate:up",
    '" (id);',
    "CREATE TABLE b (id); -- migrate:down",
    "",
  ].join("\n");
  place.write({ "1_a.sql": `-- migrate:up\n${up}-- migrate:down\nDROP TABLE b;\n` });
  expect((await place.rung(["migrate"])).stderr).toBe("");
  expect(place.tables()).toEqual(["\n-- migrate:up\n", "a", "b"]);
  expect(place.query("SELECT t FROM a")).toEqual([{ t: "\n-- migrate:down\n-- +goose Down" }]);
  expect(place.query("SELECT down FROM rung_history")).toEqual([
    { down: "-- migrate:down\nDROP TABLE b;\n" },
  ]);
});

test("markers in any case and spacing", async () => {
  using place = new Place();
  place.write({
    "1_a.sql": "--migrate:up\nCREATE TABLE a (id);\n  --  Migrate: DOWN  \nDROP TABLE a;",
    "2_b.sql":
      "/* a licence */\n-- a word\n\n\t-- MIGRATE:UP\nCREATE TABLE b (id);\n-- migrate:down",
  });
  expect((await place.rung(["migrate"])).stderr).toBe("");
  expect(place.tables()).toEqual(["a", "b"]);
  expect((await place.rung(["rollback"])).stderr).toBe("");
  expect((await place.rung(["rollback"])).stderr).toBe("");
  expect(place.tables()).toEqual(["b"]);
});

const wrongMarkers: readonly (readonly [string, string, string, RegExp])[] = [
  [
    "an unknown option",
    "-- migrate:up transaction:no\n",
    "1:1",
    /'transaction:no' is not an option/,
  ],
  ["a misspelt option", "-- migrate:up transacton:false\n", "1:1", /Did you mean transaction\?/],
  ["an unknown loss", "-- migrate:up allow:rows\n", "1:1", /'rows' is not a loss/],
  [
    "an option twice",
    "-- migrate:up allow:lost-rows allow:lost-rows\n",
    "1:1",
    /'allow' is given twice/,
  ],
  [
    "an option of the down",
    "-- migrate:up\n\n -- migrate:down foo\n",
    "3:2",
    /'foo' is not an option/,
  ],
  ["a wrong word", "-- migrate:up\n-- migrate:dwon\n", "2:1", /'-- migrate:dwon' has no place/],
  [
    "up twice",
    "-- migrate:up\nSELECT 1;\n-- migrate:up\n",
    "3:1",
    /'-- migrate:up' stands here a second time/,
  ],
  ["down twice", "-- migrate:up\n-- migrate:down\n-- migrate:down\n", "3:1", /second time/],
  ["down before up", "-- migrate:down\n-- migrate:up\n", "2:1", /up section comes after the down/],
  [
    "SQL before the marker",
    "/* ä */ SELECT 1;\n-- migrate:up\n",
    "1:9",
    /SQL before '-- migrate:up'/,
  ],
];

for (const [what, text, at, says] of wrongMarkers) {
  test(`a marker with ${what} is refused where it stands`, async () => {
    await refused({ "1_a.sql": text }, "catalog.marker", `migrations/1_a.sql:${at}`, [says]);
  });
}

test("a split file's marker must be its own and come first", async () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["CREATE TABLE a (id);\n-- migrate:up\n", "2:1", /stands behind SQL in a file of one section/],
    ["-- migrate:down\nDROP TABLE a;\n", "1:1", /'-- migrate:down' has no place in this file/],
    ["-- migrate:up\nSELECT 1;\n-- migrate:down\n", "3:1", /'-- migrate:down' has no place/],
    ["-- migrate:up nonsense\n", "1:1", /'nonsense' is not an option/],
  ];
  for (const [text, at, says] of cases) {
    await refused({ "1_a.up.sql": text }, "catalog.marker", `migrations/1_a.up.sql:${at}`, [says]);
  }
  await refused(
    { "1_a.up.sql": "SELECT 1;", "1_a.down.sql": "-- migrate:up\n" },
    "catalog.marker",
    "migrations/1_a.down.sql:1:1",
    [/'-- migrate:up' has no place/],
  );
});

test("bytes that are no UTF-8 are refused with their line", async () => {
  const latin1 = Buffer.from("-- migrate:up\nSELECT 1;\nSELECT 'caf\u00e9';\n", "latin1");
  await refused({ "1_a.sql": latin1 }, "catalog.text", "migrations/1_a.sql:3:1", [
    "not valid UTF-8",
  ]);
  const utf16 = Buffer.from("\ufeff-- migrate:up\n", "utf16le");
  await refused({ "1_a.sql": utf16 }, "catalog.text", "migrations/1_a.sql:1:1", [
    "not valid UTF-8",
  ]);
});

const wrongTexts: readonly (readonly [string, string, string, RegExp])[] = [
  ["a NUL, behind which SQLite reads nothing", "SELECT 1;\nSELECT\0 2;", "3:7", /NUL character/],
  ["a string that never ends", "SELECT 1;\n  SELECT 'it;\n", "3:10", /A quote is opened here/],
  ["a name that never ends", 'SELECT 1;\nSELECT "a;\n', "3:8", /A quote is opened here/],
  ["a bracket that never ends", "SELECT [a;\n", "2:8", /A quote is opened here/],
  ["a comment that never ends", "SELECT 1;\n\n/* that's all\n", "4:1", /A comment is opened here/],
  ["a string behind wide characters", "SELECT '😀😀', 'x", "2:14", /A quote is opened here/],
];

for (const [what, sql, at, says] of wrongTexts) {
  test(`${what} is refused before anything runs`, async () => {
    await refused(
      { "1_first.sql": table("first"), "2_a.sql": `-- migrate:up\n${sql}` },
      "catalog.text",
      `migrations/2_a.sql:${at}`,
      [says],
      migrate,
    );
  });
}

const forbidden: readonly (readonly [string, string])[] = [
  ["BEGIN", "BEGIN"],
  ["begin immediate transaction", "BEGIN"],
  ["COMMIT", "COMMIT"],
  ["END TRANSACTION", "END"],
  ["ROLLBACK", "ROLLBACK"],
  ["ROLLBACK TO x", "ROLLBACK"],
  ["SAVEPOINT x", "SAVEPOINT"],
  ["RELEASE x", "RELEASE"],
  ["/* now */ Commit", "COMMIT"],
  ["PRAGMA writable_schema = ON", "PRAGMA writable_schema"],
  ["PRAGMA main.schema_version = 7", "PRAGMA schema_version"],
  ['PRAGMA "writable_schema"(1)', "PRAGMA writable_schema"],
  ["PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys"],
  ["pragma Foreign_Keys=on", "PRAGMA foreign_keys"],
  ["PRAGMA main . journal_mode = WAL", "PRAGMA journal_mode"],
  ["PRAGMA /* x */ synchronous = 0", "PRAGMA synchronous"],
  ["VACUUM", "VACUUM"],
  ["vacuum into 'x.db'", "VACUUM"],
  ["ATTACH 'x.db' AS x", "ATTACH"],
  ["DETACH x", "DETACH"],
];

for (const [sql, what] of forbidden) {
  test(`${sql} is refused before anything runs, where it stands`, async () => {
    const text = `-- migrate:up\nCREATE TABLE a (id);\n\n   ${sql};\n`;
    // A comment before a statement is none of it.
    const column = sql.startsWith("/*") ? 4 + sql.indexOf("Commit") : 4;
    await refused(
      { "1_first.sql": table("first"), "2_a.sql": text },
      "catalog.forbidden",
      `migrations/2_a.sql:4:${column}`,
      [new RegExp(what, "i")],
      migrate,
    );
  });
}

test("writable_schema stays forbidden without a transaction, and so does ending one", async () => {
  for (const sql of ["PRAGMA writable_schema = 1", "COMMIT"]) {
    await refused(
      { "1_a.sql": `-- migrate:up transaction:false\n${sql};\n` },
      "catalog.forbidden",
      "migrations/1_a.sql:2:1",
      [],
      migrate,
    );
  }
});

test("words that are forbidden as statements are fine inside one", async () => {
  using place = new Place();
  place.write({
    "1_a.sql": `-- migrate:up
CREATE TABLE "begin" ("commit" TEXT, [end] TEXT, rollback_at TEXT);
CREATE TRIGGER audit AFTER INSERT ON "begin" BEGIN
  UPDATE "begin" SET [end] = CASE WHEN 1 THEN 'x' END;
END;
INSERT INTO "begin" ("commit") VALUES ('COMMIT; END; VACUUM');
PRAGMA user_version = 7;
PRAGMA defer_foreign_keys = ON;
-- migrate:down
DROP TABLE "begin";
`,
  });
  expect((await place.rung(["migrate"])).stderr).toBe("");
  expect(place.query(`SELECT * FROM "begin"`)).toEqual([
    { commit: "COMMIT; END; VACUUM", end: "x", rollback_at: null },
  ]);
  expect(place.query("PRAGMA user_version")).toEqual([{ user_version: 7 }]);
});

test("a split pair applies its up and undoes with its down", async () => {
  using place = new Place();
  place.write({
    "1_a.up.sql": "CREATE TABLE a (id);\nCREATE INDEX a_id ON a (id);",
    "1_a.down.sql": "-- migrate:down\nDROP INDEX a_id;\nDROP TABLE a;",
    "2_b.up.sql": "-- migrate:up allow:lost-rows\n\nCREATE TABLE b (id);\n",
  });
  expect((await place.rung(["migrate"])).stderr).toBe("");
  expect(place.tables()).toEqual(["a", "b"]);
  const { status, stderr } = await place.rung(["rollback"]);
  expect(status).toBe(4);
  expect(stderr).toContain("Version 2 b has no down. [history.irreversible]");
  expect(place.applied()).toEqual([1, 2]);
  place.execute("DELETE FROM rung_history WHERE version = 2");
  expect((await place.rung(["rollback"])).status).toBe(0);
  expect(place.tables()).toEqual(["b"]);
});

test("a failure in a split pair's down names the statement as it was recorded", async () => {
  using place = new Place();
  place.write({ "1_a.up.sql": "CREATE TABLE a (id);", "1_a.down.sql": "SELECT 1;\nDROP TABLE b;" });
  await place.rung(["migrate"]);
  const { status, stderr } = await place.rung(["rollback"]);
  expect(status).toBe(6);
  expect(stderr).toStartWith(
    "rung: migrations/1_a.up.sql (down, as recorded):3:1: Migration 1 a failed: no such table: b.",
  );
  expect(stderr).toContain("\n  DROP TABLE b\n");
  expect(place.applied()).toEqual([1]);
});

test("a rollback without a down is refused before anything runs, as a message too", async () => {
  using place = new Place();
  place.write({ "1_a.sql": "-- migrate:up\nCREATE TABLE a (id);\n" });
  await place.rung(["migrate"]);
  const { status, stdout, stderr } = await place.rung(["rollback"]);
  expect([status, stdout]).toEqual([4, ""]);
  expect(stderr).toContain("[history.irreversible]");
  const reply = await place.rung([`{"type":"rollback","msg_id":1}`]);
  expect(json(reply.stdout)).toMatchObject({ code: 22, error: "history.irreversible" });
  expect(place.tables()).toEqual(["a"]);
});

test("an up section of nothing is a migration that does nothing, and can be undone", async () => {
  for (const text of [
    "-- migrate:up",
    "-- migrate:up\n-- migrate:down",
    "-- migrate:up\n;;\n-- todo\n-- migrate:down\n;",
  ]) {
    using place = new Place();
    place.write({ "1_empty.sql": text, "2_b.sql": table("b") });
    expect((await place.rung(["migrate"])).stderr).toBe("");
    expect(place.applied()).toEqual([1, 2]);
    await place.rung(["rollback"]);
    const { status } = await place.rung(["rollback"]);
    expect(status).toBe(text.includes("down") ? 0 : 4);
  }
  using place = new Place();
  place.write({ "1_empty.up.sql": "", "1_empty.down.sql": "" });
  expect((await place.rung(["migrate"])).status).toBe(0);
  expect((await place.rung(["rollback"])).status).toBe(0);
});

test("LF, CRLF and a byte order mark are one file", async () => {
  const lf =
    "-- migrate:up\nCREATE TABLE a (\n  id INTEGER\n);\n\n-- migrate:down\nDROP TABLE a;\n";
  const crlf = lf.replaceAll("\n", "\r\n");
  const rows: Row[][] = [];
  for (const text of [lf, crlf, `\ufeff${lf}`, `\ufeff${crlf}`]) {
    using place = new Place();
    place.write({ "1_a.sql": text });
    expect((await place.rung(["migrate"])).stderr).toBe("");
    rows.push(
      place.query(
        "SELECT checksum, down, (SELECT sql FROM sqlite_schema WHERE name = 'a') AS sql FROM rung_history",
      ),
    );
    // And none of the others counts as a change.
    for (const other of [lf, crlf, `\ufeff${lf}`]) {
      place.write({ "1_a.sql": other });
      expect((await place.rung(["status"])).stdout).toContain("1 applied: ");
      expect((await place.rung(["migrate"])).status).toBe(0);
    }
    expect((await place.rung(["rollback"])).status).toBe(0);
  }
  for (const row of rows) expect(row).toEqual(rows[0] ?? []);
});

test("the checksum covers the up and its options: a changed up is refused, a changed down is not", async () => {
  using place = new Place();
  const text = table("a");
  place.write({ "1_a.sql": text });
  await place.rung(["migrate"]);
  const same = [
    text,
    text.replace("DROP TABLE a", "DROP TABLE IF EXISTS a"),
    text.replace("-- migrate:up\n", "-- a title\n\n--  MIGRATE:UP\n\n"),
    text.slice(0, text.indexOf("-- migrate:down")),
  ];
  for (const each of same) {
    place.write({ "1_a.sql": each });
    expect(await place.rung(["migrate"])).toMatchObject({ status: 0, stderr: "" });
  }
  const changed = [
    text.replace("id INTEGER", "id  INTEGER"),
    text.replace("up", "up allow:lost-rows"),
    text.replace("CREATE", "-- why\nCREATE"),
  ];
  for (const each of changed) {
    place.write({ "1_a.sql": each });
    expect((await place.rung(["status"])).stdout).toMatch(/\n1 +a +changed /);
    const { status, stderr } = await place.rung(["migrate"]);
    expect(status).toBe(4);
    expect(stderr).toMatch(/Version 1 a is not what was applied.*\[history\.changed\]\nhint: /);
    const reply = await place.rung([`{"type":"migrate","msg_id":1}`]);
    expect(json(reply.stdout)).toMatchObject({ code: 22, error: "history.changed" });
  }
});

test("a missing file is told, refused by migrate, and still undone by rollback", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  await place.rung(["migrate"]);
  place.write({ "1_a.sql": table("a"), "3_c.sql": table("c") }, "fewer");
  const fewer = ["--dir", "fewer"];
  expect((await place.rung(["status", ...fewer])).stdout).toMatch(/\n2 +b +missing /);
  const { status, stderr } = await place.rung(["migrate", ...fewer]);
  expect(status).toBe(4);
  expect(stderr).toMatch(/Version 2 b was applied, but is not .*\[history\.missing\]\nhint: /);
  expect((await place.rung(["rollback", ...fewer])).status).toBe(0);
  expect(place.tables()).toEqual(["a"]);
});

test("an older build on a newer database: told, refused by migrate, and still undone by rollback", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  await place.rung(["migrate"]);
  place.write({ "1_a.sql": table("a") }, "older");
  const fewer = ["--dir", "older"];
  expect((await place.rung(["status", ...fewer])).stdout).toMatch(/\n2 +b +ahead /);
  const { status, stderr } = await place.rung(["migrate", ...fewer]);
  expect(status).toBe(4);
  expect(stderr).toMatch(/Version 2 b was applied by a newer .*\[history\.ahead\]\nhint: /);
  const message = await place.rung([...fewer, `{"type":"status","msg_id":1}`]);
  expect(json(message.stdout)["migrations"]).toEqual([
    { version: 1, name: "a", applied: true },
    { version: 2, name: "b", applied: true },
  ]);
  expect((await place.rung(["rollback", ...fewer])).status).toBe(0);
  expect(place.tables()).toEqual(["a"]);
});

test("a pending file below the head is refused, unless it is asked for; rollback goes by application", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "3_c.sql": table("c") });
  await place.rung(["migrate"]);
  place.write({ "2_b.sql": table("b") });
  expect((await place.rung(["status"])).stdout).toMatch(/\n2 +b +out-of-order\n/);
  const { status, stderr } = await place.rung(["migrate"]);
  expect(status).toBe(4);
  expect(stderr).toMatch(/\[history\.out-of-order\]\nhint: .*--allow-out-of-order/);
  expect(place.applied()).toEqual([1, 3]);
  expect((await place.rung(["migrate", "--allow-out-of-order"])).status).toBe(0);
  expect(place.applied()).toEqual([1, 3, 2]);
  const { replies } = await place.send([{ type: "rollback" }, { type: "rollback" }]);
  expect(replies.map((each) => each["version"])).toEqual([2, 3]);
  const again = await place.send([{ type: "migrate", allow_out_of_order: true }]);
  expect(again.replies[0]).toMatchObject({ count: 2 });
});

test("other files are ignored: hidden ones, declarations, documents, directories", async () => {
  using place = new Place();
  place.write({
    "1_a.sql": table("a"),
    ".2_hidden.sql": "not even SQL",
    ".keep": "",
    "types.d.ts": "export type A = 1;",
    "2_b.d.ts": "export type B = 1;",
    "README.md": "Words.",
    "schema.sql.bak": "CREATE TABLE x (id);",
    "3_c.sql~": "CREATE TABLE x (id);",
    "shared/helper.ts": "export const x = 1;",
    "shared/not_a_migration.sql": "DROP TABLE a;",
  });
  mkdirSync(place.at("migrations", "4_d.sql"));
  expect((await place.rung(["migrate"])).stderr).toBe("");
  expect(place.applied()).toEqual([1]);
});

test("names with quotes, spaces and unicode come through, in history and in every report", async () => {
  const names = [
    "it's",
    'say "hi"',
    "two words",
    "größe_写真_😀",
    "a;b--c",
    "100%",
    "x'); DROP TABLE rung_history; --",
  ];
  using place = new Place();
  const files = names.map(
    (name, index) => [`${index + 1}_${name}.sql`, table(`t${index}`)] as const,
  );
  place.write(Object.fromEntries(files));
  const { replies } = await place.send([{ type: "migrate", msg_id: 1 }]);
  const migrations = names.map((name, index) => ({ version: index + 1, name, status: "applied" }));
  expect(replies[0]?.["migrations"]).toEqual(migrations);
  expect(place.query("SELECT name FROM rung_history ORDER BY version")).toEqual(
    names.map((name) => ({ name })),
  );
  const { stdout } = await place.rung(["status"]);
  for (const name of names) expect(stdout).toContain(` ${name} `);
  const last = names.at(-1) ?? "";
  expect((await place.rung(["rollback"])).stdout).toStartWith(
    `rolled back ${names.length} ${last} (`,
  );
});

test("a name cannot steer a terminal", async () => {
  using place = new Place();
  place.write({
    "1_a\u202eb\u200fc.sql": table("a"),
    "2_b.sql": "-- migrate:up\nSELECT '\u001b[2J' FROM x;",
  });
  const { stdout, stderr } = await place.rung(["migrate"]);
  expect(stdout).toContain("1 a\\u202eb");
  expect(stderr).toContain("\\u001b[2J");
  expect(stdout + stderr).not.toMatch(/[\u001b\u202e]/);
});

test("a file's path is what node:path makes of it, whatever the folder is called", () => {
  const pieces = ["a", ".", "..", "/", "//", "b c", ".d", "e.", "é", "\\"];
  const folders = pieces.flatMap((a) => pieces.flatMap((b) => pieces.map((c) => a + b + c)));
  for (const folder of ["", "migrations", "./migrations/", ...pieces, ...folders]) {
    expect([folder, pathsIn(folder)("1_a.sql")]).toEqual([folder, join(folder, "1_a.sql")]);
  }
});
