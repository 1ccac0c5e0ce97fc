// Options and environment -> where an invocation works: the database, the migrations, and what the world gives besides.

import { ok, type Result } from "./failure.ts";
import type { OptionValues } from "./input/argv.ts";
import { databasePath, ignoredObjects, migrationsDirectory } from "./input/location.ts";
import type { Workplace } from "./job.ts";
import type { Catalog, Migration } from "./migration/migration.ts";
import { readCatalog } from "./migration/source.ts";
import type { Io } from "./world.ts";

/** The catalog, whose code is loaded only where it can disturb nothing. */
function housed(catalog: Catalog, { keepHouse, expectLongWork }: Io): Catalog {
  const migrations: Migration[] = [];
  for (const migration of catalog.migrations) {
    if (migration.kind !== "typescript") {
      migrations.push(migration);
      continue;
    }
    const load = (): Promise<unknown> => {
      keepHouse();
      expectLongWork();
      return migration.load();
    };
    migrations.push({ ...migration, load });
  }
  return { ...catalog, migrations };
}

/** Where the options and the environment say that the work is. */
export function workplace(io: Io, options: OptionValues, lockTimeoutMs: number): Result<Workplace> {
  const path = databasePath(options, io.environment);
  if (!path.ok) return path;
  const { now, signals, heldSignals } = io;
  const ignored = ignoredObjects(options);
  const openDriver: Workplace["openDriver"] = (request) => io.openDriver({ ...request, ignored });
  const directory = migrationsDirectory(options);
  const catalog = async (): ReturnType<typeof readCatalog> => {
    const read = await readCatalog(directory);
    return read.ok ? ok(housed(read.value, io)) : read;
  };
  return ok({ path: path.value, catalog, openDriver, lockTimeoutMs, now, signals, heldSignals });
}
