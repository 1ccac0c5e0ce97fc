// Another process writes in the middle of a run: what was planned is planned again, and nothing is taken for ours that isn't.

import { expect, test } from "bun:test";
import { readCommand, type Request } from "../../src/command.ts";
import { openDatabase } from "../../src/database/open.ts";
import type { Event } from "../../src/event.ts";
import { readDirectory } from "../../src/migration/directory.ts";
import type { SteppingCommand } from "../../src/plan/plan.ts";
import type { DatabaseEffect, Driver } from "../../src/run/driver.ts";
import { execute } from "../../src/run/execute.ts";
import { executable, Place } from "../rung.ts";
import { done, drift, sql, tables } from "./asking.ts";

function stepping(input: Readonly<Record<string, unknown>>): SteppingCommand {
  const read = readCommand(input, (key) => key);
  const command: Request | null = read.ok ? read.value : null;
  const isStepping =
    command?.type === "migrate" || command?.type === "rollback" || command?.type === "redo";
  if (!isStepping) throw new Error(`This is no command in steps: ${JSON.stringify(input)}`);
  return command;
}

/** Runs a command; before each effect of its run, `meddle` has the word. The events in short. */
async function run(
  place: Place,
  input: Readonly<Record<string, unknown>>,
  meddle: (effect: DatabaseEffect, nth: number) => void,
): Promise<string[]> {
  const catalog = await readDirectory(place.at("migrations"));
  if (!catalog.ok) throw new Error(catalog.failure.text);
  const real = openDatabase({ path: place.at("rung.db"), mode: "create", readWaitMs: 0 });
  const counts = new Map<string, number>();
  const driver: Driver = {
    perform(effect) {
      const nth = (counts.get(effect.do) ?? 0) + 1;
      counts.set(effect.do, nth);
      meddle(effect, nth);
      return real.perform(effect);
    },
    close: () => real.close(),
  };
  const events: Event[] = [];
  const request = {
    command: stepping(input),
    catalog: catalog.value,
    commit: "group",
    lockTimeoutMs: 0,
  } as const;
  const emit = (event: Event): void => void events.push(event);
  await execute(request, { driver, now: () => performance.now(), emit, signals: null });
  driver.close();
  return events.flatMap((event) => {
    if (event.kind === "stepped") return [`${event.direction} ${event.migration.version}`];
    return event.kind === "failed" ? [event.failure.code] : [];
  });
}

function other(place: Place, ...words: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([executable, ...words], { cwd: place.path, env: {} });
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
}

const keys = (name: string): string =>
  sql(`CREATE TABLE ${name} (id);`, `DROP TABLE ${name};`, "foreign_keys:on", "foreign_keys:on");

test("what a step outside any transaction did while others wrote rows is no drift", async () => {
  using place = new Place();
  place.write({
    ...tables(1, 1),
    "0002_outside.sql": sql(
      "CREATE TABLE o (id);\nCREATE INDEX o_id ON o (id);\nALTER TABLE t1 ADD COLUMN x;",
      "DROP TABLE o;",
      "transaction:false",
    ),
    ...tables(3, 3),
  });
  await done(place, "migrate --to 1");
  const ran = await run(place, { type: "migrate" }, (effect) => {
    if (effect.do === "mark") place.execute("INSERT INTO t1 DEFAULT VALUES");
  });
  expect(ran).toEqual(["up 2", "up 3"]);
  expect(await drift(place)).toEqual([]);
  expect(await done(place, "migrate --strict")).toHaveLength(1);
});

test("redo: another process applies again what this one has just undone, and nothing is applied twice", async () => {
  using place = new Place();
  place.write({ "1_a.sql": keys("a"), "2_b.sql": keys("b") });
  await done(place, "migrate");
  const ran = await run(place, { type: "redo", steps: 2 }, (effect, nth) => {
    if (effect.do === "begin" && nth === 2) other(place, "migrate");
  });
  expect(ran).toEqual(["down 2", "down 1", "up 1"]);
  expect(place.applied()).toEqual([2, 1]);
  expect([place.tables(), await drift(place)]).toEqual([["a", "b"], []]);
});

test("redo: another process applies all again between the way down and the way up", async () => {
  using place = new Place();
  place.write({ "1_a.sql": keys("a"), "2_b.sql": keys("b") });
  await done(place, "migrate");
  const ran = await run(place, { type: "redo", steps: 2 }, (effect, nth) => {
    if (effect.do === "begin" && nth === 3) other(place, "migrate");
  });
  expect(ran).toEqual(["down 2", "down 1"]);
  expect(place.applied()).toEqual([1, 2]);
});

test("redo, whole: rows written before its lock change nothing, a migration before it is seen", async () => {
  using place = new Place();
  place.write(tables(1, 3));
  await done(place, "migrate --to 2");
  const rows = await run(place, { type: "redo" }, (effect) => {
    if (effect.do === "begin") place.execute("INSERT INTO t1 DEFAULT VALUES");
  });
  expect(rows).toEqual(["down 2", "up 2"]);
  const migrated = await run(place, { type: "redo" }, (effect, nth) => {
    if (effect.do === "begin" && nth === 1) other(place, "migrate");
  });
  expect(migrated).toEqual(["down 3", "up 3"]);
});

test("migrate and rollback: what the other has done by the time of the lock is not done again", async () => {
  using place = new Place();
  place.write(tables(1, 3));
  const up = await run(place, { type: "migrate", steps: 2 }, (effect, nth) => {
    if (effect.do === "begin" && nth === 1) other(place, "migrate");
  });
  expect(up).toEqual([]);
  const down = await run(place, { type: "rollback", to: 1 }, (effect, nth) => {
    if (effect.do === "begin" && nth === 1) other(place, "rollback", "--to", "2");
  });
  expect(down).toEqual(["down 2"]);
  expect(place.applied()).toEqual([1]);
});

test("--strict: drift that comes up between the look and the lock is refused all the same, and never absorbed", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  await done(place, "migrate --to 1");
  const byHand = (effect: DatabaseEffect, nth: number): void => {
    if (effect.do === "begin" && nth === 1)
      place.execute("CREATE INDEX IF NOT EXISTS hand ON t1 (id)");
  };
  expect(await run(place, { type: "migrate", strict: true }, byHand)).toEqual(["schema.drifted"]);
  place.execute("DROP INDEX hand");
  expect(await run(place, { type: "migrate" }, byHand)).toEqual(["up 2"]);
  expect(await drift(place)).toEqual(["added index hand"]);
});

test("drift between two groups of one run is not absorbed by the second", async () => {
  using place = new Place();
  place.write({
    ...tables(1, 1),
    "0002_k.sql": keys("k"),
    "0003_alter.sql": sql("ALTER TABLE t1 ADD COLUMN x;", "SELECT 1;"),
  });
  const ran = await run(place, { type: "migrate" }, (effect, nth) => {
    if (effect.do === "begin" && nth === 2) place.execute("ALTER TABLE t1 ADD COLUMN hand");
  });
  expect(ran).toEqual(["up 1", "up 2", "up 3"]);
  expect(await drift(place)).toEqual(["changed table t1"]);
});
