// Development: migrations/ -> embedded.gen.ts, the static import map that the executable is built with.
// `generate.ts` writes it, `generate.ts --check` fails when it is stale.

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { readFiles } from "./directory.ts";
import type { Failure } from "../failure.ts";
import { moduleEntryOf, originOf, sqlEntryOf } from "./map.ts";
import { outlineOf } from "./outline.ts";

const directory = fileURLToPath(new URL("../../migrations", import.meta.url));
const target = fileURLToPath(new URL("./embedded.gen.ts", import.meta.url));

function stop(failure: Failure): never {
  const { at, text, hint } = failure;
  const place = at === undefined ? "" : `${at.file}:${at.line}:${at.column}: `;
  console.error(`${place}${text} ${hint}`);
  process.exit(1);
}

function importPath(file: string): string {
  return JSON.stringify(`../../migrations/${file}`);
}

async function render(): Promise<string> {
  const read = await readFiles(directory);
  if (!read.ok) stop(read.failure);
  const imports: string[] = [];
  const texts: string[] = [];
  const entries = read.value.map(({ files, kind, checksum, read: sources }) => {
    if (kind === "typescript") return moduleEntryOf(files, checksum, importPath(files.main.file));
    for (const path of sources.map((each) => basename(each.path))) {
      const name = `text${imports.length + 1}`;
      imports.push(`import ${name} from ${importPath(path)} with { type: "text" };`);
      texts.push(`${JSON.stringify(path)}: ${name}`);
    }
    return JSON.stringify(sqlEntryOf(files, checksum));
  });
  const origin = originOf(read.value.map(({ files }) => files));
  return [
    "// Generated from migrations/ by `bun run generate`; a change here is lost at the next build.",
    "",
    'import type { EmbeddedMap } from "./embedded.ts";',
    ...imports,
    "",
    "export const embedded: EmbeddedMap = {",
    `  origin: ${JSON.stringify(origin)},`,
    `  outline: ${JSON.stringify(outlineOf(read.value))},`,
    "  migrations: () => [",
    ...entries.map((entry) => `    ${entry},`),
    "  ],",
    "  texts: () => ({",
    ...texts.map((text) => `    ${text},`),
    "  }),",
    "};",
    "",
  ].join("\n");
}

const wanted = await render();
let present = "";
try {
  present = readFileSync(target, "utf8");
} catch {
  // No map yet: the same as a stale one.
}
if (process.argv.includes("--check")) {
  if (present !== wanted) {
    console.error("src/migration/embedded.gen.ts is stale. Run: bun run generate");
    process.exit(1);
  }
} else if (present !== wanted) {
  writeFileSync(target, wanted);
}
