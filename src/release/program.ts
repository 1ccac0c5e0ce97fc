// Development: the program in src/ and the migrations in migrations/ -> the sources of an executable.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { make } from "../bundle/make.ts";
import { factsPath, sourcesOf } from "../bundle/tree.ts";
import { ok, type Result } from "../failure.ts";
import { readFiles } from "../migration/directory.ts";
import { originOf } from "../migration/map.ts";
import { textsOfProgram, type Sources } from "../platform/compile.ts";
import { orderOf } from "./order.ts";
import { laidTogether } from "./parts.ts";

function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** What every start loads, what nearly every command does, what reads SQL that is not plain, and what runs migrations. */
const parts = [
  { path: inRepository("src/process.ts"), isIndivisible: false },
  { path: inRepository("src/work.ts"), isIndivisible: false },
  { path: inRepository("src/migration/read-any.ts"), isIndivisible: true },
  { path: inRepository("src/run/execute.ts"), isIndivisible: true },
];

/** The folder for what is made. */
export const dist = inRepository("dist");

/** What goes into an archive besides the executable. */
export const readmeFiles = ["LICENSE", "README.md"].map((file) => ({
  file,
  path: inRepository(file),
}));

/**
 * The sources of the stock executable. It is made once without knowing what usual runs need, then for good: 5 % of the
 * time of `status` is won by it.
 */
export async function stockSources(): Promise<Result<Sources>> {
  const read = await readFiles(inRepository("migrations"));
  if (!read.ok) return read;
  const facts = JSON.stringify(factsPath);
  const entry = inRepository("src/main.ts");
  const replaced = {
    [inRepository("src/facts.ts")]: `export { facts } from ${facts};\n`,
    [inRepository("src/migration/embedded.gen.ts")]: `export { embedded } from ${facts};\n`,
  };
  const texts = await textsOfProgram(entry, {
    ...laidTogether(entry, parts, Object.keys(replaced)),
    ...replaced,
  });
  const origin = originOf(read.value.map(({ files }) => files));
  const content = { program: "rung", origin, migrations: read.value };
  const folder = mkdtempSync(join(tmpdir(), "rung-program-"));
  try {
    const out = join(folder, process.platform === "win32" ? "rung.exe" : "rung");
    const sources = sourcesOf({ texts, ...content });
    const made = await make({ sources, out, target: null, runtime: null });
    return made.ok ? ok(sourcesOf({ texts: { ...texts, ...orderOf(out) }, ...content })) : made;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
