// The floor of a look: history is read, and every file of the directory is read and hashed, where one is given.

import { Database } from "bun:sqlite";
import { sha256 } from "../../../src/platform/hash.ts";

const [path = "", directory] = process.argv.slice(2);

if (directory !== undefined) {
  const { readdirSync, readFileSync } = await import("node:fs");
  for (const file of readdirSync(directory)) sha256(readFileSync(`${directory}/${file}`, "utf8"));
}
new Database(path).query("SELECT * FROM rung_history").all();
