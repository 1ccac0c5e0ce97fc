// Runs of migrations inside the test's own process, where starting the executable for each would take too long.

import { readCommand } from "../../src/command.ts";
import type { Event } from "../../src/event.ts";
import type { Failure } from "../../src/failure.ts";
import { SqliteDriver } from "../../src/database/driver.ts";
import type { SqlMigration } from "../../src/migration/migration.ts";
import { execute } from "../../src/run/execute.ts";

function migrationOf(version: number, text: string): SqlMigration {
  const file = `${version}_step.sql`;
  const texts = () => ({ both: { path: file, text } });
  return { kind: "sql", version, name: "step", file, checksum: String(version), texts };
}

/** Applies SQL texts as migrations 1, 2, …; the failure that ended the run, or null. */
export async function migrateHere(path: string, ...ups: string[]): Promise<Failure | null> {
  const migrations = ups.map((up, at) => migrationOf(at + 1, `-- migrate:up\n${up}\n`));
  const driver = new SqliteDriver({
    path,
    mode: "write",
    readWaitMs: 0,
    date: () => new Date(0),
    by: () => "test",
  });
  const events: Event[] = [];
  const command = readCommand({ type: "migrate" }, (key) => key);
  if (!command.ok || command.value.type !== "migrate") throw new Error("migrate is no command");
  const catalog = { origin: "directory", label: "test", migrations } as const;
  const request = { command: command.value, catalog, commit: "group", lockTimeoutMs: 0 } as const;
  try {
    await execute(request, {
      driver,
      now: () => 0,
      emit: (event) => void events.push(event),
      signals: null,
    });
  } finally {
    driver.close();
  }
  return events.find((event) => event.kind === "failed")?.failure ?? null;
}
