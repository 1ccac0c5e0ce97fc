// Each request of a session stands for itself: what failed before it, and what became of the file, is seen anew.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { Place, table, type Reply } from "../rung.ts";
import { list, Peer } from "./peer.ts";

const catalog = { "1_a.sql": table("a"), "2_b.sql": table("b") };

/** The applied versions that a status tells of. */
function appliedIn(reply: Reply): unknown[] {
  return list(reply, "migrations").flatMap((each) => {
    const isApplied =
      typeof each === "object" && each !== null && "applied" in each && each.applied === true;
    return isApplied && "version" in each ? [each.version] : [];
  });
}

/** A session that knows its database, with two migrations applied, from every side. */
async function acquainted(place: Place, words: readonly string[] = []): Promise<Peer> {
  place.write(catalog);
  const peer = new Peer(place, words);
  for (const type of ["migrate", "status", "log", "schema"]) await peer.ask({ type });
  return peer;
}

function garble(path: string): void {
  writeFileSync(path, "garbage!".repeat(readFileSync(path).length / 8));
}

function replace(place: Place): void {
  place.execute("CREATE TABLE other (x)", "next.db");
  renameSync(place.at("next.db"), place.at("rung.db"));
}

const looks = ["status", "log", "schema", "plan"];
const notADatabase = { type: "error", code: 13, error: "database.not-a-database" };

test("a file that is replaced is seen by the next request, whichever it is", async () => {
  const seen: Readonly<Record<string, object>> = {
    log: { entries: [] },
    schema: { sql: "CREATE TABLE other(x);\n" },
    plan: { count: 2 },
    rollback: { error: "history.nothing-to-roll-back" },
    migrate: { count: 2 },
    redo: { error: "history.nothing-to-roll-back" },
  };
  for (const [type, expected] of Object.entries(seen)) {
    using place = new Place();
    await using peer = await acquainted(place);
    replace(place);
    const reply = await peer.ask({ type });
    const sql = String(reply["sql"] ?? "").replace("other (x)", "other(x)");
    expect([type, { ...reply, sql }]).toMatchObject([type, expected]);
    expect(appliedIn(await peer.ask({ type: "status" }))).toEqual(type === "migrate" ? [1, 2] : []);
  }
});

test("a file that is deleted is nothing, and no request but migrate makes a new one", async () => {
  const others = [
    { type: "rollback" },
    { type: "redo" },
    { type: "repair", drift: true },
    { type: "repair", changed: "all" },
    { type: "baseline", version: 1 },
    { type: "migrate", dry_run: true },
    { type: "baseline", version: 1, force: true, dry_run: true },
    ...looks.map((type) => ({ type })),
  ];
  using place = new Place();
  for (const message of others) {
    await using peer = await acquainted(place);
    rmSync(place.at("rung.db"));
    const reply = await peer.ask(message);
    expect([message, reply["type"]]).toEqual([message, expect.any(String)]);
    expect([message, place.list()]).toEqual([message, ["migrations"]]);
    expect(appliedIn(await peer.ask({ type: "status" }))).toEqual([]);
    expect(await peer.ask({ type: "migrate" })).toMatchObject({ count: 2 });
    expect(place.applied()).toEqual([1, 2]);
    rmSync(place.at("rung.db"));
  }
});

test("a log and a schema of a deleted file are empty", async () => {
  for (const [type, expected] of [
    ["log", { entries: [] }],
    ["schema", { sql: "" }],
  ] as const) {
    using place = new Place();
    await using peer = await acquainted(place);
    rmSync(place.at("rung.db"));
    expect(await peer.ask({ type })).toMatchObject(expected);
  }
});

test("a file that becomes garbage in its place fails each request, until it is a database again", async () => {
  using place = new Place();
  await using peer = await acquainted(place);
  const sound = readFileSync(place.at("rung.db"));
  for (const type of [...looks, "rollback", "migrate"]) {
    garble(place.at("rung.db"));
    expect([type, await peer.ask({ type })]).toMatchObject([type, notADatabase]);
    writeFileSync(place.at("rung.db"), sound);
    expect(appliedIn(await peer.ask({ type: "status" }))).toEqual([1, 2]);
  }
});

test("a file that is cut short in its place is empty, or damaged, and is told to be", async () => {
  using place = new Place();
  await using peer = await acquainted(place);
  const sound = readFileSync(place.at("rung.db"));
  for (const type of looks) {
    truncateSync(place.at("rung.db"), 0);
    expect((await peer.ask({ type }))["type"]).not.toBe("error");
    expect(appliedIn(await peer.ask({ type: "status" }))).toEqual([]);
    writeFileSync(place.at("rung.db"), sound);
    expect(appliedIn(await peer.ask({ type: "status" }))).toEqual([1, 2]);
    truncateSync(place.at("rung.db"), 4096);
    expect([type, await peer.ask({ type })]).toMatchObject([type, { error: "database.corrupt" }]);
    writeFileSync(place.at("rung.db"), sound);
    expect(appliedIn(await peer.ask({ type: "status" }))).toEqual([1, 2]);
  }
});

test("what another process does between two requests is seen by the next", async () => {
  using place = new Place();
  await using peer = await acquainted(place);
  expect((await place.rung(["rollback"])).status).toBe(0);
  expect(appliedIn(await peer.ask({ type: "status" }))).toEqual([1]);
  expect((await place.rung(["migrate"])).status).toBe(0);
  expect(await peer.ask({ type: "migrate" })).toMatchObject({ count: 0 });
  place.execute("CREATE TABLE foreign_body (x)");
  expect(await peer.ask({ type: "status", check: true })).toMatchObject({ sound: false });
  place.execute("DROP TABLE foreign_body");
  expect(await peer.ask({ type: "status", check: true })).toMatchObject({ sound: true });
});

for (const lock of ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"]) {
  test(`${lock} of another: code 11 after the request's own wait, and the next request works`, async () => {
    using place = new Place();
    await using peer = await acquainted(place, ["--lock-timeout", "1ms"]);
    using other = new Database(place.at("rung.db"));
    for (const lockTimeout of [undefined, "20ms", 0.02, "0s", undefined]) {
      other.run(lock);
      const wait = lockTimeout === undefined ? {} : { lock_timeout: lockTimeout };
      const reply = await peer.ask({ type: "rollback", msg_id: 4, ...wait });
      expect(reply).toMatchObject({
        type: "error",
        in_reply_to: 4,
        code: 11,
        error: "database.locked",
        changed: "nothing",
      });
      other.run("ROLLBACK");
      expect(await peer.ask({ type: "rollback" })).toMatchObject({ version: 2 });
      expect(await peer.ask({ type: "migrate" })).toMatchObject({ count: 1 });
    }
  });
}

test("a migration that fails leaves nothing to the next request, not even what it set", async () => {
  using place = new Place();
  place.write({
    "1_a.sql": table("a"),
    "2_b.sql": `-- migrate:up
PRAGMA recursive_triggers = ON; CREATE TEMP TABLE t (x); CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);
`,
  });
  await using peer = new Peer(place);
  for (let round = 0; round < 3; round++) {
    const failed = await peer.ask({ type: "migrate", msg_id: round });
    expect(failed).toMatchObject({ code: 14, error: "step.failed", in_reply_to: round });
    expect(appliedIn(await peer.ask({ type: "status" }))).toEqual([1]);
    expect(place.tables()).toEqual(["a"]);
    // Nobody waits for a lock that was forgotten.
    place.execute("CREATE TABLE mine (x); DROP TABLE mine;");
    expect(await peer.ask({ type: "rollback" })).toMatchObject({ version: 1 });
  }
  expect((await peer.end()).status).toBe(1);
});

test("a catalog is read once a session, but one that cannot be used is read anew", async () => {
  using place = new Place();
  place.write({ "1_a.sql": "CREATE TABLE a (x);" });
  await using peer = new Peer(place);
  expect(await peer.ask({ type: "migrate" })).toMatchObject({ error: "catalog.no-marker" });
  place.write(catalog);
  expect(await peer.ask({ type: "migrate" })).toMatchObject({ count: 2 });
  place.write({ "3_c.sql": table("c"), "1_a.sql": "no longer a migration" });
  expect(await peer.ask({ type: "migrate" })).toMatchObject({ count: 0 });
  expect(appliedIn(await peer.ask({ type: "status" }))).toEqual([1, 2]);
});
