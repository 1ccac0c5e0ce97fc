// Which catalog a run works with: a directory that was named, what is embedded, or ./migrations.

import { ok, type Result } from "../failure.ts";
import { readDirectory } from "./directory.ts";
import { embedded } from "./embedded.gen.ts";
import { embeddedCatalog } from "./embedded.ts";
import type { Catalog } from "./migration.ts";

const usual = "migrations";

/**
 * Reads the catalog. Without a directory an executable built with migrations of its own uses those; the stock one uses
 * ./migrations where there is one, else its embedded sample.
 */
export async function readCatalog(directory: string | null): Promise<Result<Catalog>> {
  if (directory === null && embedded.origin !== "sample") return ok(embeddedCatalog(embedded));
  const read = await readDirectory(directory ?? usual);
  const isNone = !read.ok && read.failure.code === "catalog.not-found";
  return directory === null && isNone ? ok(embeddedCatalog(embedded)) : read;
}
