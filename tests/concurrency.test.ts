// Many processes on one database at once, and an application that goes on using it all the while.

import { Database } from "bun:sqlite";
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { claimsOf } from "./faults/claims.ts";
import { lookInto } from "./faults/found.ts";
import {
  inFolder,
  prepareDatabase,
  removeScratch,
  rung,
  start,
  writeCatalog,
  type JournalMode,
} from "./faults/harness.ts";

setDefaultTimeout(300_000);
afterAll(removeScratch);

const versions = Array.from({ length: 20 }, (_, index) => index + 1);

/** Each takes long enough for the others to meet it. */
function catalog(): Promise<string> {
  const files = versions.map((version): [string, string] => [
    `${version}_made.sql`,
    `-- migrate:up
CREATE TABLE made_${version} (row INTEGER PRIMARY KEY, text TEXT);
INSERT INTO made_${version} (text)
  WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 2000)
  SELECT hex(randomblob(20)) FROM counted;
CREATE INDEX made_${version}_by_text ON made_${version} (text);
-- migrate:down
DROP TABLE made_${version};
`,
  ]);
  return writeCatalog(Object.fromEntries(files));
}

const seenSchema = v.object({
  rounds: v.number(),
  lengths: v.number(),
  disagreements: v.array(v.string()),
});

/** Starts the application in a role; what comes back ends it and tells what it has seen. */
async function use(
  path: string,
  role: "write" | "read",
): Promise<() => Promise<v.InferOutput<typeof seenSchema>>> {
  const program = join(import.meta.dir, "faults/application.ts");
  const application = Bun.spawn([process.execPath, program, path, role], {
    cwd: dirname(path),
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = application.stdout.getReader();
  const said = async (): Promise<string> => new TextDecoder().decode((await output.read()).value);
  expect(await said()).toBe("ready\n");
  return async () => {
    await application.stdin.end();
    expect(await application.exited).toBe(0);
    return v.parse(seenSchema, JSON.parse(await said()));
  };
}

const journals: readonly JournalMode[] = ["delete", "wal"];
for (const journal of journals) {
  test(`eight migrators at once beside an application, ${journal}`, async () => {
    const migrations = await catalog();
    await inFolder(async (folder) => {
      const path = join(folder, "app.db");
      prepareDatabase(path, journal);
      const writer = await use(path, "write");
      const reader = await use(path, "read");
      const result = await Promise.all(
        Array.from({ length: 8 }, (_, index) => {
          // One commit each leaves the most room for others to come in between.
          const commit = index % 4 === 3 ? "group" : "each";
          const words = ["migrate", "--json", "--commit", commit, "--lock-timeout", "2m"];
          return start(rung, [...words, "--db", path, "--dir", migrations], { cwd: folder });
        }),
      );
      const written = await writer();
      const read = await reader();
      expect(result.map(({ status, stderr }) => [status, stderr])).toEqual(
        Array.from({ length: 8 }, () => [0, ""]),
      );
      const claimed = result.flatMap((ended) => claimsOf(ended, "json").stepped);
      expect(claimed.sort((a, b) => a - b)).toEqual(versions);
      expect(read.disagreements).toEqual([]);
      expect(read.lengths).toBeGreaterThan(1);

      const found = lookInto(path, folder);
      expect(found.complaints).toEqual([]);
      expect(found.journalMode).toBe(journal);
      expect(found.recorded).toMatchObject(
        versions.map((version) => ({ version, seq: version, state: "applied" })),
      );
      const database = new Database(path, { readonly: true });
      const count = database.query<{ rows: number }, []>(
        "SELECT count(*) AS rows FROM application",
      );
      expect(count.get()?.rows).toBe(written.rounds);
      const log = database.query<{ version: number }, []>(
        "SELECT version FROM rung_log WHERE event = 'apply' ORDER BY id",
      );
      expect(log.all().map(({ version }) => version)).toEqual(versions);
      database.close();
    });
  });
}

test("a process that meets another's exclusive lock waits for it, whatever it is about to do", async () => {
  const migrations = await catalog();
  for (const words of [["status"], ["migrate"], ["rollback"]]) {
    await inFolder(async (folder) => {
      const path = join(folder, "app.db");
      const options = ["--db", path, "--dir", migrations];
      const first = await start(rung, ["migrate", ...options], { cwd: folder });
      expect(first.status).toBe(0);
      const holder = new Database(path, { readwrite: true });
      holder.run("BEGIN EXCLUSIVE");
      const waiting = start(rung, [...words, ...options], { cwd: folder });
      // Long enough to be met in most runs; where it is not, the test proves less, but does not fail.
      await Bun.sleep(150);
      holder.run("ROLLBACK");
      holder.close(true);
      const { status, stderr } = await waiting;
      expect({ words, status, stderr }).toEqual({ words, status: 0, stderr: "" });
    });
  }
});

test("a lock that is not given up ends the wait, and changes nothing", async () => {
  const migrations = await catalog();
  await inFolder(async (folder) => {
    const path = join(folder, "app.db");
    const holder = new Database(path, { readwrite: true, create: true });
    holder.run("CREATE TABLE application (row INTEGER PRIMARY KEY)");
    for (const lock of ["IMMEDIATE", "EXCLUSIVE"]) {
      holder.run(`BEGIN ${lock}`);
      const words = ["migrate", "--json", "--lock-timeout", "100ms"];
      const ended = await start(rung, [...words, "--db", path, "--dir", migrations], {
        cwd: folder,
      });
      expect(ended.status).toBe(5);
      expect(claimsOf(ended, "json")).toEqual({
        stepped: [],
        code: "database.locked",
        changed: "nothing",
        failed: null,
      });
      holder.run("ROLLBACK");
    }
    holder.close(true);
    expect(lookInto(path, folder).recorded).toEqual([]);
  });
});
