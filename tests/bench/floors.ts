// What no program of the runtime can do without, measured alone: how far a goal is out of reach, and why.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { median, type Contender, type Measured } from "./measure.ts";
import { makeProfiled, profileOf } from "./profile.ts";

/** The benchmark's place, in which its directories and databases lie, and how it copies and runs executables. */
interface Bench {
  readonly place: string;
  readonly copied: (executable: string, name: string) => string;
  readonly run: (argv: readonly string[]) => void;
  readonly measure: (
    contenders: readonly Contender[],
    runs: number,
  ) => Promise<readonly Measured[]>;
}

/** Programs of a few lines, compiled as `rung` is. */
const floors: readonly (readonly [what: string, code: string])[] = [
  ["an executable that does nothing", "process.exitCode = 0;"],
  [
    "the directory of 2 is read",
    `import { readdirSync, readFileSync } from "node:fs";
for (const file of readdirSync("m2")) readFileSync("m2/" + file, "utf8");`,
  ],
  [
    "a database with 2 applied is opened, and the history read",
    `import { Database } from "bun:sqlite";
new Database("a2.db").query("SELECT * FROM rung_history").all();`,
  ],
  [
    "the directory of 1,000 is read",
    `import { readdirSync, readFileSync } from "node:fs";
for (const file of readdirSync("m1000")) readFileSync("m1000/" + file, "utf8");`,
  ],
  [
    "a database with 1,000 applied is opened, and the history read",
    `import { Database } from "bun:sqlite";
new Database("a1000.db").query("SELECT * FROM rung_history").all();`,
  ],
  [
    "the directory and the history of 1,000 are read",
    `import { readdirSync, readFileSync } from "node:fs";
import { Database } from "bun:sqlite";
for (const file of readdirSync("m1000")) readFileSync("m1000/" + file, "utf8");
new Database("a1000.db").query("SELECT * FROM rung_history").all();`,
  ],
  [
    "the SQL of 1,000 runs, a savepoint each and one commit",
    `import { Database } from "bun:sqlite";
const database = new Database("floor.db");
database.run("PRAGMA synchronous = EXTRA");
database.run("BEGIN IMMEDIATE");
for (let n = 1; n <= 1000; n++) {
  database.run("SAVEPOINT step");
  database.run("CREATE TABLE t" + n + " (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
  database.run("CREATE INDEX i" + n + " ON t" + n + " (name)");
  database.run("RELEASE step");
}
database.run("COMMIT");`,
  ],
];

async function measureFloors({ place, copied, run, measure }: Bench): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const [at, [what, code]] of floors.entries()) {
    const source = join(place, `floor${at}.js`);
    writeFileSync(source, code);
    const flags = ["--compile", "--bytecode", "--format=esm", "--compile-jit-policy=1000"];
    const made = `${place}/floor${at}.made`;
    run([process.execPath, "build", ...flags, source, "--outfile", made]);
    const argv = [copied(made, `floor${at}`)];
    const before = (): void => rmSync(join(place, "floor.db"), { force: true });
    const [found] = await measure([{ name: what, argv, before }], 9);
    if (found === undefined) continue;
    const line = `| ${what} | ${median(found.wall).toFixed(1)} ms | ${found.peakMiB.toFixed(0)} MiB |`;
    console.log(line);
    lines.push(line);
  }
  return lines;
}

async function profiles({ place, run }: Bench): Promise<readonly string[]> {
  const profiled = makeProfiled(place, run);
  const words = ["--dir", join(place, "m1000"), "--db", join(place, "profile.db")];
  const fresh = (): void => rmSync(join(place, "profile.db"), { force: true });
  const kept = (): void => undefined;
  return [
    ...(await profileOf("migrate 1,000, new file", [profiled, "migrate", ...words], fresh)),
    ...(await profileOf("status, 1,000 applied, --dir", [profiled, "status", ...words], kept)),
  ];
}

/** The section of the results that tells of the goals that are not met. */
export async function floorText(bench: Bench): Promise<readonly string[]> {
  const lines = await measureFloors(bench);
  const tables = await profiles(bench);
  return [
    "## What is in the way of the goals that are not met",
    "",
    "Programs of a few lines in the same runtime, compiled in the same way, which do nothing but what has to be done:",
    "",
    "| Alone | Time | Peak |",
    "| --- | --- | --- |",
    ...lines,
    "",
    "Where the time goes in `rung`, effect by effect (milliseconds of the process itself, which takes some 2 to begin and to end):",
    "",
    ...tables,
    "- **Start.** The runtime takes what an executable that does nothing takes, and loads `node:fs` within 1 ms. What `rung` adds is to decode and run code for the first time.",
    "- **1,000 applied.** dbmate reads the names in the directory, and no file. SQLite reads and parses the whole schema, 2,000 objects, before the first row of any table; for dbmate, too.",
    "- **1,000 new ones.** What is left above the SQL itself is the reading of files, some 20 µs a migration to split, check and plan it, and some 40 µs to run, look at, fingerprint and record it, in code that is interpreted. Compiled by the runtime it takes 15 ms less and 12 MiB more.",
    "- **10,000.** After each CREATE, SQLite looks through the whole of `sqlite_schema` for the rows of the new object (`sqlite3VdbeExec`, `sqlite3BtreeNext` and `memcmp` are half of the shell's time in a profile) and through all tables for triggers to forget (`sqlite3FkClearTriggerCache`, a sixth): the time grows with the square of their number, whoever asks.",
    "- **Memory.** Half of a peak are pages of the executable itself, which all processes share: an executable that does nothing has most of them.",
  ];
}
