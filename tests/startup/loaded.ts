// Loaded before the program: writes the source files that it loads, in order, to the file that LOADED names.

import { appendFileSync } from "node:fs";
import { plugin } from "bun";

const { LOADED = "" } = process.env;
const root = new URL("../../", import.meta.url).pathname;

plugin({
  name: "loaded",
  setup: (build) => {
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      appendFileSync(LOADED, `${path.slice(root.length)}\n`);
      return { contents: await Bun.file(path).text(), loader: "ts" };
    });
  },
});
