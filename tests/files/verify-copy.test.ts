// Verify --from-db: what is pending is proved on a copy of the real database, which stays as it was.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { json, Place, table } from "../rung.ts";

async function verify(place: Place, ...words: string[]) {
  const { status, stdout, stderr } = await place.rung(["verify", "--json", ...words]);
  const { migrations, error } = json(stdout);
  return { status, migrations, error, stderr };
}

/** Two migrations are applied, with rows; three are pending. */
async function started(): Promise<Place> {
  const place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  await place.rung(["migrate"]);
  place.execute("INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (7)");
  return place;
}

for (const mode of ["DELETE", "WAL"]) {
  test(`the rows of the real database decide, and it keeps its bytes, ${mode}`, async () => {
    using place = await started();
    place.execute(`PRAGMA journal_mode = ${mode}`);
    place.write({
      "3_c.sql": `-- migrate:up
ALTER TABLE a ADD COLUMN text TEXT;
-- migrate:down
ALTER TABLE a DROP COLUMN text;`,
      "4_d.sql": "-- migrate:up\nDELETE FROM b WHERE id = 7;\n-- migrate:down\nSELECT 1;",
      "5_e.sql": `-- migrate:up
CREATE UNIQUE INDEX one ON a (id % 1);
-- migrate:down
DROP INDEX one;`,
    });
    const before = readFileSync(place.at("rung.db"), "base64");
    const { status, migrations, error } = await verify(place, "--from-db", "--data");
    expect(migrations).toMatchObject([
      { version: 3, verdict: "reversible" },
      { version: 4, verdict: "lossy", lost: [{ table: "b", gone: 1 }] },
      // Two rows cannot be one.
      { version: 5, verdict: "up-fails", error: { code: "step.failed" } },
    ]);
    expect([status, error]).toMatchObject([
      6,
      { code: "verify.not-reversible", changed: "nothing" },
    ]);
    expect(readFileSync(place.at("rung.db"), "base64")).toBe(before);
    expect(place.list()).toEqual(["migrations", "rung.db"]);
    // Without its rows, only the last is wrong with the real database.
    const schema = await verify(place, "--from-db");
    expect(schema.migrations).toMatchObject([
      { verdict: "reversible" },
      { verdict: "reversible" },
      { verdict: "up-fails" },
    ]);
    expect((await verify(place)).status).toBe(0);
  });
}

test("a down that fails on the way is made good by another copy of the same moment", async () => {
  using place = await started();
  place.write({
    "3_c.sql":
      "-- migrate:up\nCREATE TABLE c (x);\nCREATE INDEX i ON c (x);\n-- migrate:down\nSELECT 1;",
    "4_d.sql": "-- migrate:up\nINSERT INTO c SELECT id FROM a;\n-- migrate:down\nDELETE FROM c;",
  });
  const { migrations, status } = await verify(place, "--from-db");
  expect(migrations).toMatchObject([
    { version: 3, verdict: "not-undone" },
    { version: 4, verdict: "reversible" },
  ]);
  expect(status).toBe(6);
  expect(place.list()).toEqual(["migrations", "rung.db"]);
});

test("nothing pending, no database, a history that forbids it, a place for the copies", async () => {
  using place = await started();
  const { stdout } = await place.rung(["verify", "--from-db"]);
  expect(stdout).toBe("Nothing to apply: rung.db is up to date\n");
  place.write({}, "elsewhere");
  place.write({
    "3_c.ts": `import { readdirSync } from "node:fs";
      export function up(db) { console.error(readdirSync("elsewhere").length); }
      export function down() {}`,
  });
  expect((await verify(place, "--from-db", "--tmp", "elsewhere")).stderr).toMatch(/^[2-9]/);
  expect((await verify(place, "--tmp", "elsewhere")).status).toBe(2);
  const absent = await verify(place, "--from-db", "--db", "none.db");
  expect(absent.migrations).toMatchObject([{ version: 1 }, { version: 2 }, { version: 3 }]);
  expect(place.list()).toEqual(["elsewhere", "migrations", "rung.db"]);
  place.write({ "1_a.sql": table("other") });
  const { status, error } = await verify(place, "--from-db");
  expect([status, error]).toMatchObject([4, { code: "history.changed" }]);
});
