// The migrations of a directory as a floor has them.

import { readdirSync, readFileSync } from "node:fs";
import { sha256 } from "../../../src/platform/hash.ts";
import type { Given } from "./apply.ts";

/** Reads and hashes every file of a directory, by version. */
export function givenIn(directory: string): Given[] {
  return readdirSync(directory)
    .sort()
    .map((file) => {
      const text = readFileSync(`${directory}/${file}`, "utf8");
      const [up = "", down = ""] = text.split("-- migrate:down\n");
      return { version: Number.parseInt(file, 10), checksum: sha256(text), up, down };
    });
}
