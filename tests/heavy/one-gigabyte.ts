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
  readFileSync,
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

/** What a process took. */
interface Taken {
  readonly ms: number;
  readonly mebibytes: number;
  readonly out: string;
}

/** How much memory a process has used at most, in MiB; 0 where the system does not tell. */
function mostMemory(id: number): number {
  try {
    const [, kib = "0"] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, "utf8")) ?? [];
    return Number(kib) / 1024;
  } catch {
    return 0;
  }
}

async function run(argv: readonly string[], status = 0): Promise<Taken> {
  const begin = performance.now();
  const child = Bun.spawn([...argv], {
    cwd: folder,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  // What the system tells at the end counts the memory of its parent, too.
  let mebibytes = 0;
  const looking = setInterval(() => (mebibytes = mostMemory(child.pid) || mebibytes), 50);
  const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== status) fail(`${argv.join(" ")}\n${out}${error}`);
  clearInterval(looking);
  return { ms: performance.now() - begin, mebibytes, out };
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
  const rehearse = [executable, "rehearse", "--json", "--db", path, "--dir", failing];
  const { out } = await run(rehearse, 6);
  if (!out.includes('"failed":{"version":3,')) fail(`it does not say what fails: ${out}`);
  if ((await fingerprint()) !== before) fail("the database or its log has changed");
  if (copies().length > 0) fail(`left ${copies().join()}`);
  const child = Bun.spawn(rehearse, { cwd: folder, stdout: "ignore", stderr: "ignore" });
  while (!copies().some((name) => statSync(join(folder, name)).size > 50_000_000))
    await Bun.sleep(5);
  child.kill("SIGKILL");
  await child.exited;
  if (copies().length === 0) fail("killed too late");
  if ((await fingerprint()) !== before) fail("killed, it has changed the database or its log");
  await run(rehearse, 6);
  if (copies().length > 0) fail(`the next run leaves ${copies().join()}`);
}

const application = make();
const size = statSync(path).size + statSync(`${path}-wal`).size;
await proveUntouched(plan("failing", index, update, "SELECT nonsense;"));
const passing = plan("passing", index, update);

type Work = "rehearse" | "vacuum" | "backup" | "restore";
const taken: Record<Work, Taken[]> = { rehearse: [], vacuum: [], backup: [], restore: [] };
const copy = join(folder, "copy");
const other = join(folder, "other.db");
const sql = `BEGIN;\n${index}\n${update}\nCOMMIT;\nPRAGMA integrity_check;`;
const shell = `sqlite3 "$1" "VACUUM INTO '$2'"
  sqlite3 "$2" "PRAGMA journal_mode = WAL" "$3"
  rm "$2"`;
for (let round = 0; round < rounds; round++) {
  taken.rehearse.push(await run([executable, "rehearse", "--db", path, "--dir", passing]));
  taken.vacuum.push(await run(["sh", "-ec", shell, "sh", path, copy, sql]));
  taken.backup.push(await run([executable, "backup", "--db", path, copy]));
  taken.restore.push(await run([executable, "restore", "--db", other, copy]));
  rmSync(copy);
  rmSync(other);
}
application.close();
rmSync(folder, { recursive: true });

const row = (work: Work): string => {
  const seconds = median(taken[work].map(({ ms }) => ms)) / 1000;
  const memory = median(taken[work].map(({ mebibytes }) => mebibytes));
  // The shell's is that of sh, which starts it.
  const told = work === "vacuum" ? "" : ` ${memory.toFixed(0)} MiB`;
  return `${seconds.toFixed(1)} s |${told} |`;
};
const ratio = median(taken.rehearse.map(({ ms }, at) => ms / (taken.vacuum[at]?.ms ?? Number.NaN)));
console.log(`# A database of 1 GiB

\`bun run build && bun tests/heavy/one-gigabyte.ts > tests/heavy/RESULTS.md\` on ${cpus()[0]?.model ?? "?"} (${cpus().length} cores), Bun ${Bun.version}: ${(size / 2 ** 30).toFixed(2)} GiB, the latest rows in the log; an index over 1,090,000 rows and an update of 109,000 are pending. Medians of ${rounds} rounds, in turn.

| Work | Time | Most memory |
| ---- | ---- | ----------- |
| \`rehearse\` | ${row("rehearse")}
| the sqlite3 shell: \`VACUUM INTO\`, the same plan on the copy, \`integrity_check\`, \`rm\` | ${row("vacuum")}
| \`rehearse\` : the shell | ${ratio.toFixed(2)} | |
| \`backup\` | ${row("backup")}
| \`restore\` | ${row("restore")}

Before that, with a third migration that fails: \`rehearse\` says so and ends with exit 6; the bytes (SHA-256) and the time of database and log are unchanged and no copy is left; killed by SIGKILL while it copies, it leaves database and log unchanged, and its copy is gone once the next run is over.`);
