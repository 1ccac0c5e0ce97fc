// What our own writes can rely on: every one is synced in full, waits as long as it may, and leaves the journal mode alone.

import { expect, test } from "bun:test";
import { Place } from "../rung.ts";

// Of a name that is nobody's drift. Triggers see the settings of the connection that writes.
const spies = `CREATE TABLE _litestream_seen (what TEXT, synchronous INTEGER, timeout INTEGER);
${[
  ["log", "INSERT ON rung_log", "new.event"],
  ["mark", "UPDATE OF done ON rung_history", "'mark ' || ifnull(new.done, 'end')"],
  ["gone", "DELETE ON rung_history", "'gone'"],
]
  .map(
    ([name, event, what]) => `CREATE TRIGGER rung_spy_${name} AFTER ${event} BEGIN
  INSERT INTO _litestream_seen SELECT ${what}, synchronous, timeout FROM pragma_synchronous, pragma_busy_timeout;
END;`,
  )
  .join("\n")}`;

const plain = `-- migrate:up
CREATE TABLE plain (id);
-- migrate:down
DROP TABLE plain;
`;

/** What a program sets that wants to be fast, and sees what it has set in the statement after it. */
const careless = `-- migrate:up transaction:false
PRAGMA synchronous = OFF;
CREATE TABLE set_up AS SELECT synchronous FROM pragma_synchronous;
PRAGMA busy_timeout = 1;
-- migrate:down transaction:false
PRAGMA synchronous = NORMAL;
DROP TABLE set_up;
`;

const extra = 3;

for (const mode of ["delete", "wal"]) {
  test(`synchronous is EXTRA at each of our commits, and a step has what it set: ${mode}`, async () => {
    using place = new Place();
    place.execute(`PRAGMA journal_mode = ${mode}`);
    place.write({ "1_first.sql": plain.replaceAll("plain", "first") });
    const run = async (words: string): Promise<void> => {
      const { status, stderr } = await place.rung([...words.split(" "), "--lock-timeout", "7s"]);
      expect([words, status, stderr]).toEqual([words, 0, ""]);
    };
    await run("migrate");
    place.execute(spies);
    place.write({
      "2_plain.sql": plain,
      "3_careless.sql": careless,
      "4_more.sql": plain.replaceAll("plain", "more"),
    });
    await run("migrate");
    expect(place.query("SELECT * FROM set_up")).toEqual([{ synchronous: 0 }]);
    await run("rollback --to 0");
    await run("baseline 1 --force");
    place.write({ "1_first.sql": plain });
    await run("repair --changed all");

    const seen = place.query("SELECT what, synchronous, timeout FROM _litestream_seen");
    expect(seen.map((row) => row["what"])).toEqual([
      "apply",
      "start",
      "mark 1",
      "mark 2",
      "mark 3",
      "mark end",
      "apply",
      "apply",
      "gone",
      "rollback",
      "mark 0",
      "start",
      "mark 1",
      "mark 2",
      "gone",
      "rollback",
      "gone",
      "rollback",
      "gone",
      "rollback",
      "baseline",
      "accept changed",
    ]);
    expect(seen.filter((row) => row["synchronous"] !== extra)).toEqual([]);
    // Nothing can be asked to wait a while and then asked again between two statements.
    const marks = seen.filter((row) => /^mark [1-9]/.test(String(row["what"])));
    expect(marks.map((row) => row["timeout"])).toEqual(marks.map(() => 7000));
    expect(place.query("PRAGMA journal_mode")).toEqual([{ journal_mode: mode }]);
  });
}

test("a statement outside any transaction waits for a lock as long as a run may", async () => {
  using place = new Place();
  const text =
    "-- migrate:up transaction:false\nCREATE TABLE waits AS SELECT timeout FROM pragma_busy_timeout;\n";
  place.write({ "1_waits.sql": text });
  expect((await place.rung(["migrate", "--lock-timeout", "7s"])).status).toBe(0);
  expect(place.query("SELECT * FROM waits")).toEqual([{ timeout: 7000 }]);
});
