// Status as a person reads it and as a machine does, in few queries however long history is; and the log.

import { expect, test } from "bun:test";
import { readHistory } from "../../src/database/history.ts";
import { openConnection, type Connection } from "../../src/database/sqlite.ts";
import type { MigrationState, StatusRow } from "../../src/plan/status.ts";
import { statusText } from "../../src/report/status.ts";
import { tableByCells } from "../../src/report/table.ts";
import { randomOf } from "../guard/random.ts";
import { coloured, plain } from "../../src/report/style.ts";
import { executable, Place, table } from "../rung.ts";
import { done, listOf, report, tables } from "./asking.ts";

const env = { USER: "ada" };

test("a table with version, name, state, when, how long and by whom; below it the sum", async () => {
  using place = new Place();
  place.write({ ...tables(1, 1), "20_a_long_name.sql": table("x"), "300_c.sql": table("y") });
  await place.rung(["migrate", "--steps", "2"], { env });
  const { stdout } = await place.rung(["status"]);
  const shown = stdout
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "2026-04-23 12:00:00")
    .replace(/\d+ ms +ada@\S+/g, "1 ms  ada@host");
  expect(shown).toBe(
    [
      "VERSION  NAME         STATE    APPLIED AT (UTC)     TOOK  BY",
      "1        t1           applied  2026-04-23 12:00:00  1 ms  ada@host",
      "20       a_long_name  applied  2026-04-23 12:00:00  1 ms  ada@host",
      "300      c            pending",
      "",
      "2 applied, 1 pending: rung.db",
      "",
    ].join("\n"),
  );
});

test("--json has everything: states, moments, durations, who, drift, sums", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  await place.rung(["migrate", "--to", "1"], { env });
  expect(await report(place, "status")).toEqual({
    command: "status",
    ok: true,
    database: "rung.db",
    catalog: "migrations",
    applied: 1,
    pending: 1,
    migrations: [
      {
        version: 1,
        name: "t1",
        state: "applied",
        applied_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        duration_ms: expect.any(Number),
        applied_by: expect.stringMatching(/^ada@./),
      },
      {
        version: 2,
        name: "t2",
        state: "pending",
        applied_at: null,
        duration_ms: null,
        applied_by: null,
      },
    ],
    drift: [],
  });
});

test("status --check: 0 only where all is applied and sound", async () => {
  using place = new Place();
  place.write(tables(1, 1));
  expect((await place.rung(["status", "--check"])).status).toBe(1);
  await done(place, "migrate");
  expect((await place.rung(["status", "--check", "--json"])).status).toBe(0);
  place.write(tables(2, 2));
  expect((await place.rung(["status", "--check", "--json"])).status).toBe(1);
  expect((await place.rung(["status"])).status).toBe(0);
});

const escape = "\u001b[";

/** What a command shows on a terminal. */
async function onTerminal(
  place: Place,
  words: readonly string[],
  more: object = {},
): Promise<string> {
  let shown = "";
  const decoder = new TextDecoder();
  const child = Bun.spawn([executable, ...words], {
    cwd: place.path,
    env: { ...env, ...more },
    terminal: {
      cols: 120,
      data: (_terminal, data) => {
        shown += decoder.decode(data, { stream: true });
      },
    },
  });
  await child.exited;
  child.terminal?.close();
  return shown;
}

test("colour on a terminal only, and not with NO_COLOR; a file never gets any", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  expect(await onTerminal(place, ["migrate", "--to", "1"])).toContain(
    `${escape}32mapplied${escape}39m 1 t1`,
  );
  const shown = await onTerminal(place, ["status"]);
  expect(shown).toContain(`${escape}32mapplied${escape}39m`);
  expect(shown).toContain(`${escape}36mpending${escape}39m`);
  expect(await onTerminal(place, ["status"], { NO_COLOR: "" })).toBe(shown);
  const bare = await onTerminal(place, ["status"], { NO_COLOR: "1" });
  expect(bare).not.toContain(escape);
  expect(bare.replaceAll("\r", "")).toBe((await place.rung(["status"])).stdout);
  expect(await onTerminal(place, ["status", "--json"])).not.toContain(escape);
});

test("the colour is the state's, whatever a migration is called, and no column moves for it", () => {
  const named = (version: number, name: string, state: MigrationState): StatusRow => {
    return {
      version,
      name,
      state,
      appliedAt: null,
      durationMs: null,
      appliedBy: null,
      interruption: null,
    };
  };
  const rows = [
    named(1, "applied_fixes", "applied"),
    named(2, "pending", "pending"),
    named(3, "a  pending one", "out-of-order"),
    named(4, "STATE", "missing"),
  ];
  const lines = statusText({ rows, drift: [] }, "", "x.db", coloured).split("\n");
  expect(lines.slice(1, 5)).toEqual([
    "1        applied_fixes   \u001b[32mapplied\u001b[39m",
    "2        pending         \u001b[36mpending\u001b[39m",
    "3        a  pending one  \u001b[33mout-of-order\u001b[39m",
    "4        STATE           \u001b[33mmissing\u001b[39m",
  ]);
  const bare = lines.join("\n").replaceAll(/\u001b\[\d+m/g, "");
  expect(bare).toBe(statusText({ rows, drift: [] }, "", "x.db", plain));
});

test("many rows are laid out by lines as they are cell by cell", () => {
  const states = ["applied", "pending", "out-of-order", "changed", "missing", "ahead"] as const;
  const texts = ["a", "add_users", "é", "", "x\ty", "😀", "a b"];
  for (let seed = 1; seed <= 400; seed++) {
    const pick = randomOf(seed);
    const isOdd = pick(3) === 0;
    let version = isOdd && pick(3) === 0 ? -123_456_789 : 0;
    const rows = Array.from({ length: pick(12) + 1 }, (): StatusRow => {
      version += 1 + pick(10) ** pick(14);
      const state = states[pick(pick(states.length) + 1)] ?? "applied";
      const name = texts[pick(texts.length)] ?? "";
      const none = { appliedAt: null, durationMs: null, appliedBy: null, interruption: null };
      if (state === "pending" || state === "out-of-order") return { version, name, state, ...none };
      const appliedAt = isOdd && pick(3) === 0 ? "2026-01-01" : "2026-01-02T03:04:05.678Z";
      const appliedBy =
        isOdd && pick(3) === 0 ? (["", "me ", "me\u00a0", "\u001b[31m"][pick(4)] ?? "") : "me@here";
      const durationMs = pick(10) ** pick(8);
      return { version, name, state, appliedAt, durationMs, appliedBy, interruption: null };
    });
    const text = statusText({ rows, drift: [] }, "", "x.db", plain);
    expect([seed, text.slice(0, text.indexOf("\n\n") + 1)]).toEqual([seed, tableByCells(rows)]);
  }
});

test("names and users that would steer a terminal are shown, not obeyed", async () => {
  using place = new Place();
  place.write({ [`1_a\u202eb.sql`]: table("a") });
  await place.rung(["migrate"], { env: { USER: "eve\u001b[31m" } });
  const { stdout } = await place.rung(["status"]);
  expect(stdout).toContain("a\\u202eb");
  expect(stdout).toContain("eve\\u001b[31m@");
});

/** A connection that counts what is asked of it. */
function counted(real: Connection, asked: string[]): Connection {
  return {
    get inTransaction() {
      return real.inTransaction;
    },
    errno: real.errno,
    isOwn: real.isOwn,
    ignored: real.ignored,
    run: (text) => real.run(text),
    prepare: (text) => real.prepare(text),
    all: (text, ...values) => {
      asked.push(text);
      return real.all(text, ...values);
    },
    get: (text, ...values) => {
      asked.push(text);
      return real.get(text, ...values);
    },
    write: (text, values) => real.write(text, values),
    close: () => real.close(),
  };
}

test("1,000 applied migrations are read in one query, as many as one is", async () => {
  const asked: string[][] = [];
  for (const count of [1, 1000]) {
    using place = new Place();
    const files: Record<string, string> = {};
    for (let at = 1; at <= count; at++) files[`${at}_m.sql`] = "-- migrate:up\nSELECT 1;\n";
    place.write(files);
    await place.rung(["migrate"]);
    const queries: string[] = [];
    const connection = counted(openConnection(place.at("rung.db"), "read"), queries);
    const history = readHistory(connection, {});
    connection.close();
    expect(history.ok ? history.value.rows.length : 0).toBe(count);
    expect(queries.filter((text) => text.includes("rung_history"))).toHaveLength(1);
    asked.push(queries);
    expect(listOf(await report(place, "status"), "migrations")).toHaveLength(count);
  }
  expect(asked[0]).toEqual(asked[1]);
});

test("the log has every event, oldest first, also what is undone by now", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  expect(await done(place, "log")).toEqual([]);
  expect(place.list()).toEqual(["migrations"]);
  await place.rung(["migrate"], { env });
  await place.rung(["rollback"], { env });
  const [head = "", ...lines] = await done(place, "log");
  expect(head.split(/ {2,}/)).toEqual(["AT (UTC)", "EVENT", "VERSION", "NAME", "TOOK", "BY"]);
  expect(lines.map((line) => line.split(/ {2,}/).slice(1, 4))).toEqual([
    ["apply", "1", "t1"],
    ["apply", "2", "t2"],
    ["rollback", "2", "t2"],
  ]);
  const { replies } = await place.send([{ type: "log", msg_id: 1 }]);
  const printed = listOf(await report(place, "log"), "entries");
  expect(replies[0]).toEqual({ type: "log", in_reply_to: 1, entries: printed });
  expect(printed[2]).toEqual({
    at: expect.any(String),
    event: "rollback",
    version: 2,
    name: "t2",
    duration_ms: expect.any(Number),
    by: expect.stringMatching(/^ada@/),
  });
});

test("schema and log of a missing file are empty, and leave it missing; --at needs no file", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  expect(await done(place, "schema")).toEqual([]);
  expect(await done(place, "schema --at 0")).toEqual([]);
  expect(await done(place, "schema --at 1")).toEqual(["CREATE TABLE t1 (id INTEGER PRIMARY KEY);"]);
  expect(await report(place, "schema --at 1")).toMatchObject({
    ok: true,
    sql: "CREATE TABLE t1 (id INTEGER PRIMARY KEY);\n",
  });
  const { replies } = await place.send([{ type: "schema", at: 1, msg_id: 1 }]);
  expect(replies[0]).toMatchObject({
    type: "schema",
    sql: "CREATE TABLE t1 (id INTEGER PRIMARY KEY);\n",
  });
  expect(place.list()).toEqual(["migrations"]);
});
