// The versions and checksums of a catalog, in the form in which SQLite can tell those of a history.

/** Both of the first `count` migrations, in version order, with blanks between. */
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
  const versions: number[] = [];
  const checksums: string[] = [];
  for (const { version, checksum } of migrations) {
    versions.push(version);
    checksums.push(checksum);
  }
  const count = versions.length;
  return { count, versions: versions.join(" "), checksums: checksums.join(" ") };
}
