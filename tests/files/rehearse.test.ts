// Rehearse: the plan runs on a copy as it would on the database, which keeps every byte, and nothing is left of it.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFileSync, statSync, utimesSync } from "node:fs";
import * as v from "valibot";
import { openDatabase } from "../../src/database/open.ts";
import type { Apart } from "../../src/run/driver.ts";
import { json, Place, table } from "../rung.ts";
import { leave, leftovers, look, type Leftover } from "./states.ts";

const rehearsedSchema = v.object({
  ok: v.boolean(),
  count: v.optional(v.number(), 0),
  migrations: v.optional(
    v.array(
      v.object({
        version: v.number(),
        duration_ms: v.number(),
        rows: v.array(v.unknown()),
        schema: v.array(v.looseObject({ kind: v.string(), type: v.string(), name: v.string() })),
        size: v.object({ before: v.number(), after: v.number() }),
        allowed: v.array(v.string()),
      }),
    ),
    [],
  ),
  lock: v.optional(v.object({ times: v.number(), longest_ms: v.number() }), {
    times: 0,
    longest_ms: 0,
  }),
  integrity: v.nullish(v.array(v.string())),
  failed: v.optional(v.unknown()),
  error: v.optional(v.looseObject({ code: v.string(), changed: v.string() })),
});

async function rehearse(place: Place, ...words: string[]) {
  const { status, stdout, stderr } = await place.rung(["rehearse", "--json", ...words]);
  expect(stderr).toBe("");
  return { status, ...v.parse(rehearsedSchema, json(stdout)) };
}

/** Name, bytes and time of every file but the index of a log, which whoever reads it may change. */
function fingerprint(place: Place): readonly unknown[] {
  const names = place.list().filter((name) => !name.endsWith("-shm") && name !== "migrations");
  return names.map((name) => {
    const { mtimeMs, ino, mode } = statSync(place.at(name));
    return [name, mtimeMs, ino, mode, Bun.hash(readFileSync(place.at(name)))];
  });
}

const grow = `-- migrate:up
CREATE TABLE grown AS SELECT * FROM t;
DELETE FROM t WHERE row % 2 = 0;
`;

describe("the database and its journals keep their bytes, their time and their company", () => {
  const ends: Readonly<Record<Leftover, readonly unknown[]>> = {
    delete: [0, undefined],
    wal: [0, undefined],
    "killed in wal": [0, undefined],
    "hot journal": [5, "database.hot-journal"],
    broken: [5, "database.not-a-database"],
    // Without a database there is no table to copy from.
    "log alone": [6, "step.failed"],
  };
  for (const leftover of leftovers) {
    test(leftover, async () => {
      using place = new Place();
      place.write({ "1_grow.sql": grow });
      leave(leftover, place.at("rung.db"), "old");
      for (const name of place.list()) {
        if (name !== "migrations") utimesSync(place.at(name), 1_000_000, 1_000_000);
      }
      const before = fingerprint(place);
      const { status, error } = await rehearse(place);
      expect<readonly unknown[]>([status, error?.code]).toEqual(ends[leftover]);
      expect(fingerprint(place)).toEqual(before);
      if (error !== undefined) expect(error.changed).toBe("nothing");
    });
  }

  test("a database that is in use, in the middle of a transaction", async () => {
    for (const mode of ["DELETE", "WAL"]) {
      using place = new Place();
      place.write({ "1_grow.sql": grow });
      place.execute(`PRAGMA journal_mode = ${mode}; CREATE TABLE t (row INTEGER PRIMARY KEY)`);
      using application = new Database(place.at("rung.db"));
      application.run("INSERT INTO t VALUES (1), (2)");
      application.run("BEGIN IMMEDIATE");
      application.run("INSERT INTO t VALUES (3), (4), (5)");
      const before = fingerprint(place);
      const { status, migrations } = await rehearse(place);
      expect(fingerprint(place)).toEqual(before);
      expect([mode, status]).toEqual([mode, 0]);
      // What is not committed is not there.
      expect(migrations[0]?.rows).toEqual([
        { table: "grown", before: null, after: 2 },
        { table: "t", before: 2, after: 1 },
      ]);
      application.run("COMMIT");
    }
  });
});

test("what one migration lost as allowed is not told of the next, which no guard watches", async () => {
  using place = new Place();
  place.write({ "1_t.sql": "-- migrate:up\nCREATE TABLE t (id);\nINSERT INTO t VALUES (1);" });
  await place.rung(["migrate"]);
  place.write({
    "2_empty.sql": `-- migrate:up allow:lost-rows
      CREATE TABLE n (id);
      DROP TABLE t;
      ALTER TABLE n RENAME TO t;`,
    "3_more.sql": "-- migrate:up transaction:false\nCREATE TABLE more (id);",
  });
  const { migrations } = await rehearse(place);
  expect(migrations.map(({ allowed }) => allowed.length)).toEqual([1, 0]);
});

test("rows, schema, size and what was lost as allowed, migration by migration", async () => {
  using place = new Place();
  place.write({
    "1_parents.sql": `-- migrate:up
      CREATE TABLE parents (id INTEGER PRIMARY KEY);
      CREATE TABLE children (id INTEGER PRIMARY KEY, parent REFERENCES parents ON DELETE CASCADE);
      CREATE TABLE deleted (id);
      CREATE TRIGGER note AFTER DELETE ON children BEGIN INSERT INTO deleted VALUES (old.id); END;
      INSERT INTO parents VALUES (1), (2), (3);
      INSERT INTO children VALUES (1, 1), (2, 1), (3, 2);`,
  });
  await place.rung(["migrate"]);
  place.write({
    "2_trigger.sql": "-- migrate:up\nDELETE FROM children WHERE id = 3;",
    "3_cascade.sql": "-- migrate:up foreign_keys:on\nDELETE FROM parents WHERE id = 1;",
    "4_rebuild.sql": `-- migrate:up allow:lost-rows
      CREATE TABLE "new ""parents" (id INTEGER PRIMARY KEY, name TEXT);
      INSERT INTO "new ""parents" (id) SELECT id FROM parents WHERE id = 2;
      DROP TABLE parents;
      ALTER TABLE "new ""parents" RENAME TO parents;`,
    "5_typescript.ts": `export function up(db) {
      db.run("INSERT INTO parents VALUES (?, ?)", 9, "x".repeat(20_000));
    }`,
    "6_outside.sql": "-- migrate:up transaction:false\nCREATE INDEX n ON parents (name);\nVACUUM;",
    "7_drop.sql": "-- migrate:up\nDROP TRIGGER note;\nDROP TABLE deleted;",
    "8_nothing.sql": "-- migrate:up\nSELECT 1;",
  });
  const { status, migrations, integrity, lock } = await rehearse(place);
  expect([status, integrity]).toEqual([0, []]);
  expect(lock.times).toBeGreaterThan(2);
  const rows = Object.fromEntries(migrations.map((each) => [each.version, each.rows]));
  expect(rows).toEqual({
    2: [
      { table: "children", before: 3, after: 2 },
      { table: "deleted", before: 0, after: 1 },
    ],
    3: [
      { table: "children", before: 2, after: 0 },
      { table: "deleted", before: 1, after: 3 },
      { table: "parents", before: 3, after: 2 },
    ],
    4: [{ table: "parents", before: 2, after: 1 }],
    5: [{ table: "parents", before: 1, after: 2 }],
    6: [],
    7: [{ table: "deleted", before: 3, after: null }],
    8: [],
  });
  const schema = Object.fromEntries(
    migrations.map((each) => [
      each.version,
      each.schema.map(({ kind, type, name }) => `${kind} ${type} ${name}`),
    ]),
  );
  expect(schema).toEqual({
    2: [],
    3: [],
    4: ["changed table parents"],
    5: [],
    6: ["added index n"],
    7: ["gone table deleted", "gone trigger note"],
    8: [],
  });
  expect(migrations.map(({ allowed }) => allowed.length)).toEqual([0, 0, 1, 0, 0, 0, 0]);
  const [, , , grown] = migrations;
  expect(Number(grown?.size.after)).toBeGreaterThan(Number(grown?.size.before));
  for (const [index, { size }] of migrations.entries()) {
    if (index > 0) expect(size.before).toBe(Number(migrations[index - 1]?.size.after));
  }
  // Nothing of it has happened, and all of it does as it was rehearsed.
  expect(place.list()).toEqual(["migrations", "rung.db"]);
  expect(place.applied()).toEqual([1]);
  expect((await place.rung(["migrate"])).status).toBe(0);
  expect(place.query("SELECT count(*) AS rows FROM parents")).toEqual([{ rows: 2 }]);
});

test("a statement outside any transaction locks others out, a query does not", async () => {
  using place = new Place();
  const many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000)";
  place.write({
    "1_fill.sql": `-- migrate:up transaction:false\nCREATE TABLE t AS ${many} SELECT i FROM n;`,
  });
  const writing = await rehearse(place);
  const [filled] = writing.migrations;
  expect(writing.lock.longest_ms).toBeGreaterThan(Number(filled?.duration_ms) / 2);
  place.write({
    "1_fill.sql": `-- migrate:up transaction:false\nSELECT sum(i) FROM (${many} SELECT i FROM n);`,
  });
  const reading = await rehearse(place);
  const [read] = reading.migrations;
  expect(reading.lock.longest_ms).toBeLessThan(Number(read?.duration_ms) / 2);
});

test("that a commit folds the log in is no time that others cannot write", async () => {
  using place = new Place();
  place.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
  const path = place.at("rung.db");
  const sizes: number[] = [];
  const measuring: Apart = (work) => {
    sizes.push(statSync(path).size);
    const done = work();
    sizes.push(statSync(path).size);
    return done;
  };
  const driver = openDatabase({ path, mode: "write", readWaitMs: 0, measuring });
  await driver.perform({ do: "look" });
  await driver.perform({ do: "begin", waitMs: 0, foreignKeys: false });
  await driver.perform({ do: "found" });
  expect(await driver.perform({ do: "commit", waitMs: 0 })).toEqual({ is: "done" });
  const [before = 0, after = 0, ...more] = sizes;
  expect(more).toEqual([]);
  expect(after).toBeGreaterThan(before);
  driver.close();
});

test("a plan that would fail: exit 6, and what would have been durable before it", async () => {
  using place = new Place();
  place.write({
    "1_a.sql": table("a"),
    "2_b.sql": table("b"),
    "3_c.sql": "-- migrate:up\nnonsense;",
  });
  const { status, count, failed, error } = await rehearse(place);
  expect([status, count, failed]).toEqual([6, 2, { version: 3, name: "c" }]);
  expect(error).toMatchObject({ code: "step.failed", changed: "nothing", line: 2 });
  // Like migrate, it doesn't stop there without a database, and leaves none.
  expect(place.list()).toEqual(["migrations"]);
  const all = await rehearse(place, "--commit", "all");
  expect([all.status, all.count]).toEqual([6, 0]);
  place.write({ "3_c.sql": "-- migrate:up\nDROP TABLE a;\nCREATE TABLE a (x);" });
  await place.rung(["migrate", "--steps", "2"]);
  place.execute("INSERT INTO a VALUES (1)");
  const lossy = await rehearse(place);
  expect([lossy.status, lossy.error?.code]).toEqual([6, "guard.lost-rows"]);
  place.write({ "1_a.sql": `${table("a")}-- more\n`.replace("(id", "(other") });
  const changed = await rehearse(place);
  expect([changed.status, changed.error?.code]).toEqual([4, "history.changed"]);
});

test("rows that no CHECK would let in today stand in no way, here and in a backup", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  place.execute(`CREATE TABLE t (x CHECK (x > 0));
    PRAGMA ignore_check_constraints = ON; INSERT INTO t (x) VALUES (-1), (-2)`);
  const { status, integrity, count } = await rehearse(place);
  expect([status, integrity, count]).toEqual([0, [], 1]);
  await place.rung(["backup", "b"]);
  expect((await place.rung(["restore", "b", "--discard"])).stderr).toBe("");
  expect(place.query("SELECT count(*) AS rows FROM t")).toEqual([{ rows: 2 }]);
});

test("--to, --steps, --strict and order are those of migrate, and --tmp is where the copy lies", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b"), "4_d.sql": table("d") });
  expect((await rehearse(place, "--to", "2")).count).toBe(2);
  expect((await rehearse(place, "--steps", "1")).count).toBe(1);
  await place.rung(["migrate"]);
  place.write({ "3_c.sql": table("c") });
  expect((await rehearse(place)).error?.code).toBe("history.out-of-order");
  expect((await rehearse(place, "--allow-out-of-order")).count).toBe(1);
  place.execute("CREATE TABLE by_hand (x)");
  const strict = await rehearse(place, "--allow-out-of-order", "--strict");
  expect(strict.error?.code).toBe("schema.drifted");
  place.write({}, "elsewhere");
  place.write({
    "3_c.ts": `import { readdirSync } from "node:fs";
      export function up(db) { console.error(readdirSync("elsewhere").length, readdirSync(".").length); }`,
  });
  place.write({ "3_c.sql": "" }, "gone");
  await Bun.$`rm ${place.at("migrations", "3_c.sql")}`;
  const ran = await place.rung(["rehearse", "--allow-out-of-order", "--tmp", "elsewhere"]);
  expect(ran.stderr).toContain("1 4\n");
  expect(place.list()).toEqual(["elsewhere", "gone", "migrations", "rung.db"]);
  expect(await Bun.$`ls ${place.at("elsewhere")}`.text()).toBe("");
  expect((await rehearse(place, "--tmp", "no/where")).error?.code).toBe("database.copy-failed");
});

const waits = `import { existsSync, writeFileSync } from "node:fs";
export function up(db) {
  writeFileSync("started", "");
  while (!existsSync("go")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}`;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const) {
  test(`${signal} in the middle: the copy goes at once, or with the next rehearsal`, async () => {
    using place = new Place();
    place.write({ "1_wait.ts": waits, "2_b.sql": table("b") });
    leave("wal", place.at("rung.db"), "old");
    const child = Bun.spawn([`${import.meta.dir}/../../dist/rung`, "rehearse"], {
      cwd: place.path,
      env: {},
      stdio: ["ignore", "ignore", "ignore"],
    });
    while (!place.list().includes("started")) await Bun.sleep(5);
    const copies = (): string[] => place.list().filter((name) => name.includes(".rung-"));
    expect(copies().length).toBeGreaterThan(0);
    child.kill(signal);
    place.write({ go: "" }, ".");
    await child.exited;
    const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGKILL: null } as const;
    expect(child.exitCode).toBe(statuses[signal]);
    if (signal === "SIGKILL") expect(child.signalCode).toBe(signal);
    expect(copies().length > 0).toBe(signal === "SIGKILL");
    expect((await rehearse(place)).count).toBe(2);
    expect(copies()).toEqual([]);
    expect(look(place.at("rung.db"))).toBe("40 rows say old");
  });
}
