// What this executable is, and the catalog that it carries or is shown -> the report of `version`.

import packageJson from "../package.json" with { type: "json" };
import { facts } from "./facts.ts";
import { ok, type Result } from "./failure.ts";
import { embedded } from "./migration/embedded.gen.ts";

/** The report as text or JSON; of the embedded migrations unless a directory is named. */
export async function versionReport(
  directory: string | null,
  isJson: boolean,
): Promise<Result<string>> {
  const { version } = packageJson;
  const sqlite = process.versions["sqlite"] ?? "";
  const { program } = facts;
  const tool = `rung ${version}`;
  const first =
    program === "rung" ? `${tool} (SQLite ${sqlite})` : `${program} (${tool}, SQLite ${sqlite})`;
  // Of the sample nobody wants to know more, and to hash it takes longer than all the rest.
  const isSample = directory === null && embedded.origin === "sample";
  if (isSample && !isJson) return ok(`${first}\n`);
  const { summarize } = await import("./work.ts");
  const summary = await summarize(directory);
  if (!summary.ok) return summary;
  const catalog = summary.value;
  if (isJson) return ok(`${JSON.stringify({ program, version, sqlite, catalog })}\n`);
  const { summaryText } = await import("./migration/summary.ts");
  return ok(`${first}\n${summaryText(catalog)}, ${catalog.hash}\n`);
}
