// Order, edits and gaps: what no longer agrees with history is named, refused, and has a way out that works.

import { expect, test } from "bun:test";
import { renameSync, rmSync } from "node:fs";
import { Place, table } from "../rung.ts";
import { done, refused, report, sql, states, tables } from "./asking.ts";

test("a lower number merged late: refused, accepted with the option, shown in its place, undone first", async () => {
  using place = new Place();
  place.write({ ...tables(1, 2), ...tables(4, 4) });
  await done(place, "migrate");
  place.write({ ...tables(3, 3), ...tables(5, 5) });
  expect(await states(place)).toEqual([
    "1 applied",
    "2 applied",
    "3 out-of-order",
    "4 applied",
    "5 pending",
  ]);
  const { status, code, hint } = await refused(place, "migrate");
  expect([status, code]).toEqual([4, "history.out-of-order"]);
  expect(hint).toContain("--allow-out-of-order");
  expect((await refused(place, "plan")).code).toBe(code);
  expect(place.applied()).toEqual([1, 2, 4]);
  expect(await done(place, "plan --allow-out-of-order")).toHaveLength(8);

  expect(await done(place, "migrate --allow-out-of-order")).toEqual([
    "applied 3 t3",
    "applied 5 t5",
  ]);
  expect(await states(place)).toEqual([1, 2, 3, 4, 5].map((each) => `${each} applied`));
  expect((await place.rung(["status", "--check"])).status).toBe(0);
  expect(place.applied()).toEqual([1, 2, 4, 3, 5]);
  expect(await done(place, "rollback --steps 3")).toEqual([
    "rolled back 5 t5",
    "rolled back 3 t3",
    "rolled back 4 t4",
  ]);
});

test("rollback --to undoes what lies above it, in order of application, and leaves the middle", async () => {
  using place = new Place();
  place.write({ ...tables(1, 1), ...tables(4, 5) });
  await done(place, "migrate");
  place.write(tables(2, 3));
  await done(place, "migrate --allow-out-of-order");
  expect(place.applied()).toEqual([1, 4, 5, 2, 3]);
  expect(await done(place, "rollback --to 2")).toEqual([
    "rolled back 3 t3",
    "rolled back 5 t5",
    "rolled back 4 t4",
  ]);
  expect(place.applied()).toEqual([1, 2]);
  expect((await report(place, "status"))["drift"]).toEqual([]);
});

const text =
  "-- migrate:up\nCREATE TABLE t1 (id);\n\nCREATE TABLE u (x);\n-- migrate:down\nDROP TABLE u;\nDROP TABLE t1;\n";

for (const [what, same] of [
  ["CRLF", text.replaceAll("\n", "\r\n")],
  ["a BOM", `\ufeff${text}`],
  ["a BOM and CRLF", `\ufeff${text.replaceAll("\n", "\r\n")}`],
  ["no newline at the end", text.slice(0, -1)],
  ["another down", text.replace("DROP TABLE u", "DROP TABLE IF EXISTS u")],
  ["options of the down", text.replace("migrate:down", "migrate:down foreign_keys:on")],
  ["no down at all", text.slice(0, text.indexOf("-- migrate:down"))],
] as const) {
  test(`${what}: not a change`, async () => {
    using place = new Place();
    place.write({ "1_t1.sql": text });
    await done(place, "migrate");
    place.write({ "1_t1.sql": same });
    expect(await states(place)).toEqual(["1 applied"]);
    expect((await place.rung(["status", "--check"])).status).toBe(0);
    expect(await done(place, "migrate")).toEqual(["Nothing to apply: rung.db is up to date"]);
  });
}

for (const [what, other] of [
  ["another statement", text.replace("u (x)", "u (y)")],
  ["a comment", text.replace("(x);", "(x); -- more")],
  ["an option of the up", text.replace("migrate:up", "migrate:up allow:lost-rows")],
] as const) {
  test(`${what} in the up: changed, refused, and put back it is well again`, async () => {
    using place = new Place();
    place.write({ "1_t1.sql": text, ...tables(2, 2) });
    await done(place, "migrate --to 1");
    place.write({ "1_t1.sql": other });
    expect(await states(place)).toEqual(["1 changed", "2 pending"]);
    const { status, code, hint } = await refused(place, "migrate");
    expect([status, code]).toEqual([4, "history.changed"]);
    expect(hint).toContain("rung repair --changed 1");
    expect((await place.rung(["status", "--check"])).status).toBe(1);
    place.write({ "1_t1.sql": text });
    expect(await done(place, "migrate")).toEqual(["applied 2 t2"]);
  });
}

test("a TypeScript migration has changed when a file that it imports has", async () => {
  using place = new Place();
  const code = `import { name } from "./lib/name.ts";\nexport const up = (db) => db.exec("CREATE TABLE " + name);\n`;
  place.write({ "1_a.ts": code, "lib/name.ts": `export const name = "a (id)";\n` });
  await done(place, "migrate");
  place.write({ "lib/name.ts": `export const name = "b (id)";\n` });
  expect(await states(place)).toEqual(["1 changed"]);
});

test("a file that is gone is missing, one above all that is known is ahead; each hint names the way out", async () => {
  using place = new Place();
  place.write(tables(1, 4));
  await done(place, "migrate");
  rmSync(place.at("migrations/0002_t2.sql"));
  expect(await states(place)).toEqual(["1 applied", "2 missing", "3 applied", "4 applied"]);
  const missing = await refused(place, "migrate");
  expect([missing.status, missing.code]).toEqual([4, "history.missing"]);
  expect(missing.hint).toContain("rung repair --missing 2");

  place.write(tables(1, 3), "older");
  expect(await states(place, "--dir older")).toEqual([
    "1 applied",
    "2 applied",
    "3 applied",
    "4 ahead",
  ]);
  const ahead = await refused(place, "migrate --dir older");
  expect([ahead.status, ahead.code]).toEqual([4, "history.ahead"]);
  expect(ahead.hint).toContain("rung rollback");
  expect((await place.rung(["status", "--check", "--dir", "older"])).status).toBe(1);
});

test("several at once: the past before the order, the lowest version first; mended one by one, all is well", async () => {
  using place = new Place();
  place.write({ ...tables(2, 4), ...tables(6, 7) });
  await done(place, "migrate");
  rmSync(place.at("migrations/0003_t3.sql"));
  rmSync(place.at("migrations/0007_t7.sql"));
  place.write({ ...tables(1, 1), "0004_t4.sql": sql("CREATE TABLE other (id);", "SELECT 1;") });
  expect(await states(place)).toEqual([
    "1 out-of-order",
    "2 applied",
    "3 missing",
    "4 changed",
    "6 applied",
    "7 ahead",
  ]);
  for (const [code, way] of [
    ["history.missing", "repair --missing 3"],
    ["history.changed", "repair --changed 4"],
    ["history.ahead", "repair --missing 7"],
  ] as const) {
    expect((await refused(place, "migrate")).code).toBe(code);
    await done(place, way);
  }
  expect((await refused(place, "migrate")).code).toBe("history.out-of-order");
  expect(await done(place, "migrate --allow-out-of-order")).toEqual(["applied 1 t1"]);
});

test("a file under another name with the same up is the same migration", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  await done(place, "migrate");
  renameSync(place.at("migrations/0002_t2.sql"), place.at("migrations/2_better_name.sql"));
  expect(await states(place)).toEqual(["1 applied", "2 applied"]);
  expect(await done(place, "rollback")).toEqual(["rolled back 2 t2"]);
});

test("gaps in numbering, and names that differ only in case, are no error; one version twice is", async () => {
  using place = new Place();
  place.write({ "3_a.sql": table("a"), "10_A.sql": table("b"), "0700_a.sql": table("c") });
  expect(await done(place, "migrate")).toEqual(["applied 3 a", "applied 10 A", "applied 700 a"]);
  expect(await report(place, "status")).toMatchObject({ applied: 3, pending: 0 });
  place.write({ "003_b.sql": table("d") });
  const { status, code, text } = await refused(place, "status");
  expect([status, code]).toEqual([3, "catalog.duplicate-version"]);
  expect(text).toContain("003_b.sql");
  expect(text).toContain("3_a.sql");
});
