// How many commits a run costs: counted, as time would tell of the machine.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { lookInto } from "./found.ts";
import { faults, inFolder, removeScratch, start, writeCatalog } from "./harness.ts";
import { readTrace } from "./here.ts";

setDefaultTimeout(300_000);
afterAll(removeScratch);

const versions = Array.from({ length: 1000 }, (_, index) => index + 1);

function catalog(): Promise<string> {
  const files = versions.map((version): [string, string] => [
    `${version}_made.sql`,
    `-- migrate:up\nCREATE TABLE made_${version} (id);\nINSERT INTO made_${version} VALUES (1);\n`,
  ]);
  return writeCatalog(Object.fromEntries(files));
}

const modes = [
  ["group", 1, 99],
  ["each", 1000, 1000],
  ["all", 1, 1],
] as const;

for (const [commit, least, most] of modes) {
  test(`a thousand migrations of two statements on a new file, commit ${commit}`, async () => {
    const migrations = await catalog();
    await inFolder(async (folder) => {
      const path = join(folder, "app.db");
      const trace = join(folder, "trace");
      // By the real clock: how long a group lasts depends on it.
      const environment = { RUNG_FAULTS_TRACE: trace, RUNG_FAULTS_TICK: "real" };
      const words = ["migrate", "--commit", commit, "--db", path, "--dir", migrations];
      const ended = await start(await faults(), words, { cwd: folder, environment });
      expect([ended.status, ended.stderr]).toEqual([0, ""]);
      const effects = readTrace(trace);
      const commits = effects.filter((effect) => effect === "commit").length;
      expect(commits).toBeGreaterThanOrEqual(least);
      expect(commits).toBeLessThanOrEqual(most);
      expect(effects.filter((effect) => effect.startsWith("execute ")).length).toBe(2000);
      const { recorded, drift } = lookInto(path);
      expect(recorded.map(({ seq }) => seq)).toEqual(versions);
      expect(drift).toEqual([]);
    });
  });
}
