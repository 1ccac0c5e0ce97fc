// The runtime is told of long work before the first step, by what the steps hold, and never of a short run.

import { expect, test } from "bun:test";
import { readCommand } from "../src/command.ts";
import { failure } from "../src/failure.ts";
import type { Migration } from "../src/migration/migration.ts";
import type { Driver } from "../src/run/driver.ts";
import { execute } from "../src/run/execute.ts";

/** A database that is empty and refuses to be written to. */
const refusing: Driver = {
  perform: ({ do: what }) =>
    what === "look"
      ? { is: "looked", history: { rows: [], founded: false, drift: [], vacant: true } }
      : { is: "failed", failure: failure("database.read-only", "It is read-only.", "Look.") },
  close: () => undefined,
};

function script(version: number, statements: number): Migration {
  const text = `-- migrate:up\n${"SELECT 1;\n".repeat(statements)}`;
  const texts = () => ({ both: { path: "x.sql", text } });
  return { kind: "sql", version, name: "x", file: "x.sql", checksum: "", texts };
}

/** How often the runtime is told of long work. */
async function told(...migrations: readonly Migration[]): Promise<number> {
  const command = readCommand({ type: "migrate" }, (key) => key);
  if (!command.ok || command.value.type !== "migrate") throw new Error("migrate is no command");
  const catalog = { origin: "directory", label: "test", migrations } as const;
  const request = { command: command.value, catalog, commit: "group", lockTimeoutMs: 0 } as const;
  let count = 0;
  await execute(request, {
    driver: refusing,
    now: () => 0,
    emit: () => undefined,
    signals: null,
    expectLongWork: () => void count++,
  });
  return count;
}

test("work is long by its statements, not by its steps", async () => {
  expect(await told(script(1, 999))).toBe(0);
  expect(await told(script(1, 1000))).toBe(1);
  expect(await told(script(1, 600), script(2, 400))).toBe(1);
  expect(await told(script(1, 600), script(2, 399))).toBe(0);
});

test("a TypeScript migration may be long", async () => {
  const load = async (): Promise<unknown> => ({ up: () => undefined });
  const identity = { version: 1, name: "x", file: "x.ts", checksum: "" } as const;
  expect(await told({ ...identity, kind: "typescript", load })).toBe(1);
});
