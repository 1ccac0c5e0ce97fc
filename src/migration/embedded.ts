// The generated import map -> the catalog that this executable carries.

import type {
  Catalog,
  FileText,
  Migration,
  SqlTexts,
  TypeScriptMigration,
  WrittenSql,
} from "./migration.ts";
import type { Outline } from "./outline.ts";
import { normalizeText } from "./text.ts";

/** A SQL migration as the generator writes it down: already checked, its checksum already known. */
export interface EmbeddedSql extends Omit<WrittenSql, "texts" | "sections"> {
  /** The file of its down, null where there is none; left out where `file` holds both directions. */
  readonly down?: string | null;
}

/** The generated map as a whole. */
export interface EmbeddedMap {
  readonly origin: "embedded" | "sample";
  readonly outline: Outline;
  /** In version order. Where all of them are applied, nobody asks. */
  readonly migrations: () => readonly (EmbeddedSql | TypeScriptMigration)[];
  /** The texts of the SQL files by their names. Most runs need few of them, or none. */
  readonly texts: () => Readonly<Record<string, string>>;
}

/** The migrations of a map. Its entries become the migrations themselves: a copy of each takes twice as long. */
function migrationsOf(map: EmbeddedMap): readonly Migration[] {
  let texts: Readonly<Record<string, string>> | undefined;
  const textOf = (path: string): FileText => {
    texts ??= map.texts();
    return { path, text: normalizeText(texts[path] ?? "") };
  };
  const written = {
    texts(this: EmbeddedSql): SqlTexts {
      const { file, down } = this;
      if (down === undefined) return { both: textOf(file) };
      return { up: textOf(file), down: down === null ? null : textOf(down) };
    },
  };
  const migrations: Migration[] = [];
  for (const entry of map.migrations()) {
    migrations.push(entry.kind === "sql" ? Object.assign(entry, written) : entry);
  }
  return migrations;
}

/** The catalog of a generated map. */
export function embeddedCatalog(map: EmbeddedMap): Catalog {
  const { origin, outline } = map;
  let migrations: readonly Migration[] | undefined;
  return {
    origin,
    label: origin === "sample" ? "embedded sample" : "embedded",
    outline,
    get migrations() {
      return (migrations ??= migrationsOf(map));
    },
  };
}
