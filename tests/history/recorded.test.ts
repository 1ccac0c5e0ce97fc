// The fingerprint that a run begins with: the one recorded last, wherever that is still the schema's.

import { expect, test } from "bun:test";
import { recordedFingerprint, sumOf } from "../../src/database/fingerprint.ts";
import { LiveSchema } from "../../src/database/live.ts";
import { ownOf } from "../../src/database/schema.ts";
import { openConnection } from "../../src/database/sqlite.ts";
import { randomOf, type Random } from "../guard/random.ts";
import { Place } from "../rung.ts";

const many = Array.from(
  { length: 40 },
  (_, at) => `CREATE TABLE t${at} (id INTEGER PRIMARY KEY, c);`,
);

function migration(version: number, pick: Random): string {
  const t = `t${pick(40)}`;
  const ways = [
    [`CREATE TABLE n${version} (id);`, `DROP TABLE n${version};`],
    [`CREATE INDEX i${version} ON ${t} (c);`, `DROP INDEX i${version};`],
    [`ALTER TABLE ${t} ADD COLUMN a${version};`, `ALTER TABLE ${t} DROP COLUMN a${version};`],
    // Under another name, but for a down that is not exact.
    [
      `CREATE VIEW v${version} AS SELECT 1 AS one;`,
      `DROP VIEW v${version}; CREATE VIEW w${version} AS SELECT 2 AS two;`,
    ],
    [`INSERT INTO ${t} (c) VALUES (1);`, `DELETE FROM ${t};`],
  ];
  const [up = "", down = ""] = ways[pick(ways.length)] ?? [];
  return `-- migrate:up allow:lost-rows\n${up}\n-- migrate:down allow:lost-rows,lost-objects\n${down}\n`;
}

/** What a run that leaves these out would begin with, and what all objects come to. */
function fingerprints(
  path: string,
  ignored: readonly string[],
): { recorded: bigint | null; whole: bigint } {
  const connection = openConnection(path, "write", ignored);
  try {
    const own = ownOf(connection, new LiveSchema(connection).all(), false);
    const recorded = ignored.length > 0 ? null : recordedFingerprint(connection, own.length);
    return { recorded, whole: sumOf(own) };
  } finally {
    connection.close();
  }
}

const doings: readonly string[] = [
  "migrate",
  "migrate",
  "migrate",
  "rollback",
  "by hand",
  "accept",
  "ignore",
] as const;

test("what was recorded last is the schema's, or is not taken for it", async () => {
  const seen = { known: 0, unknown: 0 };
  for (const seed of [1, 2, 3]) {
    using place = new Place();
    const pick = randomOf(seed);
    const db = place.at("rung.db");
    place.write({ "0001_many.sql": `-- migrate:up\n${many.join("\n")}\n` });
    await place.rung(["migrate"]);
    for (let version = 2; version < 20; version++) {
      const doing = doings[pick(doings.length)] ?? "migrate";
      if (doing === "rollback") await place.rung(["rollback"]);
      else if (doing === "by hand") place.execute("CREATE TABLE IF NOT EXISTS hand (c)");
      else if (doing === "put back") place.execute("DROP TABLE IF EXISTS hand");
      else if (doing === "accept") await place.rung(["repair", "--drift"]);
      else {
        place.write({ [`${String(version).padStart(4, "0")}_m.sql`]: migration(version, pick) });
        const ignore = doing === "ignore" ? ["--ignore", `t${pick(4)}*`] : [];
        await place.rung(["migrate", "--allow-out-of-order", ...ignore]);
      }
      for (const ignored of [[], ["t1*"], ["t2*", "n*"]]) {
        const { recorded, whole } = fingerprints(db, ignored);
        if (recorded === null) seen.unknown++;
        else {
          seen.known++;
          expect([seed, version, doing, ignored, recorded]).toEqual([
            seed,
            version,
            doing,
            ignored,
            whole,
          ]);
        }
      }
    }
  }
  expect(Math.min(seen.known, seen.unknown)).toBeGreaterThan(10);
});

test("a migration more is recorded with the fingerprint of the whole schema", async () => {
  using place = new Place();
  place.write({ "0001_many.sql": `-- migrate:up\n${many.join("\n")}\n` });
  await place.rung(["migrate"]);
  place.write({
    "0002_more.sql": "-- migrate:up\nALTER TABLE t3 RENAME TO u3;\nCREATE TABLE more (id);\n",
  });
  await place.rung(["migrate"]);
  const [row] = place.query("SELECT fingerprint FROM rung_history WHERE version = 2");
  const { recorded, whole } = fingerprints(place.at("rung.db"), []);
  expect([row?.["fingerprint"], recorded]).toEqual([whole.toString(16).padStart(64, "0"), whole]);
});

for (const [drift, undone] of [
  ["CREATE TABLE hand (c)", "DROP TABLE hand"],
  ["ALTER TABLE t1 ADD COLUMN hand", "ALTER TABLE t1 DROP COLUMN hand"],
] as const) {
  test(`what was recorded while the schema had drifted is none to begin with: ${drift}`, async () => {
    using place = new Place();
    const db = place.at("rung.db");
    place.write({ "0001_many.sql": `-- migrate:up\n${many.join("\n")}\n` });
    await place.rung(["migrate"]);
    place.execute(drift);
    place.write({ "0002_u.sql": "-- migrate:up\nCREATE TABLE u (id);\n" });
    await place.rung(["migrate"]);
    place.execute(undone);
    expect(fingerprints(db, []).recorded).toBeNull();
    place.write({ "0003_v.sql": "-- migrate:up\nCREATE TABLE v (id);\n" });
    await place.rung(["migrate"]);
    const { recorded, whole } = fingerprints(db, []);
    expect(recorded).toBe(whole);
  });
}
