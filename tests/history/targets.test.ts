// Targets: to any version, or any number of steps far, in both directions, on the command line and by message.

import { expect, test } from "bun:test";
import { Place } from "../rung.ts";
import { done, everything, refused, tables } from "./asking.ts";

const applied = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `applied ${from + at} t${from + at}`);
const undone = (from: number, to: number): string[] =>
  Array.from({ length: from - to + 1 }, (_, at) => `rolled back ${from - at} t${from - at}`);

test("migrate --to and --steps go as far as they say, and no further", async () => {
  using place = new Place();
  place.write(tables(1, 7));
  expect(await done(place, "migrate --to 2")).toEqual(applied(1, 2));
  expect(place.tables()).toEqual(["t1", "t2"]);
  expect(await done(place, "migrate --steps 1")).toEqual(applied(3, 3));
  expect(await done(place, "up --steps 2")).toEqual(applied(4, 5));
  expect(await done(place, "migrate --steps 99")).toEqual(applied(6, 7));
  expect(place.applied()).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("rollback: one, some, down to a version, all", async () => {
  using place = new Place();
  place.write(tables(1, 8));
  await done(place, "migrate");
  expect(await done(place, "rollback")).toEqual(undone(8, 8));
  expect(await done(place, "down --steps 2")).toEqual(undone(7, 6));
  expect(await done(place, "rollback --to 3")).toEqual(undone(5, 4));
  expect(place.tables()).toEqual(["t1", "t2", "t3"]);
  expect(await done(place, "rollback --to 0")).toEqual(undone(3, 1));
  expect(place.tables()).toEqual([]);
  expect(place.applied()).toEqual([]);
  expect((await refused(place, "rollback")).code).toBe("history.nothing-to-roll-back");
  expect((await refused(place, "rollback --steps 3")).status).toBe(4);
});

test("rollback --steps beyond the first undoes all there is", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  await done(place, "migrate");
  expect(await done(place, "rollback --steps 9")).toEqual(undone(2, 1));
});

for (const words of [
  "migrate --to 3",
  "migrate --to 1",
  "migrate --to 0",
  "rollback --to 3",
  "rollback --to 5",
  "plan --to 3",
  "plan --rollback --to 3",
  "migrate --to 2 --dry-run",
]) {
  test(`${words}, at 3 already: exit 0, says so, and writes nothing`, async () => {
    using place = new Place();
    place.write(tables(1, 5));
    await done(place, "migrate --to 3");
    const before = everything(place);
    const [line = "", ...others] = await done(place, words);
    expect(line).toMatch(/^Nothing to (apply up to|roll back above) version [0-5]: rung\.db$/);
    expect(others).toEqual([]);
    expect(everything(place)).toBe(before);
  });
}

test("rollback --to 0 of what is not there: exit 0, and still not there", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  expect(await done(place, "rollback --to 0")).toEqual([
    "Nothing to roll back above version 0: rung.db",
  ]);
  expect(place.list()).toEqual(["migrations"]);
});

for (const words of [
  "migrate --to 9",
  "rollback --to 9",
  "plan --to 9",
  "plan --rollback --to 9",
  "schema --at 9",
  "baseline 9",
]) {
  test(`${words}: a version that nobody knows runs, and undoes, nothing`, async () => {
    using place = new Place();
    place.write(tables(1, 3));
    await done(place, "migrate --to 2");
    const { status, code, text } = await refused(place, words);
    expect([status, code]).toEqual([2, "usage.unknown-version"]);
    expect(text).toContain("9");
    expect(place.applied()).toEqual([1, 2]);
  });
}

for (const words of [
  "migrate --to 1 --steps 1",
  "rollback --to 1 --steps 1",
  "plan --to 1 --steps 1",
  "migrate --to -1",
  "migrate --to x",
  "migrate --to 1.5",
  "rollback --steps 0",
  "redo --steps 0",
  "redo --to 1",
  "migrate --steps -2",
  "rollback --down today",
]) {
  test(`${words}: a usage error, and nothing is touched`, async () => {
    using place = new Place();
    place.write(tables(1, 2));
    expect((await refused(place, words)).status).toBe(2);
    expect(place.list()).toEqual(["migrations"]);
  });
}

test("a version that only history knows is a target too", async () => {
  using place = new Place();
  place.write(tables(1, 4));
  place.write(tables(1, 1), "old");
  await done(place, "migrate");
  expect(await done(place, "rollback --to 3 --dir old")).toEqual(undone(4, 4));
});

test("the same by message, with the replies in their form", async () => {
  using place = new Place();
  place.write(tables(1, 4));
  const one = (version: number, status: string): object => ({
    version,
    name: `t${version}`,
    status,
  });
  const { status, replies } = await place.send([
    { type: "migrate", to: 1, msg_id: 1 },
    { type: "migrate", steps: 2, msg_id: 2 },
    { type: "migrate", to: 3, msg_id: 3 },
    { type: "rollback", steps: 1, msg_id: 4 },
    { type: "rollback", msg_id: 5 },
    { type: "redo", msg_id: 6 },
    { type: "rollback", to: 0, msg_id: 7 },
    { type: "rollback", to: 0, msg_id: 8 },
    { type: "migrate", msg_id: 9, dry_run: true, steps: 1 },
    { type: "plan", msg_id: 10, rollback: true, to: 0 },
  ]);
  const up = { type: "migrations_applied" };
  const down = { type: "migrations_rolled_back" };
  expect(replies.slice(0, 8)).toEqual([
    { ...up, in_reply_to: 1, count: 1, migrations: [one(1, "applied")] },
    { ...up, in_reply_to: 2, count: 2, migrations: [one(2, "applied"), one(3, "applied")] },
    { ...up, in_reply_to: 3, count: 0, migrations: [] },
    { ...down, in_reply_to: 4, count: 1, migrations: [one(3, "rolled_back")] },
    { type: "migration_rolled_back", in_reply_to: 5, version: 2, name: "t2" },
    {
      type: "migrations_redone",
      in_reply_to: 6,
      count: 2,
      migrations: [one(1, "rolled_back"), one(1, "applied")],
    },
    { ...down, in_reply_to: 7, count: 1, migrations: [one(1, "rolled_back")] },
    { ...down, in_reply_to: 8, count: 0, migrations: [] },
  ]);
  expect(replies[8]).toMatchObject({ type: "planned", in_reply_to: 9, count: 1 });
  expect(replies[9]).toMatchObject({ type: "planned", in_reply_to: 10, count: 0, steps: [] });
  expect(status).toBe(0);
});

test("by message, what the command line refuses is refused in the same words", async () => {
  using place = new Place();
  place.write(tables(1, 2));
  const { status, replies } = await place.send([
    { type: "migrate", to: 1, steps: 1, msg_id: 1 },
    { type: "migrate", to: 7, msg_id: 2 },
    { type: "migrate", step: 1, msg_id: 3 },
    { type: "rollback", msg_id: 4 },
    { type: "new", name: "x", msg_id: 5 },
  ]);
  const found = replies.map((reply) => [reply["type"], reply["code"], reply["error"]]);
  expect(found).toEqual([
    ["error", 12, "usage.invalid-option"],
    ["error", 12, "usage.unknown-version"],
    ["error", 12, "usage.invalid-option"],
    ["error", 22, "history.nothing-to-roll-back"],
    ["error", 10, "usage.unknown-message"],
  ]);
  expect(replies[0]?.["text"]).toBe(
    `In migrate, the field "to" and the field "steps" exclude each other.`,
  );
  expect([status, place.list()]).toEqual([1, ["migrations"]]);
});
