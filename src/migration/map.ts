// Migrations by name and checksum -> their entries in the map that an executable is built with; their texts lie apart.

import type { VersionFiles } from "./catalog.ts";
import type { EmbeddedSql } from "./embedded.ts";

/** The entry of a SQL migration, as data. */
export function sqlEntryOf(files: VersionFiles, checksum: string): EmbeddedSql {
  const { version, name, main, down } = files;
  const entry = { version, name, checksum, kind: "sql", file: main.file } as const;
  return main.part === "sections" ? entry : { ...entry, down: down === null ? null : down.file };
}

/** The entry of a TypeScript migration, as source text; `specifier` is that of its module, as JavaScript. */
export function moduleEntryOf(files: VersionFiles, checksum: string, specifier: string): string {
  const { version, name, main } = files;
  const entry = { version, name, checksum, kind: "typescript", file: main.file };
  return `{ ...${JSON.stringify(entry)}, load: () => import(${specifier}) }`;
}

/** The names that make a catalog the demonstration one; any other is somebody's own. */
const sample = ["1_create_users", "2_add_posts_table"];

/** Whose migrations these are. */
export function originOf(listed: readonly VersionFiles[]): "embedded" | "sample" {
  const names = listed.map(({ version, name }) => `${version}_${name}`);
  return names.join() === sample.join() ? "sample" : "embedded";
}
