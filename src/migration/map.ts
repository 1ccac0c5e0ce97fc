// One migration by name and checksum -> its entry in the import map that an executable is built with, as source text.

import type { VersionFiles } from "./catalog.ts";

/** How the entries of a map refer to the files of a migration; each gives an expression of JavaScript. */
export interface MapWords {
  /** The text of a SQL file. */
  readonly text: (file: string) => string;
  /** The specifier of a module. */
  readonly module: (file: string) => string;
}

/** The entry of a migration, as an `EmbeddedMigration` is written. */
export function entryOf(files: VersionFiles, checksum: string, words: MapWords): string {
  const embed = (file: string): string =>
    `{ file: ${JSON.stringify(file)}, text: ${words.text(file)} }`;
  const { file, part } = files.main;
  const fields = [
    `version: ${files.version}`,
    `name: ${JSON.stringify(files.name)}`,
    `checksum: ${JSON.stringify(checksum)}`,
  ];
  if (part === "typescript") {
    fields.push(`kind: "typescript"`, `file: ${JSON.stringify(file)}`);
    fields.push(`load: () => import(${words.module(file)})`);
  } else if (part === "sections") {
    fields.push(`kind: "sql"`, `sections: ${embed(file)}`);
  } else {
    fields.push(`kind: "sql"`, `up: ${embed(file)}`);
    fields.push(`down: ${files.down === null ? "null" : embed(files.down.file)}`);
  }
  return `    {\n${fields.map((field) => `      ${field},\n`).join("")}    },`;
}

/** The names that make a catalog the demonstration one; any other is somebody's own. */
const sample = ["1_create_users", "2_add_posts_table"];

/** Whose migrations these are. */
export function originOf(listed: readonly VersionFiles[]): "embedded" | "sample" {
  const names = listed.map(({ version, name }) => `${version}_${name}`);
  return names.join() === sample.join() ? "sample" : "embedded";
}
