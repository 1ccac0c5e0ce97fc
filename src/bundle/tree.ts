// Migrations as they were read, and the program's text -> the sources of an executable that carries both. Pure.

import { basename, dirname, relative, resolve, sep } from "node:path";
import type { ReadMigration } from "../migration/read.ts";
import type { EmbeddedSql } from "../migration/embedded.ts";
import { moduleEntryOf, sqlEntryOf } from "../migration/map.ts";
import { outlineOf } from "../migration/outline.ts";
import { sourceRoot, type Sources } from "../platform/compile.ts";

/** Where the sources begin. */
export const entryPath = `${sourceRoot}/main.js`;

/** The module that takes the place of those that know which executable it is. */
export const factsPath = `${sourceRoot}/facts.js`;

/** What an executable is made of. */
export interface Content {
  /** The program itself by the names of its texts, which import `factsPath`. */
  readonly texts: Sources;
  readonly program: string;
  readonly origin: "embedded" | "sample";
  readonly migrations: readonly ReadMigration[];
}

/** The deepest folder that all these files lie in; imports may lead out of the migrations' own. */
function commonFolder(paths: readonly string[]): string {
  const [first = sep, ...others] = paths.map((path) => dirname(path).split(sep));
  const common = [...first];
  for (const other of others) {
    const end = common.findIndex((part, at) => part !== other[at]);
    if (end >= 0) common.length = end;
  }
  return common.join(sep);
}

/** Data as an expression: to read it takes the runtime a fifth of the time that it takes to build it piece by piece. */
function parsed(data: unknown): string {
  return `JSON.parse(${JSON.stringify(JSON.stringify(data))})`;
}

/** The list of the map, in version order; modules have to be imported by code, and take their places there. */
function migrationsOf(sql: readonly EmbeddedSql[], modules: readonly string[]): string {
  const list = parsed(sql);
  if (modules.length === 0) return list;
  return `[...${list}, ${modules.join(", ")}].sort((a, b) => a.version - b.version)`;
}

/** The sources of an executable. They are the same wherever the files lie, as long as they lie to each other as before. */
export function sourcesOf({ texts, program, origin, migrations }: Content): Sources {
  const modules = migrations.filter(({ kind }) => kind === "typescript");
  const paths = modules.flatMap(({ read }) => read.map(({ path }) => resolve(path)));
  const folder = commonFolder(paths);
  const placed = (path: string): string =>
    `${sourceRoot}/modules/${relative(folder, resolve(path)).replaceAll("\\", "/")}`;
  const sources: Record<string, string> = {};
  for (const { read } of modules) {
    for (const { path, text: source } of read) sources[placed(path)] = source;
  }
  const sql = migrations.filter(({ kind }) => kind === "sql");
  const list = migrationsOf(
    sql.map(({ files, checksum }) => sqlEntryOf(files, checksum)),
    modules.map(({ files, checksum, file }) =>
      moduleEntryOf(files, checksum, JSON.stringify(placed(file))),
    ),
  );
  const embedded: Record<string, string> = {};
  for (const { read } of sql) for (const { path, text } of read) embedded[basename(path)] = text;
  for (const [name, text] of Object.entries(texts)) sources[`${sourceRoot}/${name}`] = text;
  return {
    ...sources,
    [`${sourceRoot}/program.json`]: JSON.stringify(texts),
    [factsPath]: [
      // A file, not a module: it lies in the executable and is read only where another one is made.
      `import texts from "./program.json" with { type: "file" };`,
      `export const facts = { program: ${JSON.stringify(program)}, texts };`,
      "export const embedded = {",
      `  origin: ${JSON.stringify(origin)},`,
      `  outline: ${JSON.stringify(outlineOf(migrations))},`,
      `  migrations: () => ${list},`,
      `  texts: () => ${parsed(embedded)},`,
      "};",
      "",
    ].join("\n"),
  };
}
