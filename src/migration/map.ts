// Migrations by name and checksum -> their entries in the import map that an executable is built with, as source text.

import type { VersionFiles } from "./catalog.ts";
import type { EmbeddedText } from "./embedded.ts";
import type { MigrationFilename } from "./filename.ts";

/** A SQL migration as it is embedded. */
export interface SqlFiles {
  readonly files: VersionFiles;
  readonly checksum: string;
  /** The text of a file by its name. */
  readonly text: (file: string) => string;
}

/** How the entries of a map refer to the files of a migration; each gives an expression of JavaScript. */
export interface MapWords {
  /** The text of a SQL file. */
  readonly text: (file: string) => string;
  /** The specifier of a module. */
  readonly module: (file: string) => string;
}

function written(fields: readonly string[]): string {
  return `    {\n${fields.map((field) => `      ${field},\n`).join("")}    },`;
}

function identity({ version, name }: VersionFiles, checksum: string): readonly string[] {
  return [
    `version: ${version}`,
    `name: ${JSON.stringify(name)}`,
    `checksum: ${JSON.stringify(checksum)}`,
  ];
}

/** The entry of a TypeScript migration; `specifier` is that of its module, as JavaScript. */
export function moduleEntryOf(files: VersionFiles, checksum: string, specifier: string): string {
  return written([
    ...identity(files, checksum),
    `kind: "typescript"`,
    `file: ${JSON.stringify(files.main.file)}`,
    `load: () => import(${specifier})`,
  ]);
}

/** The entry of a migration, as an `EmbeddedMigration` is written. */
export function entryOf(files: VersionFiles, checksum: string, words: MapWords): string {
  const embed = ({ file }: MigrationFilename): string =>
    `{ file: ${JSON.stringify(file)}, text: ${words.text(file)} }`;
  const { main, down } = files;
  if (main.part === "typescript") return moduleEntryOf(files, checksum, words.module(main.file));
  const texts =
    main.part === "sections"
      ? [`sections: ${embed(main)}`]
      : [`up: ${embed(main)}`, `down: ${down === null ? "null" : embed(down)}`];
  return written([...identity(files, checksum), `kind: "sql"`, ...texts]);
}

/**
 * The entries of all SQL migrations as one expression: to read it back takes the runtime a fifth of the time that it
 * takes to build as many entries one by one.
 */
export function entriesOf(listed: readonly SqlFiles[]): string {
  const entries = listed.map(({ files, checksum, text }) => {
    const embed = ({ file }: MigrationFilename): EmbeddedText => ({ file, text: text(file) });
    const { version, name, main, down } = files;
    const common = { version, name, checksum, kind: "sql" } as const;
    if (main.part === "sections") return { ...common, sections: embed(main) };
    return { ...common, up: embed(main), down: down === null ? null : embed(down) };
  });
  return `JSON.parse(${JSON.stringify(JSON.stringify(entries))})`;
}

/** The names that make a catalog the demonstration one; any other is somebody's own. */
const sample = ["1_create_users", "2_add_posts_table"];

/** Whose migrations these are. */
export function originOf(listed: readonly VersionFiles[]): "embedded" | "sample" {
  const names = listed.map(({ version, name }) => `${version}_${name}`);
  return names.join() === sample.join() ? "sample" : "embedded";
}
