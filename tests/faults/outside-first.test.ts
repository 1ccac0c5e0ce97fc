// The first statement of a migration outside any transaction fails: nothing is recorded, unless something may have come of it.

import { expect, test } from "bun:test";
import { json, Place } from "../rung.ts";

const names = `-- migrate:up
CREATE TABLE names (name TEXT PRIMARY KEY);
INSERT INTO names VALUES ('Ada'), ('Brian');
`;

/** Runs a first migration, and a second one outside any transaction; gives what was said. */
async function migrate(place: Place, file: string, text: string) {
  place.write({ "1_names.sql": names, [file]: text });
  const { status, stdout } = await place.rung(["migrate", "--json"]);
  return { status, ...json(stdout) };
}

const select = "SELECT version, state, direction, done FROM rung_history ORDER BY version";
const first = { version: 1, state: "applied", direction: null, done: null };

test("a statement that SQLite refuses leaves nothing behind but the trail", async () => {
  using place = new Place();
  const said = await migrate(
    place,
    "2_outside.sql",
    "-- migrate:up transaction:false\nINSERT INTO nowhere VALUES (1);\nVACUUM;\n",
  );
  expect(said).toMatchObject({
    status: 6,
    count: 1,
    failed: { version: 2, name: "outside" },
    error: { code: "step.failed", changed: "some", statement: "INSERT INTO nowhere VALUES (1)" },
  });
  expect(place.query(select)).toEqual([first]);
  expect(place.query("SELECT event, version FROM rung_log ORDER BY id")).toEqual([
    { event: "apply", version: 1 },
    { event: "start", version: 2 },
  ]);
  place.write({ "2_outside.sql": "-- migrate:up transaction:false\nVACUUM;\n" });
  expect((await place.rung(["migrate"])).status).toBe(0);
  expect(place.applied()).toEqual([1, 2]);
});

test("a statement that fails on the way down leaves it applied", async () => {
  using place = new Place();
  const up = "-- migrate:up transaction:false\nVACUUM;\n";
  await migrate(place, "2_outside.sql", `${up}-- migrate:down transaction:false\nDROP TABLE x;\n`);
  expect((await place.rung(["rollback"])).status).toBe(6);
  expect(place.query(select)).toEqual([first, { ...first, version: 2 }]);
});

test("a statement that keeps some of its rows when it fails is in doubt", async () => {
  using place = new Place();
  const said = await migrate(
    place,
    "2_outside.sql",
    "-- migrate:up transaction:false\nINSERT OR FAIL INTO names VALUES ('Cleo'), ('Ada');\n",
  );
  expect(said).toMatchObject({
    status: 6,
    failed: { version: 2, name: "outside" },
    error: { code: "step.failed", changed: "unknown" },
  });
  expect(place.query("SELECT name FROM names WHERE name = 'Cleo'")).toHaveLength(1);
  const started = { version: 2, state: "started", direction: "up", done: 0 };
  expect(place.query(select)).toEqual([first, started]);
});

test("a function that throws is in doubt, whatever it has done", async () => {
  using place = new Place();
  const said = await migrate(
    place,
    "2_outside.ts",
    `export const options = { transaction: false };
export function up(db) { db.exec("INSERT INTO names VALUES ('Cleo')"); throw new Error("enough"); }
`,
  );
  expect(said).toMatchObject({ status: 6, error: { code: "step.threw", changed: "unknown" } });
  const started = { version: 2, state: "started", direction: "up", done: 0 };
  expect(place.query(select)).toEqual([first, started]);
});
