// SIGINT, SIGTERM and SIGHUP in the middle of a statement: the end at once, and as process 1 an end that is taken back.

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { executable, notRunHere, Place, table } from "../rung.ts";

const signals = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const;

/** Longer than anybody waits. */
const endless =
  "SELECT count(*) FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c)";

/** Goes on until a file is there, and tells by another that it has begun. */
const waiting = `import { existsSync, writeFileSync } from "node:fs";
export function up(db) {
  db.exec("CREATE TABLE w (id)");
  writeFileSync("begun", "");
  while (!existsSync("go")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
export function down(db) {
  db.exec("DROP TABLE w");
}
`;

/** Starts the executable, by way of other words if need be. */
function begin(place: Place, words: readonly string[], before: readonly string[] = []) {
  return Bun.spawn([...before, executable, ...words], {
    cwd: place.path,
    env: {},
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function until(isSo: () => boolean, child: ReturnType<typeof begin>): Promise<void> {
  while (child.exitCode === null && child.signalCode === null && !isSo()) await Bun.sleep(2);
}

describe("in the middle of a statement that has no end", () => {
  for (const [signal] of signals) {
    for (const mode of ["delete", "wal"]) {
      test(`${signal} is the end of it, at once, ${mode}`, async () => {
        using place = new Place();
        place.execute(`PRAGMA journal_mode = ${mode}`);
        place.write({
          "1_a.sql": table("a"),
          "2_begun.ts": `import { writeFileSync } from "node:fs";
export function up(db) { db.exec("CREATE TABLE b (id)"); writeFileSync("begun", ""); db.get(${JSON.stringify(endless)}); }
`,
        });
        const child = begin(place, ["migrate"]);
        await until(() => existsSync(place.at("begun")), child);
        child.kill(signal);
        await child.exited;
        expect([child.signalCode, child.exitCode]).toEqual([signal, null]);
        expect(await child.stdout.text()).toBe("");
        expect(place.query("SELECT name FROM sqlite_schema")).toEqual([]);
        place.write({ "2_begun.ts": "export function up(db) { db.exec('CREATE TABLE b (id)'); }" });
        expect((await place.rung(["migrate"])).status).toBe(0);
        expect([place.applied(), place.tables()]).toEqual([
          [1, 2],
          ["a", "b"],
        ]);
      });
    }
  }
});

const asFirst = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
const [program = "", ...words] = [...asFirst, "true"];
const hasNamespaces = spawnSync(program, words).status === 0;

/** The process that is number 1 below an unshare. */
function firstBelow(child: ReturnType<typeof begin>): number {
  const { stdout } = spawnSync("pgrep", ["-P", String(child.pid)]);
  return Number(stdout.toString().trim());
}

describe("as process 1", () => {
  for (const [signal, status] of signals) {
    for (const commit of ["group", "all"]) {
      const name = `${signal} takes back the step at hand, and ends the run with ${status}, commit ${commit}`;
      if (!hasNamespaces) {
        notRunHere(`as process 1: ${name}`, "unshare --pid is not permitted");
        continue;
      }
      test(name, async () => {
        using place = new Place();
        place.write({ "1_a.sql": table("a"), "2_w.ts": waiting, "3_c.sql": table("c") });
        const child = begin(place, ["migrate", "--json", "--commit", commit], asFirst);
        await until(() => existsSync(place.at("begun")), child);
        process.kill(firstBelow(child), signal);
        await Bun.write(place.at("go"), "");
        await child.exited;
        expect(child.exitCode).toBe(status);
        const kept = commit === "all" ? [] : [1];
        expect(JSON.parse(await child.stdout.text())).toMatchObject({
          ok: false,
          count: kept.length,
          failed: { version: 2, name: "w" },
          error: {
            code: `interrupted.${signal.toLowerCase()}`,
            changed: kept.length > 0 ? "some" : "nothing",
          },
        });
        const tables = place.query("SELECT name FROM sqlite_schema WHERE name IN ('a', 'w', 'c')");
        expect(tables).toEqual(kept.map(() => ({ name: "a" })));
        if (kept.length > 0) expect(place.applied()).toEqual(kept);
        expect((await place.rung(["migrate"])).status).toBe(0);
        expect(place.applied()).toEqual([1, 2, 3]);
      });
    }
  }
});
