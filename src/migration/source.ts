// Which catalog a run works with: a directory that was named, what is embedded, or ./migrations.

import { ok, type Result } from "../failure.ts";
import { isDirectory, readDirectory } from "./directory.ts";
import { embedded } from "./embedded.gen.ts";
import { embeddedCatalog } from "./embedded.ts";
import type { Catalog } from "./migration.ts";

const usual = "migrations";

/**
 * Reads the catalog. Without a directory an executable built with migrations of its own uses those; the stock one uses
 * ./migrations where there is one, else its embedded sample.
 */
export function readCatalog(directory: string | null): Result<Catalog> {
  if (directory !== null) return readDirectory(directory);
  if (embedded.origin === "sample" && isDirectory(usual)) return readDirectory(usual);
  return ok(embeddedCatalog(embedded));
}
