// What the guard must let pass: ordinary changes, and faults that stood before the migration.

import { describe, expect, test } from "bun:test";
import { attempt, attemptTs, execBody, expectApplied, Place } from "./harness.ts";
import { cases, shop } from "./unhindered.cases.ts";

describe.each([
  ["SQL", attempt],
  ["TypeScript", (before: string, sql: string) => attemptTs(before, execBody(sql))],
] as const)("not refused in %s", (_, run) => {
  test.each(cases)("%s", (_name, before, up) => {
    expectApplied(run(before, up));
  });
});

test("an ordinary rename is followed by views, triggers and children", () => {
  const { place } = attempt(shop, "ALTER TABLE users RENAME TO people; ");
  expect(place.rows("SELECT * FROM names")).toEqual(["1|a", "2|b"]);
  expect(place.rows("PRAGMA foreign_key_list(posts)").join()).toContain("|people|");
  expect(place.rows("SELECT sql FROM sqlite_schema WHERE name = 'names_insert'").join()).toContain(
    "people",
  );
});

test("the samples' own down passes", () => {
  const place = new Place("");
  const ran = place.migrate({
    "001_users.sql":
      "-- migrate:up\nCREATE TABLE users (id INTEGER PRIMARY KEY);\n-- migrate:down\nDROP TABLE users;",
    "002_posts.sql":
      "-- migrate:up\nCREATE TABLE posts (u REFERENCES users);\nCREATE INDEX posts_u ON posts (u);\n-- migrate:down\nDROP TABLE posts;",
  });
  expect(ran).toEqual({ exit: 0, count: 2, error: null });
  expect(place.rung("rollback")).toEqual({ exit: 0, count: 1, error: null });
  expect(place.rung("rollback")).toEqual({ exit: 0, count: 1, error: null });
  expect(place.dump()).toEqual({});
});
