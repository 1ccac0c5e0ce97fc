// What a database says of the layout of our own tables in it.

import type { Row } from "../migration/migration.ts";

/** The layout that this build writes. */
export const format = 1;

/** What is kept of the layout: the oldest build that can read it, and SQLite's counter after our latest change. */
export interface Format {
  readonly oldest: number;
  readonly kept: number | null;
}

/** The one row of `rung_format`; null where it is damaged. */
export function formatOf(row: Row | null): Format | null {
  const { format, oldest, schema_version: kept } = row ?? {};
  const isWhole = typeof format === "number" && typeof oldest === "number";
  if (!isWhole || (kept !== null && typeof kept !== "number")) return null;
  return { oldest, kept };
}
