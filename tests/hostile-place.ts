// Files that a runtime heeds in the directory that it is started in, each of which would do what no one asked for.

import type { Files } from "./rung.ts";

/** The file that is written by code that should never have run. */
export const hostile = "hostile-was-here";

/** The settings of a runtime that mean harm. */
export const hostileFiles: Files = {
  ".env": "RUNG_DB=env.db\nRUNG_DIR=nowhere\nNODE_ENV=production\n",
  "bunfig.toml": `preload = ["./hostile.ts"]\n[define]\n"prefix" = "'hostile'"\n`,
  ".bunfig.toml": `preload = ["./hostile.ts"]\n`,
  "package.json": `{ "type": "commonjs", "sideEffects": false, "browser": { "./lib/name.ts": "./hostile.ts" } }\n`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      baseUrl: ".",
      paths: { "*": ["./hostile.ts"], "node:path": ["./hostile.ts"], "./lib/*": ["./hostile.ts"] },
      verbatimModuleSyntax: true,
      experimentalDecorators: true,
    },
  }),
  "hostile.ts": `import { writeFileSync } from "node:fs";
writeFileSync("${hostile}", "");
console.log(process.env["RUNG_DB"]);
`,
};
