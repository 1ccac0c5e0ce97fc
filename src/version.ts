// What this executable is, and the catalog that it carries or is shown -> the report of `version`.

import packageJson from "../package.json" with { type: "json" };
import { facts } from "./facts.ts";
import { ok, type Result } from "./failure.ts";
import { embedded } from "./migration/embedded.gen.ts";
import { embeddedCatalog } from "./migration/embedded.ts";
import type { Catalog } from "./migration/migration.ts";
import { summaryOf, summaryText } from "./migration/summary.ts";

async function catalogOf(directory: string | null): Promise<Result<Catalog>> {
  if (directory === null) return ok(embeddedCatalog(embedded));
  const { readDirectory } = await import("./migration/directory.ts");
  return readDirectory(directory);
}

/** The report as text or JSON; of the embedded migrations unless a directory is named. */
export async function versionReport(
  directory: string | null,
  isJson: boolean,
): Promise<Result<string>> {
  const { version } = packageJson;
  const sqlite = process.versions["sqlite"] ?? "";
  const found = await catalogOf(directory);
  if (!found.ok) return found;
  const catalog = summaryOf(found.value);
  const { program } = facts;
  if (isJson) {
    const report = { program, version, sqlite, catalog };
    return ok(`${JSON.stringify(report)}\n`);
  }
  const tool = `rung ${version}`;
  const first =
    program === "rung" ? `${tool} (SQLite ${sqlite})` : `${program} (${tool}, SQLite ${sqlite})`;
  if (found.value.origin === "sample") return ok(`${first}\n`);
  return ok(`${first}\n${summaryText(catalog)}, ${catalog.hash}\n`);
}
