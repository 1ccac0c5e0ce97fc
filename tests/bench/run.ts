// `bun run bench`: the workloads against the sqlite3 shell and dbmate, paired in one go, as a table in RESULTS.md.

import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { floorText, makeFloors } from "./floors.ts";
import { measure as measureWith, median, ratio, type Contender, type Measured } from "./measure.ts";
import { accounts, backfill, tables, type Workload } from "./workloads.ts";

const root = join(import.meta.dir, "../..");
const place = mkdtempSync(join(tmpdir(), "rung-bench-"));
process.chdir(place);

/** A copy of an executable: how a file was written decides how fast its pages are at hand, so all are written alike. */
function copied(executable: string, name: string): string {
  const copy = join(place, name);
  run(["cp", executable, copy]);
  return copy;
}

const rung = copied(join(root, "dist/rung"), "rung");

const launcher = join(place, "launcher");
run([
  process.execPath,
  "build",
  "--compile",
  join(import.meta.dir, "launcher.ts"),
  "--outfile",
  launcher,
]);

function measure(contenders: readonly Contender[], runs: number): Promise<readonly Measured[]> {
  return measureWith(contenders, runs, launcher, ["rung", "floor"]);
}

function fetchDbmate(): string {
  const fetched = Bun.spawnSync(["npm", "install", "--silent", "--prefix", place, "dbmate@2"], {
    stdout: "ignore",
    stderr: "inherit",
  });
  const name = `${process.platform}-${process.arch}`;
  const binary = join(place, "node_modules/@dbmate", name, "bin/dbmate");
  if (!fetched.success || !existsSync(binary)) throw new Error("dbmate could not be fetched");
  return copied(binary, "dbmate");
}

const dbmate = fetchDbmate();
const floors = makeFloors({ place, copied, run });

function fresh(database: string): () => void {
  return () => {
    for (const suffix of ["", "-wal", "-shm", "-journal"])
      rmSync(database + suffix, { force: true });
  };
}

function ours(database: string, words: readonly string[], before?: () => void): Contender {
  const argv = [rung, ...words, "--db", database];
  return { name: "rung", argv, before };
}

function theirs(
  database: string,
  directory: string,
  words: readonly string[],
  before?: () => void,
): Contender {
  const argv = [
    dbmate,
    "--url",
    `sqlite:${database}`,
    "-d",
    directory,
    "--no-dump-schema",
    ...words,
  ];
  return { name: "dbmate", argv, before };
}

function shell(name: string, database: string, input: string, before?: () => void): Contender {
  const argv = ["sqlite3", database];
  return { name, argv, input, before };
}

function floor(
  name: "nothing" | "reads" | "runs",
  words: readonly string[],
  before?: () => void,
): Contender {
  const argv = [floors[name], ...words];
  return { name: "floor", argv, before };
}

/** At most this many times as long as the contender of this name; or so many MiB at the peak. */
type Goal = { readonly of: string; readonly atMost: number } | { readonly peakMiB: number };

/** What a goal is about, of ours or of the floor. */
function standing(goal: Goal, one: Measured, others: readonly Measured[]): number {
  if ("peakMiB" in goal) return one.peakMiB ?? Number.NaN;
  const other = others.find(({ name }) => name === goal.of);
  return other === undefined ? Number.NaN : ratio(one, other);
}

function judgement(goal: Goal, first: Measured, others: readonly Measured[]): string {
  const [limit, digits, text] =
    "peakMiB" in goal
      ? [goal.peakMiB, 0, `${goal.peakMiB} MiB`]
      : [goal.atMost, 2, `${goal.atMost} of ${goal.of}`];
  if (standing(goal, first, others) <= limit) return `${text}: met`;
  const floor = others.find(({ name }) => name === "floor");
  if (floor === undefined) return `${text}: not met`;
  return `${text}: not met, the floor has ${standing(goal, floor, others).toFixed(digits)}`;
}

const lines: string[] = [];
/** All that was measured, by the work. */
const measured = new Map<string, readonly Measured[]>();

/** How much longer ten times the work takes. */
function factor(more: string, less: string, name: string): number {
  const time = (work: string): number =>
    median(measured.get(work)?.find((each) => each.name === name)?.wall ?? []);
  return time(more) / time(less);
}

/** One row of the table; the first contender is ours. */
function report(work: string, results: readonly Measured[], ...goals: readonly Goal[]): void {
  const [first, ...others] = results;
  if (first === undefined) return;
  measured.set(work, results);
  const time = (measured: Measured): string => `${median(measured.wall).toFixed(1)} ms`;
  const cells = others.map(
    (each) => `${each.name} ${time(each)} (${ratio(first, each).toFixed(2)})`,
  );
  const judged = goals.map((goal) => judgement(goal, first, others));
  const peak = `${(first.peakMiB ?? Number.NaN).toFixed(0)} MiB`;
  const row = [work, time(first), cells.join("; "), judged.join("; "), peak];
  const line = `| ${row.join(" | ")} |`;
  lines.push(line);
  console.log(line);
}

function run(argv: readonly string[]): void {
  const done = Bun.spawnSync([...argv], { stdout: "ignore", stderr: "inherit" });
  if (!done.success) throw new Error(`${argv.join(" ")} failed`);
}

const each = "sqlite3, one transaction each";
const one = "sqlite3, one transaction";
const db = (name: string): string => join(place, `${name}.db`);

async function migrations(
  count: number,
  runs: number,
  ...goals: readonly Goal[]
): Promise<Workload> {
  const work = tables(place, count);
  const [a, b, c, d, e] = [..."abcde"].map((name) => db(`${name}${count}`));
  if (a === undefined || b === undefined || c === undefined) return work;
  if (d === undefined || e === undefined) return work;
  const ups = [
    ours(a, ["migrate", "--dir", work.directory], fresh(a)),
    theirs(b, work.directory, ["up"], fresh(b)),
    shell(each, c, work.eachUp, fresh(c)),
    shell(one, d, work.allUp, fresh(d)),
    floor("runs", ["up", e, work.directory], fresh(e)),
  ];
  report(`migrate ${count}, new file, --dir`, await measure(ups, runs), ...goals);
  const walled = (path: string) => () => {
    fresh(path)();
    run(["sqlite3", path, "PRAGMA journal_mode = WAL"]);
  };
  const inWal = [
    ours(a, ["migrate", "--dir", work.directory], walled(a)),
    theirs(b, work.directory, ["up"], walled(b)),
    shell(one, d, work.allUp, walled(d)),
  ];
  report(`migrate ${count}, WAL, --dir`, await measure(inWal, runs));
  return work;
}

/** An executable that carries migrations. */
function bundled({ directory }: Workload, count: number): string {
  const bundle = join(place, `bundle${count}`);
  run([rung, "bundle", "--no-verify", "--dir", directory, "--out", `${bundle}.made`]);
  return copied(`${bundle}.made`, `bundle${count}`);
}

/** As `migrations` measures it on a new file, with a bundle. */
async function carrying(
  work: Workload,
  bundle: string,
  count: number,
  runs: number,
  ...goals: readonly Goal[]
): Promise<void> {
  const [a, b, e] = [db(`carried-a${count}`), db(`carried-b${count}`), db(`carried-e${count}`)];
  const ups = [
    { name: "rung", argv: [bundle, "migrate", "--db", a], before: fresh(a) },
    theirs(b, work.directory, ["up"], fresh(b)),
    { name: "floor", argv: [floors.carries(work.directory), e], before: fresh(e) },
  ];
  report(`migrate ${count}, new file, a bundle`, await measure(ups, runs), ...goals);
}

/** Where everything is applied: with the directory, every file of it read and hashed, and with a bundle of it. */
async function applied(
  work: Workload,
  bundle: string,
  count: number,
  runs: number,
  [own, embedded]: readonly [number, number],
): Promise<void> {
  const [a, b] = [db(`a${count}`), db(`b${count}`)];
  const dir = ["--dir", work.directory];
  for (const [command, their] of [
    ["status", "status"],
    ["migrate", "up"],
  ] as const) {
    const what = command === "status" ? "status" : "nothing to do";
    const other = theirs(b, work.directory, [their]);
    const read = [ours(a, [command, ...dir]), other, floor("reads", [a, work.directory])];
    report(`${what}, ${count} applied, --dir`, await measure(read, runs), {
      of: "dbmate",
      atMost: own,
    });
    const carried = [
      { name: "rung", argv: [bundle, command, "--db", a] },
      other,
      floor("reads", [a]),
    ];
    const goal = { of: "dbmate", atMost: embedded };
    report(`${what}, ${count} applied, a bundle`, await measure(carried, runs), goal);
  }
}

/** As many requests for the status through one session, pipelined. */
async function messages(count: number): Promise<void> {
  const file = join(place, "messages");
  writeFileSync(file, `{"type":"status","msg_id":1}\n`.repeat(count));
  const session = {
    name: "rung",
    argv: [rung, "--db", db("a2"), "--dir", two.directory],
    input: file,
  };
  report(`${count} status messages`, await measure([session], 1));
}

async function undoing(work: Workload, count: number, runs: number): Promise<void> {
  const [a, c, e] = [db("undo-a"), db("undo-c"), db("undo-e")];
  const dir = ["--dir", work.directory];
  const up = (): void => {
    fresh(a)();
    run([rung, "migrate", "--db", a, ...dir]);
  };
  const shellUp = (): void => {
    fresh(c)();
    run(["sh", "-c", `sqlite3 ${c} < ${work.allUp}`]);
  };
  const floorUp = (): void => {
    fresh(e)();
    run([floors.runs, "up", e, work.directory]);
  };
  const all = [
    ours(a, ["rollback", "--to", "0", ...dir], up),
    shell(each, c, work.eachDown, shellUp),
    floor("runs", ["down", e, work.directory], floorUp),
  ];
  report(`rollback of all ${count}`, await measure(all, runs), { of: each, atMost: 0.2 });
  const b = db("undo-b");
  const theirUp = (): void => {
    fresh(b)();
    run(theirs(b, work.directory, ["up"]).argv);
  };
  const last = [ours(a, ["rollback", ...dir], up), theirs(b, work.directory, ["down"], theirUp)];
  report(`rollback of the last of ${count}`, await measure(last, runs));
}

/** Migrations as people write them: all of them, and one more than there are. */
async function written(count: number, runs: number): Promise<void> {
  const before = accounts(place, count - 1);
  const work = accounts(place, count);
  const [a, b, d] = [db("written-a"), db("written-b"), db("written-d")];
  const all = [
    ours(a, ["migrate", "--dir", work.directory], fresh(a)),
    theirs(b, work.directory, ["up"], fresh(b)),
    shell(one, d, work.allUp, fresh(d)),
  ];
  report(`migrate ${count} as people write them, new file`, await measure(all, runs));
  const [earlierA, earlierB] = [db("earlier-a"), db("earlier-b")];
  run(ours(earlierA, ["migrate", "--dir", before.directory]).argv);
  run(theirs(earlierB, before.directory, ["up"]).argv);
  const next = [
    ours(a, ["migrate", "--dir", work.directory], () => copyFileSync(earlierA, a)),
    theirs(b, work.directory, ["up"], () => copyFileSync(earlierB, b)),
  ];
  report(`migrate the last of these ${count}`, await measure(next, runs));
}

report(
  "version",
  await measure(
    [
      ours(db("v"), ["version"]),
      { name: "dbmate", argv: [dbmate, "--version"] },
      floor("nothing", []),
    ],
    60,
  ),
  { of: "dbmate", atMost: 0.75 },
);
const two = await migrations(2, 60, { of: "dbmate", atMost: 0.85 });
const bundleOfTwo = bundled(two, 2);
await carrying(two, bundleOfTwo, 2, 60, { of: "dbmate", atMost: 0.85 });
await applied(two, bundleOfTwo, 2, 60, [0.75, 0.75]);
await migrations(100, 15, { of: "dbmate", atMost: 0.25 });
const goals = [{ of: "dbmate", atMost: 0.2 }, { of: one, atMost: 1.3 }, { peakMiB: 48 }];
const thousand = await migrations(1000, 9, ...goals);
await applied(thousand, bundled(thousand, 1000), 1000, 30, [1, 0.6]);
await undoing(thousand, 1000, 7);
await migrations(10_000, 1);
const [own, shells] = ["rung", one].map((name) =>
  factor("migrate 10000, new file, --dir", "migrate 1000, new file, --dir", name).toFixed(0),
);
await written(300, 7);
await messages(100_000);
const big = backfill(place);
const [bigA, bigB, bigC] = [db("big-a"), db("big-b"), db("big-c")];
report(
  "backfill of 1,000,000 rows and an index",
  await measure(
    [
      ours(bigA, ["migrate", "--dir", big.directory], fresh(bigA)),
      theirs(bigB, big.directory, ["up"], fresh(bigB)),
      shell(one, bigC, big.allUp, fresh(bigC)),
    ],
    3,
  ),
  { of: one, atMost: 1.05 },
);
const small = tables(place, 200);
report("verify of 200", await measure([ours(db("x"), ["verify", "--dir", small.directory])], 3));

const version = (argv: readonly string[]): string =>
  Bun.spawnSync([...argv])
    .stdout.toString()
    .split("\n", 1)[0] ?? "";
const head = [
  "# Benchmarks",
  "",
  `Made by \`bun run bench\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} x ${cpus()[0]?.model ?? "?"}, ` +
    `${process.platform} ${process.arch}; ${version([rung, "version"])}, ${version([dbmate, "--version"])}, ` +
    `sqlite3 ${version(["sqlite3", "--version"]).slice(0, 17)}.`,
  "",
  "Medians of whole processes that take turns; in parentheses rung's time divided by the other's, pair by pair.",
  "",
  "| Work | `rung` | Others | Goal | `rung`'s peak |",
  "| --- | --- | --- | --- | --- |",
];
const reasons = await floorText({ place, copied, run });
const results = join(import.meta.dir, "RESULTS.md");
const tail = [
  "",
  `10,000 migrations take ${own} times as long as 1,000 (goal: 12); for the sqlite3 shell, in one transaction, it is ${shells} times.`,
  "",
  ...reasons,
];
writeFileSync(results, `${[...head, ...lines, ...tail].join("\n")}\n`);
run([process.execPath, "fmt", "--no-script", results]);
rmSync(place, { recursive: true, force: true });
