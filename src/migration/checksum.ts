// What a migration's up direction does -> the checksum that history keeps of it; all of them -> the hash of a catalog.

import { sha256 } from "../platform/hash.ts";
import type { Migration } from "./migration.ts";

/** A source file by its path relative to the migration, with its normalized text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** The checksum of a SQL migration, by the text of its up section, blind to white space around it, and its options in words. */
export function checksumOfText(up: string, options: string): string {
  return sha256(`${options}\n${up.trim()}`);
}

/** The checksum of a TypeScript migration: its file and those it imports, in path order. */
export function checksumOfSources(files: readonly SourceFile[]): string {
  const ordered = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return sha256(ordered.map(({ path, text }) => `${path}\0${text}\0`).join(""));
}

/** The hash of a catalog: over version, name and checksum of each migration. The prefix names the way it is made. */
export function hashOfCatalog(migrations: readonly Migration[]): string {
  const lines = migrations.map(({ version, name, checksum }) => `${version} ${name} ${checksum}\n`);
  return `h1:${sha256(lines.join(""))}`;
}
