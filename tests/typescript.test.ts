// Migrations in TypeScript, read from a directory at run time by the compiled executable.

import { expect, test } from "bun:test";
import { json, Place, type Files } from "./rung.ts";

const head = `type Db = {
  exec(sql: string): void;
  run(sql: string, ...values: unknown[]): { changes: number; lastInsertRowid: number | bigint };
  get(sql: string, ...values: unknown[]): Record<string, unknown> | null;
  all(sql: string, ...values: unknown[]): Record<string, unknown>[];
  iterate(sql: string, ...values: unknown[]): IterableIterator<Record<string, unknown>>;
};
`;

/** The text of a migration whose up runs these lines; its first line is the first of the file. */
function up(...lines: string[]): string {
  return `export function up(db: Db): void { ${lines.join("\n")} }\n${head}`;
}

async function migrated(
  files: Files,
): Promise<{ place: Place; status: number | null; stderr: string }> {
  const place = new Place();
  place.write(files);
  const { status, stderr } = await place.rung(["migrate"]);
  return { place, status, stderr };
}

test("up and down run, with every call that db has", async () => {
  const code = `${head}
export function up(db: Db): void {
  db.exec("CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT, n, b BLOB); CREATE TABLE seen (what TEXT);");
  const { changes, lastInsertRowid } = db.run("INSERT INTO a (t, n, b) VALUES (?, ?, ?)", "one", 1.5, new Uint8Array([1, 2]));
  db.run("INSERT INTO a (t, n) VALUES (?, ?), (?, ?)", "two", null, "three", 9007199254740993n);
  const first = db.get("SELECT t FROM a WHERE id = ?", 1);
  const none = db.get("SELECT t FROM a WHERE id = 99");
  const all = db.all("SELECT id FROM a ORDER BY id");
  const told: unknown[] = [changes, Number(lastInsertRowid), first?.["t"], none, all.length];
  // Two iterations of one text at once, and one that is left early.
  for (const outer of db.iterate("SELECT id FROM a ORDER BY id")) {
    for (const inner of db.iterate("SELECT id FROM a ORDER BY id")) told.push(Number(outer["id"]) * 10 + Number(inner["id"]));
    if (outer["id"] === 2) break;
  }
  db.run("INSERT INTO seen VALUES (?)", JSON.stringify(told));
}
export function down(db: Db): void {
  db.exec("DROP TABLE seen");
  db.exec("DROP TABLE a;");
}
`;
  const { place, status, stderr } = await migrated({ "1_a.ts": code });
  using _ = place;
  expect([status, stderr]).toEqual([0, ""]);
  expect(place.query("SELECT what FROM seen")).toEqual([
    { what: '[1,1,"one",null,3,11,12,13,21,22,23]' },
  ]);
  expect(place.query("SELECT t, typeof(n) AS n, hex(b) AS b FROM a ORDER BY id")).toEqual([
    { t: "one", n: "real", b: "0102" },
    { t: "two", n: "null", b: "" },
    { t: "three", n: "integer", b: "" },
  ]);
  expect(place.query("SELECT kind, down FROM rung_history")).toEqual([
    { kind: "typescript", down: null },
  ]);
  expect((await place.rung(["rollback"])).status).toBe(0);
  expect(place.tables()).toEqual([]);
});

test("it may import its own directory's files by relative path, and node: modules", async () => {
  const files = {
    "1_a.ts": `import { sql } from "./shared/sql.ts";\nimport data from "./shared/data.json";\nimport { basename } from "node:path";\nexport const up = (db: Db) => {\n  db.exec(sql);\n  db.run("INSERT INTO a VALUES (?)", basename(data.path));\n};\n${head}`,
    "shared/sql.ts": `import { name } from "./deeper/name.ts";\nexport const sql = \`CREATE TABLE \${name} (t)\`;\n`,
    "shared/deeper/name.ts": `export { name } from "../loop.ts";\n`,
    "shared/loop.ts": `import { sql } from "./sql.ts";\nexport const name = "a";\nexport const lazy = () => sql;\n`,
    "shared/data.json": `{ "path": "/x/y.txt" }\n`,
  };
  const { place, status, stderr } = await migrated(files);
  using _ = place;
  expect([status, stderr]).toEqual([0, ""]);
  expect(place.query("SELECT t FROM a")).toEqual([{ t: "y.txt" }]);

  // Each of these files is part of what was applied.
  for (const name of Object.keys(files)) {
    place.write({
      [name]: `${Object.entries(files).find(([key]) => key === name)?.[1] ?? ""}\n\n`,
    });
    const { status: changed, stderr: says } = await place.rung(["migrate"]);
    expect(says).toContain("[history.changed]");
    expect(changed).toBe(4);
    place.write(files);
    expect((await place.rung(["migrate"])).status).toBe(0);
  }
  // One that it doesn't import is not.
  place.write({ "shared/other.ts": "export {};" });
  expect((await place.rung(["migrate"])).status).toBe(0);
});

test("line endings of a TypeScript file and its imports don't count", async () => {
  const files = {
    "1_a.ts": `import { t } from "./shared/t.ts";\nexport const up = (db: Db) => db.exec(t);\n${head}`,
    "shared/t.ts": `export const t =\n  "CREATE TABLE a (id)";\n`,
  };
  const { place } = await migrated(files);
  using _ = place;
  const crlf = Object.entries(files).map(([name, text]) => [
    name,
    `\ufeff${text.replaceAll("\n", "\r\n")}`,
  ]);
  place.write(Object.fromEntries(crlf));
  expect((await place.rung(["status"])).stdout).toContain("1 applied: ");
});

const packages = [
  `import { x } from "left-pad";\nexport const up = () => x;\n`,
  `import "valibot";\nexport const up = () => {};\n`,
  `import { Database } from "bun:sqlite";\nexport const up = () => new Database();\n`,
  `export { up } from "some/where";\n`,
  `export const up = () => {};\nexport const more = () => import("pkg");\n`,
  `const pkg = require("pkg");\nexport const up = () => pkg;\n`,
  `import x from "/etc/absolute.ts";\nexport const up = () => x;\n`,
];

for (const code of packages) {
  test(`a package is refused before anything runs: ${code.split("\n", 1)[0]}`, async () => {
    const { place, status, stderr } = await migrated({ "1_a.ts": code });
    using _ = place;
    expect(status).toBe(3);
    expect(stderr).toMatch(
      /migrations\/1_a\.ts:1:1: The package '.+' cannot be imported .*\[catalog\.import\]\nhint: /,
    );
    expect(place.list()).toEqual(["migrations"]);
  });
}

test("a package is refused in an imported file too, which is the one named", async () => {
  const { place, status, stderr } = await migrated({
    "1_a.ts": `import { x } from "./shared/x.ts";\nexport const up = () => x;\n`,
    "shared/x.ts": `export { x } from "pkg";\n`,
  });
  using _ = place;
  expect(status).toBe(3);
  expect(stderr).toMatch(/migrations\/shared\/x\.ts:1:1: The package 'pkg' cannot be imported/);
});

test("types may come from anywhere: they are gone when it runs", async () => {
  const { place, status, stderr } = await migrated({
    "1_a.ts": `import type { Db } from "some-package";\nimport { type Row } from "./nowhere.ts";\nexport const up = (db: Db): Row | void => db.exec("CREATE TABLE a (id)");\n`,
  });
  using _ = place;
  expect([status, stderr]).toEqual([0, ""]);
});

const broken: readonly (readonly [string, string, string, RegExp])[] = [
  [
    "a syntax error",
    "export function up( {\n",
    "catalog.module",
    /migrations\/2_a\.ts:1:1: The file is not TypeScript: /,
  ],
  [
    "an import that isn't there",
    `import { x } from "./x.ts";\nexport const up = () => x;`,
    "catalog.unreadable",
    /x\.ts:1:1: The file cannot be read/,
  ],
  [
    "no up",
    "export function down() {}\n",
    "catalog.module",
    /migrations\/2_a\.ts:1:1: The module does not export up\./,
  ],
  [
    "an up that is no function",
    "export const up = 'CREATE TABLE a (id)';\n",
    "catalog.module",
    /The export up is not a function/,
  ],
  [
    "a down that is no function",
    "export const up = () => {};\nexport const down = 1;\n",
    "catalog.module",
    /The export down is not a function/,
  ],
  [
    "an unknown option",
    "export const up = () => {};\nexport const options = { transactions: false };\n",
    "catalog.module",
    /options\.transactions/,
  ],
  [
    "a wrong option",
    "export const up = () => {};\nexport const options = { allow: ['rows'] };\n",
    "catalog.module",
    /options\.allow/,
  ],
  [
    "a throw on load",
    "export const up = () => {};\nthrow new Error('not today');\n",
    "catalog.module",
    /does not load: not today/,
  ],
];

for (const [what, code, failure, says] of broken) {
  test(`a module with ${what} is refused before any migration runs`, async () => {
    const { place, status, stderr } = await migrated({
      "1_first.sql": "-- migrate:up\nCREATE TABLE first (id);\n",
      "2_a.ts": code,
    });
    using _ = place;
    expect(status).toBe(3);
    expect(stderr).toMatch(says);
    expect(stderr).toContain(`[${failure}]\nhint: `);
    expect(place.list()).toEqual(["migrations"]);
  });
}

test("bytes that are no UTF-8 are refused in TypeScript too", async () => {
  const { place, status, stderr } = await migrated({
    "1_a.ts": Buffer.from(`export const up = () => {};\n// caf\u00e9\n`, "latin1"),
  });
  using _ = place;
  expect(status).toBe(3);
  expect(stderr).toContain("migrations/1_a.ts:2:1: The file is not valid UTF-8. [catalog.text]");
});

const failing: readonly (readonly [string, string, string, RegExp])[] = [
  ["throws", `throw new Error("no luck");`, "step.threw", /Migration 2 a failed: no luck/],
  ["throws what is no error", `throw "a word";`, "step.threw", /Migration 2 a failed: a word/],
  [
    "runs wrong SQL",
    `db.exec("SELECT 1;\\n DROP TABLE nowhere");`,
    "step.failed",
    /failed: no such table: nowhere\. \[step\.failed\]\n  DROP TABLE nowhere\n/,
  ],
  [
    "gives wrong values",
    `db.run("INSERT INTO a VALUES (?, ?)", 1, 2);`,
    "step.failed",
    /\n  INSERT INTO a VALUES/,
  ],
  ["ends the transaction", `db.exec("COMMIT");`, "step.forbidden", /COMMIT is not allowed/],
  [
    "hides that in a script",
    `db.exec("SELECT 1; /* x */ rollback");`,
    "step.forbidden",
    /ROLLBACK is not allowed/,
  ],
  ["prepares that", `db.run("SAVEPOINT x");`, "step.forbidden", /SAVEPOINT is not allowed/],
  ["vacuums", `db.all("VACUUM");`, "step.forbidden", /VACUUM does not work inside a transaction/],
  ["sets foreign keys", `db.get("PRAGMA foreign_keys = ON");`, "step.forbidden", /foreign_keys/],
  [
    "sends two statements to run",
    `db.run("SELECT 1; SELECT 2");`,
    "step.threw",
    /One SQL statement is expected, not 2/,
  ],
  [
    "sends none to get",
    `db.get("-- nothing");`,
    "step.threw",
    /One SQL statement is expected, not 0/,
  ],
  ["leaves a string open", `db.exec("SELECT 'x");`, "step.forbidden", /never closed/],
];

for (const [what, line, code, says] of failing) {
  test(`a migration that ${what} is rolled back as a whole; the one before it stays`, async () => {
    const { place, status, stderr } = await migrated({
      "1_first.sql": "-- migrate:up\nCREATE TABLE first (id);\n",
      "2_a.ts": up(`db.exec("CREATE TABLE a (id)");`, line),
    });
    using _ = place;
    expect(stderr).toContain(`[${code}]`);
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/^rung: migrations\/2_a\.ts:\d+:\d+: /);
    expect(status).toBe(6);
    expect(place.tables()).toEqual(["first"]);
    expect(place.applied()).toEqual([1]);
  });
}

test("a statement that fails is named with the place of its call in the file", async () => {
  const { place, status, stderr } = await migrated({
    "1_a.ts": `${head}\nexport function up(db: Db): void {\n  db.exec("SELECT 1");\n  db.exec("DROP TABLE nowhere");\n}\n`,
  });
  using _ = place;
  const line = head.split("\n").length + 3;
  expect(stderr).toStartWith(
    `rung: migrations/1_a.ts:${line}:6: Migration 1 a failed: no such table`,
  );
  expect(status).toBe(6);
});

test("a returned promise is an error, and what ran before it is rolled back", async () => {
  for (const code of [
    `export async function up(db: Db) { db.exec("CREATE TABLE a (id)"); }\n${head}`,
    `export function up(db: Db) { db.exec("CREATE TABLE a (id)"); return Promise.reject(new Error("late")); }\n${head}`,
    `export async function up(db: Db) { await null; db.exec("CREATE TABLE a (id)"); }\n${head}`,
    `export const up = (db: Db) => ({ then: () => db.exec("CREATE TABLE b (id)") });\n${head}`,
  ]) {
    const { place, status, stderr } = await migrated({ "1_a.ts": code });
    using _ = place;
    expect(status).toBe(6);
    expect(stderr).toMatch(
      /^rung: migrations\/1_a\.ts:1:1: Migration 1 a returned a promise, .*\[step\.promise\]\nhint: Remove async and await/,
    );
    expect(place.tables()).toEqual([]);
    const { stdout } = await place.rung([`{"type":"migrate","msg_id":1}`]);
    expect(json(stdout)).toMatchObject({
      code: 14,
      applied: [],
      failed: { version: 1, name: "a" },
    });
  }
});

test("what else up returns is ignored", async () => {
  const { place, status } = await migrated({
    "1_a.ts": `export const up = (db: Db) => db.run("CREATE TABLE a (id)");\n${head}`,
    "2_b.ts": `export const up = () => ({ then: 1 });\n`,
  });
  using _ = place;
  expect(status).toBe(0);
  expect(place.applied()).toEqual([1, 2]);
});

test("a statement that fails may be caught, and the migration goes on", async () => {
  const { place, status, stderr } = await migrated({
    "1_a.ts": up(
      `db.exec("CREATE TABLE a (id INTEGER PRIMARY KEY)");`,
      `db.run("INSERT INTO a VALUES (1)");`,
      `try { db.run("INSERT INTO a VALUES (1)"); } catch { db.run("INSERT INTO a VALUES (2)"); }`,
    ),
  });
  using _ = place;
  expect([status, stderr]).toEqual([0, ""]);
  expect(place.query("SELECT id FROM a")).toEqual([{ id: 1 }, { id: 2 }]);
});

test("what up leaves to be done later runs only when its group is durable", async () => {
  const sql = "-- migrate:up\nCREATE TABLE a (x);\n";
  const leaving = up(
    `db.exec("CREATE TABLE b (x)");`,
    "void Promise.resolve().then(() => process.exit(0));",
  );
  const { place } = await migrated({ "1_a.sql": sql, "2_b.ts": leaving });
  using _ = place;
  const { stdout } = await place.rung(["status", "--json"]);
  expect(json(stdout)).toMatchObject({ applied: 2, pending: 0 });
});

test("db ends with its migration", async () => {
  const { place, status, stderr } = await migrated({
    "1_a.ts": `import { kept } from "./shared/kept.ts";\n${up(`db.exec("CREATE TABLE a (id)");`, "kept.db = db;")}`,
    "2_b.ts": `import { kept } from "./shared/kept.ts";\nexport const up = () => kept.db.exec("DROP TABLE a");\n`,
    "shared/kept.ts": "export const kept: { db: any } = { db: null };\n".replace(
      ": any",
      ": unknown",
    ),
  });
  using _ = place;
  expect(status).toBe(6);
  expect(stderr).toContain("its db cannot be used any more");
  expect(place.tables()).toEqual(["a"]);
});

test("rolling back without a down, or without the file, is refused before anything runs", async () => {
  const { place } = await migrated({ "1_a.ts": up(`db.exec("CREATE TABLE a (id)");`) });
  using _ = place;
  const noDown = await place.rung(["rollback"]);
  expect(noDown.status).toBe(4);
  expect(noDown.stderr).toContain("Version 1 a has no down. [history.irreversible]");
  place.write({ "2_b.sql": "-- migrate:up\n" }, "others");
  const noFile = await place.rung(["rollback", "--dir", "others"]);
  expect(noFile.status).toBe(4);
  expect(noFile.stderr).toMatch(
    /undone by TypeScript, whose file is not at hand\. \[history\.irreversible\]/,
  );
  expect(place.tables()).toEqual(["a"]);
});

test("the options of a module may allow what a marker line may", async () => {
  const { place, status, stderr } = await migrated({
    "1_a.ts": `${up(`db.exec("CREATE TABLE a (id)");`)}export const options = { transaction: true, foreign_keys: "off", allow: ["lost-rows"] };\n`,
  });
  using _ = place;
  expect([status, stderr]).toEqual([0, ""]);
});

test("modules of migrations that don't run are not loaded", async () => {
  const { place, status } = await migrated({
    "1_a.ts": up(`db.exec("CREATE TABLE a (id)");`),
  });
  using _ = place;
  expect(status).toBe(0);
  place.write({ "2_b.ts": `throw new Error("loaded");\n` });
  expect((await place.rung(["status"])).stdout).toContain("1 applied, 1 pending");
  expect((await place.rung(["migrate"])).stderr).toContain("does not load: loaded");
});
