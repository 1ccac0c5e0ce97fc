// On demand: rehearsal, backup and restore of a database of 1 GiB, beside what the sqlite3 shell takes for the same.
//
//   bun run build && bun tests/heavy/one-gigabyte.ts > tests/heavy/RESULTS.md && bun fmt tests/heavy

import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../bench/measure.ts";

const executable = new URL("../../dist/rung", import.meta.url).pathname;
const rounds = 3;
const folder = mkdtempSync(join(tmpdir(), "rung-heavy-"));
const path = join(folder, "app.db");

const index = "CREATE INDEX filled_by_number ON filled (number);";
const update = "UPDATE filled SET number = number + 1 WHERE row % 10 = 0;";

function fail(what: string): never {
  rmSync(folder, { recursive: true });
  throw new Error(what);
}

/** 1 GiB, in WAL mode, the latest rows in the log only. The connection keeps the log from being folded in. */
function make(): Database {
  const database = new Database(path);
  database.run("PRAGMA journal_mode = WAL");
  database.run("CREATE TABLE filled (row INTEGER PRIMARY KEY, number INTEGER, filling BLOB)");
  const counted = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)";
  const fill = `${counted} INSERT INTO filled (number, filling) SELECT i * 7919 % 1000003, randomblob(980) FROM n`;
  database.run(fill, [1_070_000]);
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.run("PRAGMA wal_autocheckpoint = 0");
  database.run(fill, [20_000]);
  return database;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

/** Bytes and time of database and log. */
async function fingerprint(): Promise<string> {
  const files = [path, `${path}-wal`];
  const found = files.map(async (file) => `${statSync(file).mtimeMs} ${await hashOf(file)}`);
  return (await Promise.all(found)).join("\n");
}

function copies(): string[] {
  return readdirSync(folder).filter((name) => name.includes(".rung-"));
}

async function timed(argv: readonly string[], status = 0): Promise<number> {
  const begin = performance.now();
  const child = Bun.spawn([...argv], {
    cwd: folder,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== status) fail(`${argv.join(" ")}\n${out}${error}`);
  return performance.now() - begin;
}

function plan(name: string, ...ups: string[]): string {
  mkdirSync(join(folder, name));
  for (const [at, up] of ups.entries()) {
    writeFileSync(join(folder, name, `${at + 1}_step.sql`), `-- migrate:up\n${up}\n`);
  }
  return name;
}

async function proveUntouched(failing: string): Promise<void> {
  const before = await fingerprint();
  const rehearse = [executable, "rehearse", "--db", path, "--dir", failing];
  await timed(rehearse, 6);
  if ((await fingerprint()) !== before) fail("the database or its log has changed");
  if (copies().length > 0) fail(`left ${copies().join()}`);
  const child = Bun.spawn(rehearse, { cwd: folder, stdout: "ignore", stderr: "ignore" });
  while (!copies().some((name) => statSync(join(folder, name)).size > 50_000_000))
    await Bun.sleep(5);
  child.kill("SIGKILL");
  await child.exited;
  if (copies().length === 0) fail("killed too late");
  if ((await fingerprint()) !== before) fail("killed, it has changed the database or its log");
  await timed(rehearse, 6);
  if (copies().length > 0) fail(`the next run leaves ${copies().join()}`);
}

const application = make();
const size = statSync(path).size + statSync(`${path}-wal`).size;
await proveUntouched(plan("failing", index, update, "SELECT nonsense;"));
const passing = plan("passing", index, update);

type Work = "rehearse" | "vacuum" | "backup" | "restore";
const times: Record<Work, number[]> = { rehearse: [], vacuum: [], backup: [], restore: [] };
for (let round = 0; round < rounds; round++) {
  times.rehearse.push(await timed([executable, "rehearse", "--db", path, "--dir", passing]));
  const copy = join(folder, "copy");
  const sql = `BEGIN;\n${index}\n${update}\nCOMMIT;\nPRAGMA integrity_check;`;
  const vacuum = await timed(["sqlite3", path, `VACUUM INTO '${copy}'`]);
  times.vacuum.push(vacuum + (await timed(["sqlite3", copy, "PRAGMA journal_mode = WAL", sql])));
  rmSync(copy);
  times.backup.push(await timed([executable, "backup", "--db", path, copy]));
  times.restore.push(await timed([executable, "restore", "--db", join(folder, "other.db"), copy]));
  rmSync(copy);
  rmSync(join(folder, "other.db"));
}
application.close();
rmSync(folder, { recursive: true });

const seconds = (values: readonly number[]): string => `${(median(values) / 1000).toFixed(1)} s`;
const ratio = median(times.rehearse.map((each, at) => each / (times.vacuum[at] ?? Number.NaN)));
console.log(`# A database of 1 GiB

\`bun run build && bun tests/heavy/one-gigabyte.ts > tests/heavy/RESULTS.md\` on ${cpus()[0]?.model ?? "?"} (${cpus().length} cores), Bun ${Bun.version}: ${(size / 2 ** 30).toFixed(2)} GiB, the latest rows in the log; an index over 1,090,000 rows and an update of 109,000 are pending. Medians of ${rounds} rounds, in turn.

| Work | Time |
| ---- | ---- |
| \`rehearse\` | ${seconds(times.rehearse)} |
| the sqlite3 shell: \`VACUUM INTO\`, the same plan on the copy, \`integrity_check\` | ${seconds(times.vacuum)} |
| \`rehearse\` : the shell | ${ratio.toFixed(2)} |
| \`backup\` | ${seconds(times.backup)} |
| \`restore\` | ${seconds(times.restore)} |

Before that, with a third migration that fails: \`rehearse\` ends with exit 6; the bytes (SHA-256) and the time of database and log are unchanged and no copy is left; killed by SIGKILL while it copies, it leaves database and log unchanged, and its copy is gone once the next run is over.`);
