// The floor of a run: files are read and hashed, and what has to be done with them is done.

import { readdirSync, readFileSync } from "node:fs";
import { sha256 } from "../../../src/platform/hash.ts";
import { apply } from "./apply.ts";

const [direction, path = "", directory = ""] = process.argv.slice(2);

const files = readdirSync(directory).sort();
if (direction === "down") files.reverse();
apply(path, direction === "down" ? "down" : "up", () =>
  files.map((file) => {
    const text = readFileSync(`${directory}/${file}`, "utf8");
    const [up = "", down = ""] = text.split("-- migrate:down\n");
    return { version: Number.parseInt(file, 10), checksum: sha256(text), up, down };
  }),
);
