// The generated import map -> the catalog that this executable carries.

import { ok, type Result } from "../failure.ts";
import type { Catalog, Migration, Sections } from "./migration.ts";
import { normalizeText, readSection, readSections } from "./sections.ts";

/** A text that was embedded, with the name of the file it came from. */
export interface EmbeddedText {
  readonly file: string;
  readonly text: string;
}

interface EmbeddedIdentity {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/** One migration as the generator writes it down: already checked, its checksum already known. */
export type EmbeddedMigration = EmbeddedIdentity &
  (
    | { readonly kind: "sql"; readonly sections: EmbeddedText }
    | { readonly kind: "sql"; readonly up: EmbeddedText; readonly down: EmbeddedText | null }
    | { readonly kind: "typescript"; readonly file: string; readonly load: () => Promise<unknown> }
  );

/** The generated map as a whole. */
export interface EmbeddedMap {
  readonly origin: "embedded" | "sample";
  readonly migrations: readonly EmbeddedMigration[];
}

function readPair(up: EmbeddedText, down: EmbeddedText | null): Result<Sections> {
  const first = readSection(normalizeText(up.text), up.file, "up");
  if (!first.ok || down === null) return first.ok ? ok({ up: first.value, down: null }) : first;
  const second = readSection(normalizeText(down.text), down.file, "down");
  return second.ok ? ok({ up: first.value, down: second.value }) : second;
}

function migrationOf(entry: EmbeddedMigration): Migration {
  if (entry.kind === "typescript") return entry;
  const { version, name, checksum, kind } = entry;
  if ("up" in entry) {
    const sections = (): Result<Sections> => readPair(entry.up, entry.down);
    return { version, name, checksum, kind, file: entry.up.file, sections };
  }
  const { file, text } = entry.sections;
  const sections = (): Result<Sections> => readSections(normalizeText(text), file);
  return { version, name, checksum, kind, file, sections };
}

/** The catalog of a generated map. */
export function embeddedCatalog(map: EmbeddedMap): Catalog {
  const label = map.origin === "sample" ? "embedded sample" : "embedded";
  return { origin: map.origin, label, migrations: map.migrations.map(migrationOf) };
}
