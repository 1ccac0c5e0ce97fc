// Options and environment -> where an invocation works: the database, the migrations, and what the world gives besides.

import { ok, type Result } from "./failure.ts";
import type { OptionValues } from "./input/argv.ts";
import { databasePath, ignoredObjects, migrationsDirectory } from "./input/location.ts";
import type { Workplace } from "./job.ts";
import type { Catalog, Migration } from "./migration/migration.ts";
import { readCatalog } from "./migration/source.ts";
import type { Io } from "./world.ts";

/** Migrations, whose code is loaded only where it can disturb nothing. */
function housed(migrations: readonly Migration[], io: Io): readonly Migration[] {
  let hasCode = false;
  for (const { kind } of migrations) if (kind === "typescript") hasCode = true;
  if (!hasCode) return migrations;
  return migrations.map((migration) => {
    if (migration.kind !== "typescript") return migration;
    const load = (): Promise<unknown> => {
      io.keepHouse();
      io.expectLongWork();
      return migration.load();
    };
    return { ...migration, load };
  });
}

/** The catalog of housed migrations; those of an executable are read when somebody asks for them. */
function housedCatalog(catalog: Catalog, io: Io): Catalog {
  const { origin, label, outline } = catalog;
  let migrations: readonly Migration[] | undefined;
  return {
    origin,
    label,
    outline,
    get migrations() {
      return (migrations ??= housed(catalog.migrations, io));
    },
  };
}

/** Where the options and the environment say that the work is. */
export function workplace(io: Io, options: OptionValues, lockTimeoutMs: number): Result<Workplace> {
  const path = databasePath(options, io.environment);
  if (!path.ok) return path;
  const { now, signals, heldSignals, expectLongWork } = io;
  const ignored = ignoredObjects(options);
  const openDriver: Workplace["openDriver"] = (request) => io.openDriver({ ...request, ignored });
  const directory = migrationsDirectory(options);
  const catalog = async (): ReturnType<typeof readCatalog> => {
    const read = await readCatalog(directory);
    return read.ok ? ok(housedCatalog(read.value, io)) : read;
  };
  const world = { lockTimeoutMs, now, signals, heldSignals, expectLongWork };
  return ok({ path: path.value, catalog, openDriver, ...world });
}
