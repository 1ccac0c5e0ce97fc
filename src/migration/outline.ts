// The versions and checksums of a catalog, in the form in which SQLite can tell those of a history.

/** Both of the first `count` migrations, in version order, each with a blank behind it. */
export interface Outline {
  readonly count: number;
  readonly versions: string;
  readonly checksums: string;
}

interface Outlined {
  readonly version: number;
  readonly checksum: string;
}

/** The outline of migrations in version order. */
export function outlineOf(migrations: readonly Outlined[]): Outline {
  let versions = "";
  let checksums = "";
  for (const { version, checksum } of migrations) {
    versions += `${version} `;
    checksums += `${checksum} `;
  }
  return { count: migrations.length, versions, checksums };
}
