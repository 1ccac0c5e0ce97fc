// The library face: a program gets outcomes as values, and nothing of its process is touched.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { migrate, status } from "../src/library.ts";
import { Place, table } from "./rung.ts";

function placed(place: Place): { readonly db: string; readonly dir: string } {
  return { db: place.at("app.db"), dir: place.at("migrations") };
}

test("migrate and status: what is applied, what fails, what is sound", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  const here = placed(place);
  expect(await status(here)).toMatchObject({ ok: true, value: { sound: false } });
  expect(place.list()).toEqual(["migrations"]);
  const first = await migrate({ ...here, steps: 1 });
  expect(first).toMatchObject({ ok: true, applied: [{ version: 1, name: "a" }], notes: [] });
  expect(await migrate(here)).toMatchObject({ ok: true, applied: [{ version: 2 }] });
  expect(await migrate(here)).toMatchObject({ ok: true, applied: [] });
  expect(await status(here)).toMatchObject({ ok: true, value: { sound: true, drift: [] } });
  place.write({ "3_c.sql": table("c"), "4_d.sql": "-- migrate:up\nnonsense;" });
  const failed = await migrate({ ...here, backup: true });
  expect(failed).toMatchObject({
    ok: false,
    applied: [{ version: 3 }],
    failed: { version: 4, name: "d" },
    failure: { code: "step.failed", changed: "some" },
  });
  expect(place.list().some((name) => name.endsWith(".backup"))).toBe(true);
});

test("what is asked wrongly is a failure, too", async () => {
  using place = new Place();
  const here = placed(place);
  expect(await migrate(here)).toMatchObject({ ok: false, failure: { code: "catalog.not-found" } });
  expect(await status(here)).toMatchObject({ ok: false, failure: { code: "catalog.not-found" } });
  place.write({ "1_a.sql": table("a") });
  for (const wrong of [{ steps: 0 }, { to: 1, steps: 1 }, { to: -1 }]) {
    const refused = await migrate({ ...here, ...wrong });
    expect(refused).toMatchObject({ ok: false, failure: { code: "usage.invalid-option" } });
  }
  expect(place.list()).toEqual(["migrations"]);
});

test("the program's console, handlers and connection are its own", async () => {
  using place = new Place();
  place.write({
    "1_a.ts": `export function up(db) { console.log("hello"); db.exec("CREATE TABLE a (x)"); }`,
  });
  const { log } = console;
  const handlers = ["unhandledRejection", "uncaughtException", "SIGINT", "SIGTERM"];
  const counted = (): number[] => handlers.map((name) => process.listenerCount(name));
  const before = counted();
  using application = new Database(place.at("app.db"));
  application.run("PRAGMA journal_mode = WAL");
  application.run("CREATE TABLE own (x)");
  expect(await migrate(placed(place))).toMatchObject({ ok: true, applied: [{ version: 1 }] });
  expect([console.log, counted()]).toEqual([log, before]);
  application.run("INSERT INTO own VALUES (1)");
  application.run("INSERT INTO a VALUES (1)");
  const locked = new Database(place.at("app.db"));
  application.run("BEGIN IMMEDIATE");
  // Had another connection of this process let go of the lock, this would go through.
  expect(() => locked.run("INSERT INTO own VALUES (2)")).toThrow("locked");
  application.run("COMMIT");
  locked.close();
});
