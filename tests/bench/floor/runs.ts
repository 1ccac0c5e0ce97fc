// The floor of a run: files are read and hashed, and what has to be done with them is done.

import { apply } from "./apply.ts";
import { givenIn } from "./given.ts";

const [direction, path = "", directory = ""] = process.argv.slice(2);

const given = givenIn(directory);
if (direction === "down") apply(path, "down", given.reverse());
else apply(path, "up", given);
