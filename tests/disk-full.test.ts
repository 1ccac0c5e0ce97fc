// A disk that is really full, and a limit on the size of files, in the middle of a run.

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { claimsOf } from "./faults/claims.ts";
import { lookInto } from "./faults/found.ts";
import {
  inFolder,
  prepareDatabase,
  removeScratch,
  rung,
  scratch,
  start,
  writeCatalog,
  type JournalMode,
} from "./faults/harness.ts";

setDefaultTimeout(300_000);

const table = (name: string, megabytes: number): string => `-- migrate:up
CREATE TABLE ${name} (row INTEGER PRIMARY KEY, filling BLOB);
WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${megabytes * 64 || 2})
INSERT INTO ${name} (filling) SELECT randomblob(16000) FROM counted;
-- migrate:down
DROP TABLE ${name};
`;

/** Five, of which the third writes so many megabytes. */
function catalog(megabytes: number): Promise<string> {
  return writeCatalog({
    "1_a.sql": table("a", 0),
    "2_b.sql": table("b", 0),
    "3_c.sql": table("c", megabytes),
    "4_d.sql": table("d", 0),
    "5_e.sql": table("e", 0),
  });
}

/** Each size fails elsewhere: what SQLite's cache holds at the commit, what it doesn't in the statement. */
const sizes = [1.25, 6];
const commits = ["group", "each", "all"] as const;
const journals: readonly JournalMode[] = ["delete", "wal"];

const disk = join(scratch(), "disk");
mkdirSync(disk, { recursive: true });
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
const hasDisk = mounted.status === 0;
afterAll(() => {
  if (hasDisk) spawnSync("umount", [disk]);
  removeScratch();
});

function resize(size: string): void {
  const { status, stderr } = spawnSync("mount", ["-o", `remount,size=${size}`, disk]);
  if (status !== 0) throw new Error(stderr.toString());
}

/** What must hold of a run that could not write any more, and of the one after room was made. */
async function judge(
  path: string,
  migrations: string,
  commit: (typeof commits)[number],
  codes: readonly string[],
  run: (words: readonly string[]) => ReturnType<typeof start>,
  makeRoom: () => void,
): Promise<void> {
  const words = ["--db", path, "--dir", migrations, "--json"];
  const ended = await run(["migrate", "--commit", commit, ...words]);
  const claims = claimsOf(ended, "json");
  expect(codes).toContain(claims.code ?? "none");
  expect(ended.status).toBe(5);
  await inFolder(async (folder) => {
    const found = lookInto(path, folder);
    expect(found.complaints).toEqual([]);
    const versions = found.recorded.map(({ version }) => version);
    expect(claims.stepped).toEqual(versions);
    expect(claims.changed).toBe(versions.length > 0 ? "some" : "nothing");
    expect(versions.length).toBeLessThan(3);
    if (commit === "each") expect(versions).toEqual([1, 2]);
    if (commit === "all") expect(versions).toEqual([]);
    const made = ["a", "b", "c", "d", "e"].filter((name) => found.dump.includes(`TABLE ${name} `));
    expect(made).toEqual(["a", "b"].slice(0, versions.length));
    makeRoom();
    const again = await start(rung, ["migrate", ...words], { cwd: folder });
    expect(again.status).toBe(0);
    const rest = [1, 2, 3, 4, 5].slice(versions.length);
    expect(claimsOf(again, "json").stepped).toEqual(rest);
    const whole = lookInto(path, folder);
    expect(whole.complaints).toEqual([]);
    expect(whole.recorded.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
  });
}

if (hasDisk) {
  describe("a full disk", () => {
    for (const journal of journals) {
      for (const commit of commits) {
        for (const size of sizes) {
          test(`${size} MB onto 1 MB, ${journal}, commit ${commit}`, async () => {
            const migrations = await catalog(size);
            const path = join(disk, `${journal}-${commit}-${size}.db`);
            resize("1m");
            prepareDatabase(path, journal);
            const run = (words: readonly string[]): ReturnType<typeof start> =>
              start(rung, words, { cwd: scratch() });
            await judge(path, migrations, commit, ["database.full"], run, () => resize("64m"));
            spawnSync("sh", ["-c", `rm -f "${path}"*`]);
          });
        }
      }
    }
  });

  for (const journal of journals) {
    test(`a migration that fails on a full disk, then restore: all is as before, ${journal}`, async () => {
      const folder = join(disk, `way-back-${journal}`);
      mkdirSync(folder);
      const path = join(folder, "app.db");
      resize("64m");
      const few = await writeCatalog({ "1_a.sql": table("a", 1), "2_b.sql": table("b", 0) });
      const words = ["--db", path, "--json"];
      const run = (...more: string[]): ReturnType<typeof start> =>
        start(rung, [...more, ...words], { cwd: folder });
      prepareDatabase(path, journal);
      expect((await run("migrate", "--dir", few)).status).toBe(0);
      const before = await inFolder(async (place) => lookInto(path, place));
      const many = await writeCatalog({
        "1_a.sql": table("a", 1),
        "2_b.sql": table("b", 0),
        "3_c.sql": table("c", 0),
        "4_d.sql": table("d", 20),
      });
      resize("10m");
      // One commit each, so that the third is durable and there is something to come back from.
      const failed = await run("migrate", "--backup", "--commit", "each", "--dir", many);
      expect(claimsOf(failed, "json")).toMatchObject({ code: "database.full", stepped: [3] });
      const [backup = ""] = readdirSync(folder).filter((name) => name.endsWith(".backup"));
      // A log that fills the disk cannot even be read without some room for its index.
      if (journal === "wal") resize("11m");
      const back = await run("restore", backup);
      expect([back.stdout, back.status]).toEqual([expect.stringContaining(`"ok":true`), 0]);
      await inFolder(async (place) => {
        const found = lookInto(path, place);
        expect(found).toEqual({ ...before, log: [...before.log, "restore 2"] });
        expect(found.journalMode).toBe(journal);
      });
      // Room for a copy there is none: nothing is changed, and nothing of it left.
      for (const name of readdirSync(folder)) {
        if (name.includes(".replaced-")) rmSync(join(folder, name));
      }
      resize("3m");
      const files = readdirSync(folder);
      for (const command of [["backup"], ["rehearse", "--dir", many], ["restore", backup]]) {
        const { stdout } = await run(...command);
        expect(stdout).toContain(`"error":{"code":"database.full"`);
      }
      const migrated = await run("migrate", "--backup", "--dir", many);
      expect(claimsOf(migrated, "json")).toMatchObject({
        code: "database.full",
        changed: "nothing",
      });
      expect(readdirSync(folder)).toEqual(files);
      rmSync(folder, { recursive: true });
    });
  }
} else {
  const reason = mounted.stderr.toString().trim();
  console.log(`not run here: a full disk (mount of a tmpfs is not permitted: ${reason})`);
}

const hasLimit = spawnSync("sh", ["-c", "ulimit -f 2048"]).status === 0;

if (hasLimit) {
  describe("a limit on the size of files", () => {
    for (const journal of journals) {
      for (const commit of commits) {
        test(`${journal}, commit ${commit}`, async () => {
          const migrations = await catalog(6);
          await inFolder(async (folder) => {
            const path = join(folder, "app.db");
            prepareDatabase(path, journal);
            // In blocks of 512 or 1024 bytes, by shell. The signal is ignored, so that the write fails instead.
            const script = 'trap "" XFSZ; ulimit -f 2048; exec "$0" "$@"';
            const run = (words: readonly string[]): ReturnType<typeof start> =>
              start("sh", ["-c", script, rung, ...words], { cwd: folder });
            await judge(path, migrations, commit, ["database.size-limit"], run, () => undefined);
          });
        });
      }
    }
  });
} else {
  console.log("not run here: a limit on the size of files (ulimit -f is not permitted)");
}
