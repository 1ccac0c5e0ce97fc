// The README's table of situations: a check behind every cell, chosen by what the cell says.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { held, json, Place, root, table, type Ran } from "./rung.ts";

/** How a situation comes about, and whom it concerns. */
interface Situation {
  /** What the README calls it. */
  readonly name: string;
  /** The version in question. */
  readonly version: number;
  /** Whether another migration waits: an older build has none. */
  readonly hasPending: boolean;
  /**
   * Brings it about in a place where versions 1 to 3 are at hand and nothing is applied; what it gives ends with the test.
   */
  readonly arise: (place: Place) => Promise<AsyncDisposable | undefined>;
}

const edited = table("b").replace("KEY)", "KEY, more TEXT)");
const halfway = `-- migrate:up transaction:false
CREATE TABLE e (id INTEGER PRIMARY KEY);
nonsense;
-- migrate:down
DROP TABLE e;
`;

function letGo(place: Place): void {
  writeFileSync(place.at("go"), "");
}

/** Starts the held migration; it is let go, and its process waited for, at the end. */
async function hold(place: Place): Promise<AsyncDisposable> {
  place.write({ "4_w.ts": held });
  let hasEnded = false;
  const ended = place.rung(["migrate"]).then(() => (hasEnded = true));
  while (!existsSync(place.at("started")) && !hasEnded) await Bun.sleep(2);
  expect(hasEnded).toBe(false);
  return {
    [Symbol.asyncDispose]: async () => {
      letGo(place);
      await ended;
    },
  };
}

function remove(place: Place, file: string): void {
  rmSync(place.at("migrations", file));
}

/** Runs what must work. */
async function run(place: Place, ...words: string[]): Promise<Ran> {
  const ran = await place.rung(words);
  expect([words, ran.status, ran.stderr]).toEqual([words, 0, expect.any(String)]);
  return ran;
}

const situations: readonly Situation[] = [
  {
    name: "edited",
    version: 2,
    hasPending: true,
    arise: async (place) => {
      await run(place, "migrate");
      place.write({ "2_b.sql": edited });
    },
  },
  {
    name: "missing",
    version: 2,
    hasPending: true,
    arise: async (place) => {
      await run(place, "migrate");
      remove(place, "2_b.sql");
    },
  },
  {
    name: "newer database",
    version: 3,
    hasPending: false,
    arise: async (place) => {
      await run(place, "migrate");
      remove(place, "3_c.sql");
    },
  },
  {
    name: "out of order",
    version: 2,
    hasPending: true,
    arise: async (place) => {
      remove(place, "2_b.sql");
      await run(place, "migrate");
      place.write({ "2_b.sql": table("b") });
    },
  },
  {
    name: "drifted",
    version: 3,
    hasPending: true,
    arise: async (place) => {
      await run(place, "migrate");
      place.execute("CREATE INDEX by_hand ON a (id)");
    },
  },
  { name: "running", version: 4, hasPending: true, arise: hold },
  {
    name: "interrupted",
    version: 4,
    hasPending: true,
    arise: async (place) => {
      await run(place, "migrate");
      place.write({ "4_e.sql": halfway });
      expect((await place.rung(["migrate"])).status).toBe(6);
    },
  },
];

/** Everything that a command could change. */
function contents(place: Place): unknown {
  const schema = place.query("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name");
  const ours = ["rung_history", "rung_log", "rung_schema", "rung_format"];
  return [schema, ...ours.map((name) => place.query(`SELECT * FROM ${name}`))];
}

async function fieldsOf(place: Place, ...words: string[]): Promise<Record<string, unknown>> {
  return { ...json((await place.rung([...words, "--json"])).stdout) };
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error(`${JSON.stringify(value)} is no list.`);
  return value;
}

/** The state of one version, as `status --json` has it; null where it knows none. */
async function stateOf(place: Place, version: number): Promise<unknown> {
  const { migrations } = await fieldsOf(place, "status");
  for (const each of listOf(migrations)) {
    const row = json(JSON.stringify(each));
    if (row["version"] === version) return row["state"];
  }
  return null;
}

async function driftOf(place: Place): Promise<unknown[]> {
  return listOf((await fieldsOf(place, "status"))["drift"]);
}

const byHand = {
  kind: "added",
  type: "index",
  name: "by_hand",
  before: null,
  after: "CREATE INDEX by_hand ON a (id)",
  order_only: false,
};

/** The drift is told by a run, and stays what it is: no run takes it for its own. */
async function expectWarning(place: Place, ...words: string[]): Promise<Record<string, unknown>> {
  const found = await fieldsOf(place, ...words);
  expect(found).toMatchObject({ ok: true, drift: [byHand] });
  expect(await driftOf(place)).toEqual([byHand]);
  return found;
}

/** The steps of a run or a plan, in short. */
function stepsOf(found: Record<string, unknown>): unknown[] {
  return listOf(found["migrations"] ?? found["steps"]).map((each) => {
    const { direction, version } = json(JSON.stringify(each));
    return `${String(direction)} ${String(version)}`;
  });
}

async function expectSound(place: Place): Promise<void> {
  await run(place, "migrate");
  const { status, stdout } = await place.rung(["status", "--check"]);
  expect([status, stdout]).toEqual([0, expect.any(String)]);
}

/** The exit status of a refusal, by the part of its code before the dot. */
const refusals: Readonly<Record<string, number>> = { history: 4, schema: 4, database: 5 };

type Check = (place: Place, situation: Situation) => Promise<void>;

/** A refusal by its code, with its exit status and a way out, that changes nothing. */
function refuses(code: string, ...words: string[]): Check {
  return async (place) => {
    const before = contents(place);
    const found = await fieldsOf(place, ...words);
    expect(found).toMatchObject({ ok: false, error: { code, changed: "nothing" } });
    const { status, stderr } = await place.rung(words);
    const wanted = refusals[code.split(".")[0] ?? ""];
    expect([status, stderr]).toEqual([wanted, expect.stringContaining(`[${code}]`)]);
    expect(stderr).toContain("\nhint: ");
    expect(contents(place)).toEqual(before);
  };
}

/** A command that waits no longer than it may, and then does its steps on top of what it waited for. */
function waits(steps: string[], ...words: string[]): Check {
  return async (place, situation) => {
    await refuses("database.locked", ...words, "--lock-timeout", "50ms")(place, situation);
    const waiting = fieldsOf(place, ...words);
    letGo(place);
    expect(stepsOf(await waiting)).toEqual(steps);
    expect(await driftOf(place)).toEqual([]);
  };
}

/** Back to before the version in question: all that is above it goes too. */
async function back(place: Place, { version }: Situation): Promise<Record<string, unknown>> {
  const found = await fieldsOf(place, "rollback", "--to", String(version - 1));
  expect(found).toMatchObject({ ok: true });
  return found;
}

/** As many steps as it takes to come to the version in question. */
function redoWords({ version }: Situation): string[] {
  return ["redo", "--steps", String(Math.max(1, 4 - version))];
}

async function accepted(place: Place, ...words: string[]): Promise<void> {
  const before = contents(place);
  expect(await fieldsOf(place, "repair", ...words, "--dry-run")).toMatchObject({ dry_run: true });
  expect(contents(place)).toEqual(before);
  await run(place, "repair", ...words);
}

function show(state: string): Check {
  return async (place, { version }) => {
    expect(await stateOf(place, version)).toBe(state);
    const { stdout } = await run(place, "status");
    expect(stdout).toMatch(new RegExp(`^${version} +\\w+ +${state}\\b`, "m"));
  };
}

/** What each command's cell may say, and how it is tried. The code of a refusal needs no entry of its own. */
const checks: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  status: {
    "`changed`": show("changed"),
    "`missing`": show("missing"),
    "`ahead`": show("ahead"),
    "`out-of-order`": show("out-of-order"),
    "`running`": show("running"),
    "`interrupted`": show("interrupted"),
    "each difference": async (place) => {
      expect(await driftOf(place)).toEqual([byHand]);
      const { stdout } = await run(place, "status");
      expect(stdout).toContain(`index by_hand has been added\n  is:\n  ${byHand.after}\n`);
    },
  },
  "status --check": {
    "exit 1": async (place) => {
      expect((await place.rung(["status", "--check"])).status).toBe(1);
      expect((await place.rung(["status"])).status).toBe(0);
    },
  },
  migrate: {
    "warns, applies": async (place, situation) => {
      await refuses("schema.drifted", "migrate", "--strict")(place, situation);
      expect(stepsOf(await expectWarning(place, "migrate"))).toEqual(["up 9"]);
      expect(await stateOf(place, 9)).toBe("applied");
    },
    "waits, applies": waits(["up 9"], "migrate"),
  },
  rollback: {
    "undoes it, by the recorded down": async (place, situation) => {
      const steps = stepsOf(await back(place, situation));
      expect(steps.at(-1)).toBe(`down ${situation.version}`);
      const names = ["a", "b", "c"].slice(0, situation.version - 1);
      expect(place.tables()).toEqual(names);
    },
    "undoes the latest applied": async (place) => {
      expect(stepsOf(await fieldsOf(place, "rollback"))).toEqual(["down 3"]);
      expect(place.tables()).toEqual(["a"]);
    },
    "waits, undoes it": waits(["down 4"], "rollback"),
    "warns, undoes": async (place) => {
      expect(stepsOf(await expectWarning(place, "rollback"))).toEqual(["down 3"]);
      expect(place.tables()).toEqual(["a", "b"]);
    },
  },
  redo: {
    "undoes it, applies the file": async (place, situation) => {
      expect(stepsOf(await fieldsOf(place, ...redoWords(situation)))).toEqual([
        "down 3",
        "down 2",
        "up 2",
        "up 3",
      ]);
      expect(place.query("SELECT more FROM b")).toEqual([]);
      await expectSound(place);
    },
    "undoes and applies the latest applied": async (place) => {
      expect(stepsOf(await fieldsOf(place, "redo"))).toEqual(["down 3", "up 3"]);
      expect(place.tables()).toEqual(["a", "c"]);
    },
    "waits, undoes and applies it": waits(["down 4", "up 4"], "redo"),
    "warns, undoes and applies": async (place) => {
      expect(stepsOf(await expectWarning(place, "redo"))).toEqual(["down 3", "up 3"]);
    },
  },
  plan: {
    "warns, shows": async (place) => {
      expect(stepsOf(await expectWarning(place, "plan"))).toEqual(["up 9"]);
      expect(await stateOf(place, 9)).toBe("pending");
    },
  },
  repair: {
    "`--changed` accepts it": async (place) => {
      await accepted(place, "--changed", "2");
      await expectSound(place);
      expect(place.query("SELECT * FROM pragma_table_info('b')")).toHaveLength(1);
    },
    "`--missing` forgets it": async (place, { version }) => {
      await accepted(place, "--missing", String(version));
      expect(await stateOf(place, version)).toBeNull();
      expect(place.tables()).toEqual(["a", "b", "c"]);
      await expectSound(place);
    },
    "`--drift` accepts it": async (place) => {
      await accepted(place, "--drift");
      await expectSound(place);
      expect(place.query("SELECT 1 FROM sqlite_schema WHERE name = 'by_hand'")).toHaveLength(1);
    },
    "`--settle` settles it": async (place) => {
      await accepted(place, "--settle", "4", "--as", "applied");
      expect(await stateOf(place, 4)).toBe("applied");
      expect(stepsOf(await fieldsOf(place, "rollback"))).toEqual(["down 4"]);
    },
  },
  baseline: {},
  "Way out": {
    "put the file back, or `repair --changed`": async (place) => {
      place.write({ "2_b.sql": table("b") });
      await expectSound(place);
      place.write({ "2_b.sql": edited });
      await run(place, "repair", "--changed", "2");
      await expectSound(place);
    },
    "put the file back, or `repair --missing`": async (place) => {
      place.write({ "2_b.sql": table("b") });
      await expectSound(place);
      remove(place, "2_b.sql");
      await run(place, "repair", "--missing", "2");
      await expectSound(place);
    },
    "run the newer build, or `rollback`": async (place) => {
      place.write({ "1_a.sql": table("a"), "2_b.sql": table("b"), "3_c.sql": table("c") }, "newer");
      expect((await place.rung(["status", "--check", "--dir", "newer"])).status).toBe(0);
      await run(place, "rollback");
      expect(place.tables()).toEqual(["a", "b"]);
      await expectSound(place);
    },
    "`--allow-out-of-order`, or a higher version": async (place) => {
      remove(place, "2_b.sql");
      place.write({ "4_b.sql": table("b") });
      expect(stepsOf(await fieldsOf(place, "migrate"))).toEqual(["up 4"]);
      await expectSound(place);
      await run(place, "rollback");
      remove(place, "4_b.sql");
      place.write({ "2_b.sql": table("b") });
      expect(stepsOf(await fieldsOf(place, "migrate", "--allow-out-of-order"))).toEqual(["up 2"]);
      await expectSound(place);
      expect(place.applied()).toEqual([1, 3, 2]);
    },
    "undo the change, or `repair --drift`": async (place) => {
      place.execute("DROP INDEX by_hand");
      await expectSound(place);
      place.execute("CREATE INDEX by_hand ON a (id)");
      await run(place, "repair", "--drift");
      await expectSound(place);
    },
    "wait, or end that process: then it is interrupted": async (place) => {
      const [row] = place.query("SELECT runner FROM rung_history WHERE state = 'started'");
      const [id] = String(row?.["runner"]).split("@");
      process.kill(Number(id), "SIGKILL");
      while ((await stateOf(place, 4)) === "running") await Bun.sleep(2);
      expect(await stateOf(place, 4)).toBe("interrupted");
      await run(place, "repair", "--settle", "4", "--as", "pending");

      rmSync(place.at("started"));
      await using _held = await hold(place);
      letGo(place);
      await expectSound(place);
    },
    "mend by hand, `repair --settle`": async (place) => {
      await run(place, "repair", "--settle", "4", "--as", "pending");
      expect(await driftOf(place)).toMatchObject([{ kind: "added", type: "table", name: "e" }]);
      place.execute("DROP TABLE e");
      place.write({ "4_e.sql": halfway.replace("nonsense;", "SELECT 1;") });
      await expectSound(place);

      await run(place, "rollback");
      place.write({ "4_e.sql": halfway });
      expect((await place.rung(["migrate"])).status).toBe(6);
      await run(place, "repair", "--settle", "4", "--as", "applied");
      expect(await driftOf(place)).toEqual([]);
      await expectSound(place);
    },
  },
};

/** The words that try a command which is to be refused. */
const refused: Readonly<Record<string, (situation: Situation) => readonly string[]>> = {
  migrate: () => ["migrate"],
  rollback: () => ["rollback"],
  redo: redoWords,
  plan: () => ["plan"],
  repair: ({ name, version }) =>
    name === "running"
      ? ["repair", "--settle", String(version), "--as", "applied"]
      : ["repair", "--missing", String(version)],
  baseline: () => ["baseline", "1"],
};

/** The check behind a cell; null where there is none. */
function checkOf(command: string, cell: string, situation: Situation): Check | null {
  const [, code] = /^`((?:history|database)\.[a-z-]+)`$/.exec(cell) ?? [];
  if (code === undefined) return checks[command]?.[cell] ?? null;
  const words = refused[command];
  return words === undefined ? null : refuses(code, ...words(situation));
}

function cellsOf(line: string): string[] {
  const cells = line.split("|").slice(1, -1);
  return cells.map((cell) => cell.trim());
}

const lines = readFileSync(join(root, "README.md"), "utf8").split("\n");
const start = lines.findIndex((line) => /^\| Situation /.test(line));
const [, ...columns] = cellsOf(lines[start] ?? "").map((cell) => cell.replaceAll("`", ""));
const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
const rows = lines.slice(start + 2, end).map(cellsOf);

test("the table has a row for each situation, a column for each command, and no check without a cell", () => {
  expect(rows.map(([name]) => name?.split(":")[0])).toEqual(situations.map(({ name }) => name));
  expect(columns).toEqual(Object.keys(checks));
  const cells = rows.map(([, ...each]) => each);
  for (const [index, column] of columns.entries()) {
    const said = cells.map((each) => each[index]);
    const idle = Object.keys(checks[column] ?? {}).filter((cell) => !said.includes(cell));
    expect([column, idle]).toEqual([column, []]);
  }
});

for (const [name = "", ...cells] of rows) {
  const situation = situations.find((each) => name.startsWith(`${each.name}:`));
  for (const [index, column] of columns.entries()) {
    const cell = cells[index] ?? "";
    test(`${situation?.name ?? name}, ${column}: ${cell}`, async () => {
      if (situation === undefined) throw new Error(`No one knows how ${name} comes about.`);
      const check = checkOf(column, cell, situation);
      if (check === null) throw new Error(`There is no check behind this cell: ${cell}`);
      using place = new Place();
      place.write({ "1_a.sql": table("a"), "2_b.sql": table("b"), "3_c.sql": table("c") });
      await using _arisen = await situation.arise(place);
      const waits = situation.hasPending && (column === "migrate" || column === "plan");
      if (waits) place.write({ "9_z.sql": table("z") });
      await check(place, situation);
    });
  }
}
