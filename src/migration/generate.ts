// Development: migrations/ -> embedded.gen.ts, the static import map that the executable is built with.
// `generate.ts` writes it, `generate.ts --check` fails when it is stale.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { VersionFiles } from "./catalog.ts";
import { listDirectory, readDirectory } from "./directory.ts";
import type { Failure } from "../failure.ts";

const directory = fileURLToPath(new URL("../../migrations", import.meta.url));
const target = fileURLToPath(new URL("./embedded.gen.ts", import.meta.url));

/** The names that make a catalog the demonstration one; any other is somebody's own. */
const sample = ["1_create_users", "2_add_posts_table"];

function stop(failure: Failure): never {
  const { at, text, hint } = failure;
  const place = at === undefined ? "" : `${at.file}:${at.line}:${at.column}: `;
  console.error(`${place}${text} ${hint}`);
  process.exit(1);
}

function importPath(file: string): string {
  return JSON.stringify(`../../migrations/${file}`);
}

function entryOf(files: VersionFiles, checksum: string, imports: string[]): string {
  const embed = (file: string): string => {
    const name = `text${imports.length + 1}`;
    imports.push(`import ${name} from ${importPath(file)} with { type: "text" };`);
    return `{ file: ${JSON.stringify(file)}, text: ${name} }`;
  };
  const { file, part } = files.main;
  const fields = [
    `version: ${files.version}`,
    `name: ${JSON.stringify(files.name)}`,
    `checksum: ${JSON.stringify(checksum)}`,
  ];
  if (part === "typescript") {
    fields.push(`kind: "typescript"`, `file: ${JSON.stringify(file)}`);
    fields.push(`load: () => import(${importPath(file)})`);
  } else if (part === "sections") {
    fields.push(`kind: "sql"`, `sections: ${embed(file)}`);
  } else {
    fields.push(`kind: "sql"`, `up: ${embed(file)}`);
    fields.push(`down: ${files.down === null ? "null" : embed(files.down.file)}`);
  }
  return `    {\n${fields.map((field) => `      ${field},\n`).join("")}    },`;
}

function render(): string {
  const listed = listDirectory(directory);
  if (!listed.ok) stop(listed.failure);
  const catalog = readDirectory(directory);
  if (!catalog.ok) stop(catalog.failure);
  const checksums = new Map(catalog.value.migrations.map((each) => [each.version, each.checksum]));
  const names = listed.value.map(({ version, name }) => `${version}_${name}`);
  const origin = names.join() === sample.join() ? "sample" : "embedded";
  const imports: string[] = [];
  const entries = listed.value.map((files) =>
    entryOf(files, checksums.get(files.version) ?? "", imports),
  );
  return [
    "// Generated from migrations/ by `bun run generate`; a change here is lost at the next build.",
    "",
    'import type { EmbeddedMap } from "./embedded.ts";',
    ...imports,
    "",
    "export const embedded: EmbeddedMap = {",
    `  origin: ${JSON.stringify(origin)},`,
    "  migrations: [",
    ...entries,
    "  ],",
    "};",
    "",
  ].join("\n");
}

const wanted = render();
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
