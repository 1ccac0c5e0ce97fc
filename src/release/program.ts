// Development: the program in src/ and the migrations in migrations/ -> the sources of an executable.

import { fileURLToPath } from "node:url";
import { factsPath, sourcesOf } from "../bundle/tree.ts";
import { ok, type Result } from "../failure.ts";
import { readFiles } from "../migration/directory.ts";
import { originOf } from "../migration/map.ts";
import { textsOfProgram, type Sources } from "../platform/compile.ts";

function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The folder for what is made. */
export const dist = inRepository("dist");

/** What goes into an archive besides the executable. */
export const readmeFiles = ["LICENSE", "README.md"].map((file) => ({
  file,
  path: inRepository(file),
}));

/** The sources of the stock executable. */
export async function stockSources(): Promise<Result<Sources>> {
  const read = readFiles(inRepository("migrations"));
  if (!read.ok) return read;
  const facts = JSON.stringify(factsPath);
  const texts = await textsOfProgram(inRepository("src/main.ts"), {
    [inRepository("src/facts.ts")]: `export { facts } from ${facts};\n`,
    [inRepository("src/migration/embedded.gen.ts")]: `export { embedded } from ${facts};\n`,
  });
  const origin = originOf(read.value.map(({ files }) => files));
  return ok(sourcesOf({ texts, program: "rung", origin, migrations: read.value }));
}
