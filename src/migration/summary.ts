// A catalog -> what tells it from another: how many migrations, up to which version, and their hash.

import { hashOfCatalog } from "./checksum.ts";
import type { Catalog } from "./migration.ts";

/** What a catalog is, in short. */
export interface Summary {
  /** Where it comes from. */
  readonly from: string;
  /** The highest version; 0 where there is no migration. */
  readonly version: number;
  readonly count: number;
  readonly hash: string;
}

/** Sums up a catalog. */
export function summaryOf({ label, migrations }: Catalog): Summary {
  const version = migrations.at(-1)?.version ?? 0;
  return { from: label, version, count: migrations.length, hash: hashOfCatalog(migrations) };
}

/** The part of a summary that people read: `2 migrations, head 7`. */
export function summaryText({ version, count }: Summary): string {
  return `${count} ${count === 1 ? "migration" : "migrations"}, head ${version}`;
}
