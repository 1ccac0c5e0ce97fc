// The floor of a run: files read and hashed, their SQL in a savepoint each, a row of history each, and one commit.

import { Database } from "bun:sqlite";
import { readdirSync, readFileSync } from "node:fs";
import { sha256 } from "../../../src/platform/hash.ts";

const [direction, path = "", directory = ""] = process.argv.slice(2);

const files = readdirSync(directory).sort();
if (direction === "down") files.reverse();
const database = new Database(path);
database.run("PRAGMA synchronous = EXTRA");
database.run("BEGIN IMMEDIATE");
database.run("CREATE TABLE IF NOT EXISTS floor (version INTEGER PRIMARY KEY, checksum TEXT)");
const steps = files.map((file) => {
  const text = readFileSync(`${directory}/${file}`, "utf8");
  const [up = "", down = ""] = text.split("-- migrate:down\n");
  return { version: Number.parseInt(file, 10), checksum: sha256(text), up, down };
});
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
