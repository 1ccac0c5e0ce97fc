// A step outside any transaction that was killed: how far it came is known, nothing goes on top of it, and it is settled as asked.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { executable, Place } from "../rung.ts";
import { done, drift, everything, listOf, refused, report, sql, states, tables } from "./asking.ts";

/** Longer than anybody waits, and without a lock that would keep others from looking. */
const endless =
  "SELECT count(*) FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c)";
const up = `CREATE TABLE a (id);\n${endless};\nCREATE TABLE b (id);`;
const down = `DROP TABLE b;\n${endless};\nDROP TABLE a;`;
const outside = "transaction:false";

/** How many statements of a step that has started are done; null where none has started. */
function progress(place: Place): number | null {
  using database = new Database(place.at("rung.db"), { readwrite: true, create: false });
  database.run("PRAGMA busy_timeout = 10000");
  const select = "SELECT done FROM rung_history WHERE state = 'started'";
  return database.query<{ done: number }, []>(select).get()?.done ?? null;
}

/** Runs a command until its step has come so far, then kills it. */
async function killedAfter(
  place: Place,
  words: readonly string[],
  statements: number,
): Promise<void> {
  const child = Bun.spawn([executable, ...words], { cwd: place.path, env: {}, stderr: "ignore" });
  try {
    while (child.exitCode === null && progress(place) !== statements) await Bun.sleep(2);
  } finally {
    child.kill("SIGKILL");
  }
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
}

async function interruptedUp(place: Place): Promise<void> {
  place.write(tables(1, 1));
  await done(place, "migrate");
  place.write({
    "0002_long.sql": sql(up, "DROP TABLE b;\nDROP TABLE a;", outside),
    ...tables(3, 3),
  });
  await killedAfter(place, ["migrate"], 1);
}

async function interruptedDown(place: Place): Promise<void> {
  place.write({
    ...tables(1, 1),
    "0002_long.sql": sql("CREATE TABLE a (id);\nCREATE TABLE b (id);", down, "", outside),
  });
  await done(place, "migrate");
  await killedAfter(place, ["rollback"], 1);
}

test("killed on the way up: status names the last statement done and the one in doubt", async () => {
  using place = new Place();
  await interruptedUp(place);
  const { status, stdout } = await place.rung(["status", "--check"]);
  expect(status).toBe(1);
  expect(stdout).toContain(
    [
      "Version 2 was interrupted (up): 1 of 3 statements are done.",
      "The last one known done:",
      "  CREATE TABLE a (id)",
      "The one in doubt:",
      `  ${endless}`,
      "Settle it: rung repair --settle 2 --as applied, or --as pending",
    ].join("\n"),
  );
  expect(listOf(await report(place, "status"), "migrations")[1]).toMatchObject({
    state: "interrupted",
    interrupted: {
      direction: "up",
      done: 1,
      total: 3,
      last_done: "CREATE TABLE a (id)",
      in_doubt: endless,
    },
  });
});

test("nothing runs on top of it: migrate, rollback, redo, their plans and dry runs are refused with the way out", async () => {
  using place = new Place();
  await interruptedUp(place);
  const before = everything(place);
  for (const words of [
    "migrate",
    "migrate --to 1",
    "migrate --dry-run",
    "rollback",
    "rollback --to 0",
    "redo",
    "plan",
    "plan --rollback",
  ]) {
    const { status, code, hint } = await refused(place, words);
    expect([words, status, code]).toEqual([words, 4, "history.interrupted"]);
    expect(hint).toContain("rung repair --settle 2 --as applied, or --as pending");
  }
  const { replies } = await place.send([{ type: "migrate", msg_id: 1 }]);
  expect(replies[0]).toMatchObject({ type: "error", code: 22, error: "history.interrupted" });
  expect(everything(place)).toBe(before);
});

test("finished by hand and settled as applied: it counts, and what it made is no drift", async () => {
  using place = new Place();
  await interruptedUp(place);
  place.execute("CREATE TABLE b (id)");
  const dry = await done(place, "repair --settle 2 --as applied --dry-run");
  expect(await states(place)).toEqual(["1 applied", "2 interrupted", "3 pending"]);
  expect(await done(place, "repair --settle 2 --as applied")).toEqual([
    "settled 2 long as applied",
    "accepted: table a has been added",
    "accepted: table b has been added",
  ]);
  expect(dry).toHaveLength(3);
  expect([await states(place), await drift(place)]).toEqual([
    ["1 applied", "2 applied", "3 pending"],
    [],
  ]);
  const logged = place.query("SELECT event, name FROM rung_log ORDER BY id DESC LIMIT 3").reverse();
  expect(logged).toEqual([
    { event: "settle as applied", name: "long" },
    { event: "accept drift", name: "added table a" },
    { event: "accept drift", name: "added table b" },
  ]);
  const [row] = place.query("SELECT fingerprint, runner, done FROM rung_history WHERE version = 2");
  expect(row).toEqual({
    fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    runner: null,
    done: null,
  });
  expect(await done(place, "migrate --strict")).toEqual(["applied 3 t3"]);
  expect(await done(place, "rollback --to 1")).toHaveLength(2);
  expect(place.tables()).toEqual(["t1"]);
});

test("undone by hand and settled as pending: it runs again; what was forgotten is drift", async () => {
  using place = new Place();
  await interruptedUp(place);
  expect(await done(place, "repair --settle 2 --as pending")).toEqual([
    "settled 2 long as pending",
  ]);
  expect(await drift(place)).toEqual(["added table a"]);
  place.execute("DROP TABLE a");
  expect(await drift(place)).toEqual([]);
  place.write({ "0002_long.sql": sql("CREATE TABLE a (id);\nVACUUM;", "DROP TABLE a;", outside) });
  expect(await done(place, "migrate --strict")).toEqual(["applied 2 long", "applied 3 t3"]);
});

test("killed on the way down: settled as applied it is applied, settled as pending it is undone", async () => {
  for (const end of ["applied", "pending"]) {
    using place = new Place();
    await interruptedDown(place);
    expect(listOf(await report(place, "status"), "migrations")[1]).toMatchObject({
      interrupted: {
        direction: "down",
        done: 1,
        total: 3,
        last_done: "DROP TABLE b",
        in_doubt: endless,
      },
    });
    expect((await refused(place, "migrate")).code).toBe("history.interrupted");
    place.execute(end === "applied" ? "CREATE TABLE b (id)" : "DROP TABLE a");
    await done(place, `repair --settle 2 --as ${end}`);
    expect([await states(place), await drift(place)]).toEqual([["1 applied", `2 ${end}`], []]);
    expect((await done(place, "migrate --strict")).length).toBe(1);
    expect(place.tables()).toEqual(["a", "b", "t1"]);
  }
});

test("settled by message, once: a second time there is nothing to settle", async () => {
  using place = new Place();
  await interruptedUp(place);
  const settle = { type: "repair", settle: 2, as: "applied" };
  const { replies } = await place.send([
    { ...settle, dry_run: true, msg_id: 1 },
    { ...settle, msg_id: 2 },
    { ...settle, msg_id: 3 },
  ]);
  const body = {
    type: "repaired",
    repaired: "interrupted",
    version: 2,
    name: "long",
    as: "applied",
  };
  expect(replies[0]).toMatchObject({ ...body, dry_run: true });
  expect(replies[1]).toMatchObject({ ...body, drift: [{ kind: "added", name: "a" }] });
  expect(replies[2]).toMatchObject({ code: 22, error: "history.not-interrupted" });
});

test("an interrupted migration whose file is gone or has changed is still told, and settled", async () => {
  using place = new Place();
  await interruptedUp(place);
  place.write(tables(1, 1), "older");
  expect(await states(place, "--dir older")).toEqual(["1 applied", "2 interrupted"]);
  place.write({ "0002_long.sql": sql("SELECT 2;", "SELECT 1;", outside) });
  expect(listOf(await report(place, "status"), "migrations")[1]).toMatchObject({
    interrupted: { done: 1, total: 0, last_done: null, in_doubt: null },
  });
  expect(await done(place, "repair --settle 2 --as pending --dir older")).toHaveLength(1);
});

const waiting = `import { existsSync } from "node:fs";
export const options = { transaction: false };
export function up(db) {
  db.exec("CREATE TABLE w (id)");
  while (!existsSync("go")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
`;

test("while its process lives it is running: status says so, others wait for it, and then find nothing to do", async () => {
  using place = new Place();
  place.write(tables(1, 1));
  await done(place, "migrate");
  place.write({ "0002_wait.ts": waiting });
  const first = place.rung(["migrate"]);
  while (progress(place) === null) await Bun.sleep(2);
  expect(await states(place)).toEqual(["1 applied", "2 running"]);
  const shown = (await place.rung(["status"])).stdout;
  expect(shown).toContain("Version 2 is being run by another process (up)");
  expect(shown).not.toContain("repair --settle");
  for (const words of [
    "migrate --lock-timeout 50ms",
    "rollback --lock-timeout 50ms",
    "repair --settle 2 --as applied",
  ]) {
    const { status, code } = await refused(place, words);
    expect([status, code]).toEqual([5, "database.locked"]);
  }
  const second = place.rung(["migrate"]);
  const third = place.send([{ type: "migrate", msg_id: 1 }]);
  writeFileSync(place.at("go"), "");
  expect((await first).stdout).toContain("applied 2 wait");
  expect(await second).toEqual({
    status: 0,
    stdout: "Nothing to apply: rung.db is up to date\n",
    stderr: "",
  });
  expect((await third).replies[0]).toMatchObject({ type: "migrations_applied", count: 0 });
  expect(place.query("SELECT event FROM rung_log WHERE version = 2")).toEqual([
    { event: "start" },
    { event: "apply" },
  ]);
});
