// Changes of history alone, where they must not happen: with only the sample at hand, and where there is nothing to do.

import { expect, test } from "bun:test";
import { json, Place, table } from "./rung.ts";

/** The failure code of a command, and its exit status. */
async function refusal(place: Place, ...words: string[]): Promise<[unknown, number | null]> {
  const { status, stdout } = await place.rung([...words, "--json"]);
  const { error } = json(stdout);
  return [error === undefined ? null : json(JSON.stringify(error))["code"], status];
}

test("without migrations at hand no real history is amended: the sample is not its catalog", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") }, "own");
  await place.rung(["migrate", "--dir", "own"]);
  const before = place.query("SELECT * FROM rung_history");
  for (const words of [
    ["repair", "--missing", "all"],
    ["repair", "--missing", "2"],
    ["repair", "--changed", "all"],
    ["baseline", "1", "--force"],
    ["redo"],
  ]) {
    expect([words, await refusal(place, ...words)]).toEqual([words, ["catalog.none-given", 3]]);
  }
  expect(place.query("SELECT * FROM rung_history")).toEqual(before);

  place.execute("CREATE TABLE real (x)", "other.db");
  const other = ["--db", "other.db"];
  expect(await refusal(place, "baseline", "1", "--force", ...other)).toEqual([
    "catalog.none-given",
    3,
  ]);
  expect(place.tables("other.db")).toEqual(["real"]);
  expect(place.query("SELECT name FROM sqlite_schema", "other.db")).toEqual([{ name: "real" }]);
});

test("drift is accepted, and an interrupted step settled, without any migration at hand", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") }, "own");
  await place.rung(["migrate", "--dir", "own"]);
  place.execute("CREATE INDEX by_hand ON a (id)");
  expect(await refusal(place, "repair", "--drift")).toEqual([null, 0]);
  place.execute("UPDATE rung_history SET state = 'started', direction = 'up', done = 0");
  expect(await refusal(place, "repair", "--settle", "1", "--as", "applied")).toEqual([null, 0]);
});

test("accepting drift where there is none writes nothing, and creates nothing", async () => {
  using place = new Place();
  const idle = "Nothing to accept: the schema has not drifted\n";
  const drift = ["repair", "--drift"];
  expect(await place.rung(drift)).toEqual({ status: 0, stdout: idle, stderr: "" });
  expect(place.list()).toEqual([]);
  place.execute("CREATE TABLE real (x)");
  expect(await place.rung(drift)).toEqual({ status: 0, stdout: idle, stderr: "" });
  expect(place.tables()).toEqual(["real"]);
  expect(place.query("SELECT name FROM sqlite_schema")).toEqual([{ name: "real" }]);

  place.write({ "1_a.sql": table("a") });
  await place.rung(["migrate"]);
  expect((await place.rung(drift)).stdout).toBe(idle);
  expect(place.query("SELECT event FROM rung_log")).toEqual([{ event: "apply" }]);
});

test("a message that repairs nothing is told so by its code, one that asks for two things by another", async () => {
  using place = new Place();
  await place.rung(["migrate"]);
  const { replies } = await place.send([
    { type: "repair", changed: 1 },
    { type: "repair", missing: "all" },
    { type: "repair", settle: 1, as: "applied" },
    { type: "repair", drift: true },
    { type: "repair" },
    { type: "repair", drift: true, changed: 1 },
    { type: "repair", settle: 1 },
    { type: "repair", drift: true, as: "pending" },
  ]);
  expect(replies.map((reply) => reply["error"] ?? reply["drift"])).toEqual([
    "history.not-changed",
    "history.not-missing",
    "history.not-interrupted",
    [],
    ...Array.from({ length: 4 }, () => "usage.invalid-option"),
  ]);
});

test("the order of columns is a note: told, and nothing fails for it", async () => {
  using place = new Place();
  const two =
    "-- migrate:up\nCREATE TABLE a (x INTEGER, y TEXT);\n-- migrate:down\nDROP TABLE a;\n";
  place.write({ "1_a.sql": two });
  await place.rung(["migrate"]);
  place.execute("DROP TABLE a; CREATE TABLE a (y TEXT, x INTEGER)");
  const { status, stdout } = await place.rung(["status", "--check"]);
  expect(status).toBe(0);
  expect(stdout).toContain("table a has changed (the order of its columns only)");
  const { replies } = await place.send([{ type: "status", check: true, detail: true }]);
  expect(replies[0]).toMatchObject({ sound: true, drift: [{ name: "a", order_only: true }] });
  place.write({ "2_b.sql": table("b") });
  expect((await place.rung(["migrate", "--strict"])).status).toBe(0);
  place.execute("ALTER TABLE a ADD COLUMN z");
  expect((await place.rung(["status", "--check"])).status).toBe(1);
  expect(await refusal(place, "migrate", "--strict")).toEqual(["schema.drifted", 4]);
});
