// The files of one version -> its migration, where they are one of plain SQL, as nearly all are.

import { fileSystem } from "../platform/system.ts";
import type { VersionFiles } from "./catalog.ts";
import { checksumOfText } from "./checksum.ts";
import type { FileText, Migration, SqlTexts } from "./migration.ts";
import { plainUp } from "./plain.ts";

/** A migration with the files that it is made of, each read once. */
export type ReadMigration = Migration & {
  readonly files: VersionFiles;
  readonly read: readonly FileText[];
};

/** What the path of a file in the directory is. */
export type PathOf = (file: string) => string;

/** A migration that takes more to read: the text of its first file as it is, null where that was not read either. */
export interface Unread {
  readonly raw: string | null;
}

/** One function for all of them: a closure for each takes its time. */
function textsOf(this: { readonly read: readonly [FileText] }): SqlTexts {
  const [both] = this.read;
  return { both };
}

/** Reads the file of a plain SQL migration, of which nothing is made yet but the checksum. */
export function readPlain(pathOf: PathOf, files: VersionFiles): ReadMigration | Unread {
  const { version, name, main } = files;
  if (main.part !== "sections") return { raw: null };
  const path = pathOf(main.file);
  let text: string;
  try {
    text = fileSystem().readFileSync(path, "utf8");
  } catch {
    return { raw: null };
  }
  const up = plainUp(text);
  if (up === null) return { raw: text };
  const checksum = checksumOfText(up, "");
  const read = [{ path, text }] as const;
  return { version, name, file: path, kind: "sql", checksum, texts: textsOf, files, read };
}
