// What any run has to do: the SQL of each step in a savepoint, a row of history for each, and one commit.

import { Database } from "bun:sqlite";

/** A migration as a floor has it. */
export interface Given {
  readonly version: number;
  readonly checksum: string;
  readonly up: string;
  readonly down: string;
}

/** Runs steps, in their order, on the database at a path. */
export function apply(path: string, direction: "up" | "down", steps: readonly Given[]): void {
  const database = new Database(path);
  database.run("PRAGMA synchronous = EXTRA");
  database.run("BEGIN IMMEDIATE");
  database.run("CREATE TABLE IF NOT EXISTS floor (version INTEGER PRIMARY KEY, checksum TEXT)");
  for (const { up, down } of steps) {
    database.run("SAVEPOINT step");
    database.run(direction === "down" ? down : up);
    database.run("RELEASE step");
  }
  const record = database.prepare("INSERT INTO floor (version, checksum) VALUES (?, ?)");
  const forget = database.prepare("DELETE FROM floor WHERE version = ?");
  for (const { version, checksum } of steps) {
    if (direction === "down") forget.run(version);
    else record.run(version, checksum);
  }
  database.run("COMMIT");
}
