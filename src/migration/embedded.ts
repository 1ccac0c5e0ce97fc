// The generated import map -> the catalog that this executable carries.

import { ok, type Result } from "../failure.ts";
import type {
  Catalog,
  Migration,
  Sections,
  SqlMigration,
  TypeScriptMigration,
} from "./migration.ts";
import { normalizeText, readSection, readSections } from "./sections.ts";

/** A SQL migration as the generator writes it down: already checked, its checksum already known. */
export interface EmbeddedSql extends Omit<SqlMigration, "sections"> {
  /** The file of its down, null where there is none; left out where `file` holds both directions. */
  readonly down?: string | null;
}

/** The generated map as a whole. */
export interface EmbeddedMap {
  readonly origin: "embedded" | "sample";
  /** In version order. */
  readonly migrations: readonly (EmbeddedSql | TypeScriptMigration)[];
  /** The texts of the SQL files by their names. Most runs need few of them, or none: they are read when asked for. */
  readonly texts: () => Readonly<Record<string, string>>;
}

function readPair(
  textOf: (file: string) => string,
  upFile: string,
  downFile: string | null,
): Result<Sections> {
  const up = readSection(textOf(upFile), upFile, "up");
  if (!up.ok || downFile === null) return up.ok ? ok({ up: up.value, down: null }) : up;
  const down = readSection(textOf(downFile), downFile, "down");
  return down.ok ? ok({ up: up.value, down: down.value }) : down;
}

/** The catalog of a generated map. Its entries become the migrations themselves: a copy of each takes twice as long. */
export function embeddedCatalog(map: EmbeddedMap): Catalog {
  let texts: Readonly<Record<string, string>> | undefined;
  const textOf = (file: string): string => {
    texts ??= map.texts();
    return normalizeText(texts[file] ?? "");
  };
  const cut = {
    sections(this: EmbeddedSql): Result<Sections> {
      const { file, down } = this;
      return down === undefined ? readSections(textOf(file), file) : readPair(textOf, file, down);
    },
  };
  const migrations: Migration[] = [];
  for (const entry of map.migrations) {
    migrations.push(entry.kind === "sql" ? Object.assign(entry, cut) : entry);
  }
  const label = map.origin === "sample" ? "embedded sample" : "embedded";
  return { origin: map.origin, label, migrations };
}
