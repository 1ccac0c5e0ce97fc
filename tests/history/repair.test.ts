// Repair: each thing only as asked, shown before it is done, refused where it is not so, and in the log for good.

import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { Place } from "../rung.ts";
import { done, everything, refused, report, sql, states, tables } from "./asking.ts";

const other = sql("CREATE TABLE other (id);", "DROP TABLE other;");

/** 1 applied, 2 and 3 changed, 4 missing, 5 applied, 6 and 7 ahead. */
async function broken(place: Place): Promise<void> {
  place.write(tables(1, 7));
  await done(place, "migrate");
  for (const at of [4, 6, 7]) rmSync(place.at(`migrations/000${at}_t${at}.sql`));
  place.write({ "0002_t2.sql": other, "0003_t3.sql": other });
}

const start = [
  "1 applied",
  "2 changed",
  "3 changed",
  "4 missing",
  "5 applied",
  "6 ahead",
  "7 ahead",
];

for (const [words, shown, after, events] of [
  ["--changed 3", ["3 t3"], { 2: "3 applied" }, ["accept changed"]],
  [
    "--changed all",
    ["2 t2", "3 t3"],
    { 1: "2 applied", 2: "3 applied" },
    ["accept changed", "accept changed"],
  ],
  ["--missing 4", ["4 t4"], { 3: null }, ["forget missing"]],
  ["--missing 7", ["7 t7"], { 6: null }, ["forget missing"]],
  [
    "--missing all",
    ["4 t4", "6 t6", "7 t7"],
    { 3: null, 5: null, 6: null },
    Array(3).fill("forget missing"),
  ],
] as const) {
  test(`repair ${words}: shown, done, logged, and nothing else is touched`, async () => {
    using place = new Place();
    await broken(place);
    expect(await states(place)).toEqual(start);
    const before = everything(place);
    const verb = words.startsWith("--changed") ? "accept" : "forget";
    const [would, did] =
      verb === "accept" ? ["would accept", "accepted"] : ["would forget", "forgot"];
    const dry = await done(place, `repair ${words} --dry-run`);
    expect(dry.map((line) => line.replace(/( as |,).*/, ""))).toEqual(
      shown.map((one) => `${would} ${one}`),
    );
    expect(everything(place)).toBe(before);
    expect(await done(place, `repair ${words}`)).toEqual(
      dry.map((line) => line.replace(would, did)),
    );
    const changes: Readonly<Record<number, string | null>> = after;
    const wanted = start.flatMap((state, at) =>
      changes[at] === null ? [] : [changes[at] ?? state],
    );
    expect(await states(place)).toEqual(wanted);
    const logged = place
      .query("SELECT event FROM rung_log WHERE id > 7")
      .map((row) => row["event"]);
    expect(logged).toEqual([...events]);
    expect(place.tables()).toHaveLength(7);
  });
}

for (const [words, code] of [
  ["--changed 1", "history.not-changed"],
  ["--changed 4", "history.not-changed"],
  ["--changed 99", "history.not-changed"],
  ["--missing 1", "history.not-missing"],
  ["--missing 2", "history.not-missing"],
  ["--missing 99", "history.not-missing"],
  ["--settle 1 --as applied", "history.not-interrupted"],
  ["--settle 99 --as pending", "history.not-interrupted"],
] as const) {
  test(`repair ${words}: it is not so, and is refused with or without --dry-run`, async () => {
    using place = new Place();
    await broken(place);
    const before = everything(place);
    for (const more of ["", " --dry-run"]) {
      const found = await refused(place, `repair ${words}${more}`);
      expect([found.status, found.code]).toEqual([4, code]);
    }
    expect(everything(place)).toBe(before);
  });
}

for (const words of [
  "repair",
  "repair --dry-run",
  "repair --changed all --missing all",
  "repair --changed 2 --drift",
  "repair --drift --settle 1 --as applied",
  "repair --settle 1",
  "repair --as applied",
  "repair --settle 1 --as done",
  "repair --settle all --as applied",
  "repair --changed some",
  "repair --drift --as applied",
]) {
  test(`${words}: a usage error, and nothing is touched`, async () => {
    using place = new Place();
    await broken(place);
    const before = everything(place);
    expect((await refused(place, words)).status).toBe(2);
    expect(everything(place)).toBe(before);
  });
}

for (const words of ["--changed all", "--missing all", "--settle 1 --as applied"]) {
  test(`repair ${words} on a missing file: refused, and still missing`, async () => {
    using place = new Place();
    place.write(tables(1, 1));
    expect((await refused(place, `repair ${words}`)).status).toBe(4);
    expect(place.list()).toEqual(["migrations"]);
  });
}

test("without migrations at hand, the embedded sample is no measure of what is missing or changed", async () => {
  using place = new Place();
  place.write(tables(1, 3), "db/migrations");
  await done(place, "migrate --dir db/migrations");
  const before = everything(place);
  for (const words of [
    "repair --missing all",
    "repair --changed all",
    "repair --missing 3 --dry-run",
  ]) {
    const { status, code } = await refused(place, words);
    expect([status, code]).toEqual([3, "catalog.none-given"]);
  }
  expect(everything(place)).toBe(before);
});

test("an edit that was accepted leaves the recorded down, which fits what was run", async () => {
  using place = new Place();
  place.write(tables(1, 1));
  await done(place, "migrate");
  place.write({ "0001_t1.sql": other });
  await done(place, "repair --changed 1");
  const { status, stderr } = await place.rung(["rollback"]);
  expect([status, stderr]).toEqual([0, expect.stringContaining("which is what runs")]);
  expect(place.tables()).toEqual([]);
});

test("a TypeScript migration that was renamed and edited, or rewritten as SQL, can be undone once that is accepted", async () => {
  using place = new Place();
  const code = `export const up = (db) => db.exec("CREATE TABLE x (id)");\nexport const down = (db) => db.exec("DROP TABLE x");\n`;
  for (const [name, content] of [
    ["1_renamed.ts", `// edited\n${code}`],
    ["1_rewritten.sql", sql("CREATE TABLE x (id);", "DROP TABLE x;")],
  ] as const) {
    place.write({ "1_code.ts": code }, "first");
    await done(place, "migrate --dir first");
    place.write({ [name]: content }, name);
    expect((await refused(place, `rollback --dir ${name}`)).code).toBe("history.irreversible");
    await done(place, `repair --changed 1 --dir ${name}`);
    expect(await states(place, `--dir ${name}`)).toEqual(["1 applied"]);
    expect(await done(place, `rollback --dir ${name}`)).toHaveLength(1);
    expect(place.tables()).toEqual([]);
  }
});

test("a forgotten migration that comes back is pending, below the head out of order", async () => {
  using place = new Place();
  place.write(tables(1, 3));
  await done(place, "migrate");
  rmSync(place.at("migrations/0002_t2.sql"));
  await done(place, "repair --missing 2");
  expect((await place.rung(["status", "--check"])).status).toBe(0);
  place.write(tables(2, 2));
  expect(await states(place)).toEqual(["1 applied", "2 out-of-order", "3 applied"]);
});

test("by message and by --json the same, with what was repaired", async () => {
  using place = new Place();
  await broken(place);
  const changed = { repaired: "changed", count: 1, migrations: [{ version: 2, name: "t2" }] };
  expect(await report(place, "repair --changed 2 --dry-run")).toEqual({
    command: "repair",
    ok: true,
    database: "rung.db",
    ...changed,
    dry_run: true,
  });
  place.execute("CREATE INDEX hand ON t1 (id)");
  const { replies } = await place.send([
    { type: "repair", changed: 2, msg_id: 1 },
    { type: "repair", missing: "all", dry_run: true, msg_id: 2 },
    { type: "repair", drift: true, msg_id: 3 },
    { type: "repair", changed: 2, msg_id: 4 },
    { type: "repair", drift: true, missing: "all", msg_id: 5 },
  ]);
  expect(replies[0]).toEqual({ type: "repaired", in_reply_to: 1, ...changed });
  expect(replies[1]).toMatchObject({
    type: "repaired",
    repaired: "missing",
    count: 3,
    dry_run: true,
  });
  expect(replies[2]).toMatchObject({ repaired: "drift", drift: [{ kind: "added", name: "hand" }] });
  expect(replies.slice(3).map((reply) => [reply["code"], reply["error"]])).toEqual([
    [22, "history.not-changed"],
    [12, "usage.invalid-option"],
  ]);
});

test("log and schema need no migrations, and broken ones don't stand in their way", async () => {
  using place = new Place();
  place.write(tables(1, 1));
  await done(place, "migrate");
  const [log, schema] = [await done(place, "log"), await done(place, "schema")];
  place.write({ "nonsense.sql": "" });
  expect((await refused(place, "status")).status).toBe(3);
  expect(await done(place, "log")).toEqual(log);
  expect(await done(place, "schema")).toEqual(schema);
  expect(await done(place, "log --dir nowhere")).toEqual(log);
});
