// The README, held against the executable: its transcripts are run, its tables compared, its rules tried.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { exitStatus, protocolCode, type FailureCode } from "../src/failure.ts";
import { commandOptions, commands, commonOptions } from "../src/input/options.ts";

const root = resolve(import.meta.dir, "..");
const executable = join(root, "dist", "rung");
const separator = "\u001e";

interface Fence {
  readonly language: string;
  readonly lines: readonly string[];
}

interface Section {
  readonly title: string;
  readonly fences: Fence[];
  /** All lines outside fences. */
  readonly lines: string[];
}

function readReadme(): readonly Section[] {
  const sections: Section[] = [];
  let section: Section = { title: "First screen", fences: [], lines: [] };
  let fence: { language: string; lines: string[] } | null = null;
  sections.push(section);
  for (const line of readFileSync(join(root, "README.md"), "utf8").split("\n")) {
    if (fence !== null) {
      if (line === "```") {
        section.fences.push(fence);
        fence = null;
      } else fence.lines.push(line);
    } else if (line.startsWith("```")) {
      fence = { language: line.slice(3), lines: [] };
    } else if (line.startsWith("## ")) {
      section = { title: line.slice(3), fences: [], lines: [] };
      sections.push(section);
    } else section.lines.push(line);
  }
  return sections;
}

const readme = readReadme();

function sectionOf(title: string): Section {
  const found = readme.find((each) => each.title === title);
  if (found === undefined) throw new Error(`The README has no section ${title}.`);
  return found;
}

/** The cells of the table whose header begins with a word, row by row. */
function tableOf(title: string, header: string): readonly (readonly string[])[] {
  const { lines } = sectionOf(title);
  const cellsOf = (line: string): string[] => {
    const cells = line.split("|").slice(1, -1);
    return cells.map((cell) => cell.trim());
  };
  const start = lines.findIndex((line) => line.startsWith("|") && cellsOf(line)[0] === header);
  if (start < 0) throw new Error(`${title} has no table of ${header}.`);
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith("|"));
  return rest.slice(0, end).map(cellsOf);
}

function spansOf(text: string | undefined): string[] {
  return [...(text ?? "").matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
}

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A fresh directory, and beside it one with `rung` that PATH names. */
class Place implements Disposable {
  readonly #base = mkdtempSync(join(tmpdir(), "rung-readme-"));
  readonly directory = join(this.#base, "work");
  readonly #bin = join(this.#base, "bin");

  constructor() {
    mkdirSync(this.directory);
    mkdirSync(this.#bin);
    symlinkSync(executable, join(this.#bin, "rung"));
    symlinkSync(process.execPath, join(this.#bin, "bun"));
  }

  async run(words: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
    const child = Bun.spawn([...words], {
      cwd: this.directory,
      env: {
        PATH: `${this.#bin}:/usr/bin:/bin`,
        HOME: this.#base,
        USER: "ann",
        ...environment,
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, status] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    return { status, stdout, stderr };
  }

  rung(...words: string[]): Promise<Ran> {
    return this.run([executable, ...words]);
  }

  /** What shell commands print, each by itself, both streams as one. */
  async shell(commandLines: readonly string[]): Promise<readonly string[]> {
    const steps = commandLines.map((each) => {
      return `${each}\nstatus=$?; printf '${separator}'; (exit $status)\n`;
    });
    const { stdout } = await this.run(["/bin/sh", "-c", `exec 2>&1\n${steps.join("")}`]);
    return stdout.split(separator);
  }

  write(file: string, text: string | Uint8Array): void {
    const path = join(this.directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** A migration of SQL in ./migrations. */
  migration(file: string, up: string, down?: string): void {
    const second = down === undefined ? "" : `-- migrate:down\n${down}\n`;
    this.write(`migrations/${file}`, `-- migrate:up\n${up}\n${second}`);
  }

  remove(file: string): void {
    rmSync(join(this.directory, file), { recursive: true });
  }

  files(): string[] {
    return readdirSync(this.directory).sort();
  }

  database(file = "rung.db"): Database {
    return new Database(join(this.directory, file));
  }

  tables(): unknown[] {
    using database = this.database();
    const sql = `SELECT name FROM sqlite_schema
      WHERE type = 'table' AND name NOT LIKE 'rung%' ORDER BY name`;
    return database.query(sql).values().flat();
  }

  [Symbol.dispose](): void {
    rmSync(this.#base, { recursive: true, force: true });
  }
}

/** What differs from run to run, made the same. */
function normalized(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3}Z)?/g, "TIME")
    .replace(/\b\d+ ms\b/g, "N ms")
    .replace(/"duration_ms":\d+/g, `"duration_ms":N`)
    .replace(/\bann@[\w.-]+/g, "ann@HOST")
    .replace(/ {2,}(?=\S)/g, "  ");
}

function fieldsOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error(`${text} is no object.`);
  return { ...value };
}

/** The failure code that a command ended with, as --json tells it. */
async function codeOf(place: Place, ...words: string[]): Promise<unknown> {
  const { stdout } = await place.rung(...words, "--json");
  const { error } = fieldsOf(stdout);
  return error === undefined ? null : fieldsOf(JSON.stringify(error))["code"];
}

async function playTranscript(place: Place, fence: Fence): Promise<void> {
  const asked: string[][] = [];
  for (const line of fence.lines) {
    if (line.startsWith("$ ")) asked.push([line]);
    else if (line === ">" || line.startsWith("> ")) asked.at(-1)?.push(line);
  }
  const scripts = asked.map((lines) => lines.map((line) => line.slice(2)).join("\n"));
  const printed = await place.shell(scripts);
  const played = asked.map((lines, index) => `${lines.join("\n")}\n${printed[index] ?? ""}`);
  expect(normalized(played.join(""))).toBe(normalized(`${fence.lines.join("\n")}\n`));
}

async function playQueries(place: Place, fence: Fence): Promise<void> {
  if (!place.files().includes("rung.db")) await place.rung("migrate");
  using database = place.database();
  for (const line of fence.lines) expect(database.query(line).all()).not.toBeEmpty();
}

function squeezed(code: string): string {
  return code
    .replace(/\/\*\*.*?\*\/|\/\/[^\n]*/gs, "")
    .replace(/\s+/g, " ")
    .trim();
}

async function play(place: Place, fence: Fence): Promise<void> {
  const { language, lines } = fence;
  const [, file] = /^(?:--|\/\/) (migrations\/\S+)$/.exec(lines[0] ?? "") ?? [];
  if (file !== undefined) return place.write(file, `${lines.join("\n")}\n`);
  switch (language) {
    case "console":
      return playTranscript(place, fence);
    case "sql":
      return playQueries(place, fence);
    case "ts": {
      const source = readFileSync(join(root, "src/migration/migration.ts"), "utf8");
      expect(squeezed(source)).toContain(squeezed(lines.join("\n")));
      return;
    }
    default:
      throw new Error(`Nothing runs a fence of ${language}.`);
  }
}

test("there are transcripts to run, and an executable to run them", () => {
  expect(existsSync(executable)).toBe(true);
  const consoles = readme
    .flatMap(({ fences }) => fences)
    .filter((each) => {
      return each.language === "console";
    });
  expect(consoles.length).toBeGreaterThanOrEqual(7);
  expect(sectionOf("First screen").fences).toHaveLength(1);
});

for (const { title, fences } of readme) {
  const playable = fences.filter(({ language }) => language !== "sh");
  if (playable.length === 0) continue;
  test(`${title}: its examples, in order, in one empty directory`, async () => {
    using place = new Place();
    for (const fence of playable) await play(place, fence);
  });
}

test("Install and build, and Embedding: the commands do so in a copy of the repository", async () => {
  const { version = "" } = /^bun@(?<version>.+)$/.exec(packageJson.packageManager)?.groups ?? {};
  const [start = "", tests = ""] = sectionOf("Install and build").fences[0]?.lines ?? [];
  expect([start, tests]).toEqual([`npx -y bun@${version} start`, `npx -y bun@${version} run test`]);
  expect(Object.keys(packageJson.scripts)).toContain("test");

  using place = new Place();
  for (const each of ["package.json", "bun.lock", "bunfig.toml", "src", "migrations"]) {
    cpSync(join(root, each), join(place.directory, each), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(place.directory, "node_modules"));
  const started = await place.run(["bun", "start"]);
  expect(started.status).toBe(0);
  expect(started.stdout).toContain("applied 2 add_posts_table");
  expect(started.stdout).toContain("2 applied: rung.db");

  place.remove("migrations");
  place.migration("7_own.sql", "CREATE TABLE own (x);", "DROP TABLE own;");
  place.write(
    "migrations/8_other.ts",
    `export function up(db) { db.exec("CREATE TABLE other (x)"); }\n`,
  );
  expect((await place.run(["bun", "run", "build"])).status).toBe(0);
  place.remove("migrations");
  place.migration("9_not_embedded.sql", "CREATE TABLE not_embedded (x);");
  const carried = await place.run(["./dist/rung", "migrate", "--db", "own.db"]);
  expect(normalized(carried.stdout)).toBe("applied 7 own (N ms)\napplied 8 other (N ms)\n");
  const named = await place.run(["./dist/rung", "migrate", "--db", "b.db", "--dir", "migrations"]);
  expect(normalized(named.stdout)).toBe("applied 9 not_embedded (N ms)\n");
});

test("Migration files: names, pairs, what is ignored, and a missing down", async () => {
  using place = new Place();
  place.write("migrations/1_a.up.sql", "CREATE TABLE a (x);");
  place.write("migrations/1_a.down.sql", "-- migrate:down allow:lost-rows\r\nDROP TABLE a;\r\n");
  place.write("migrations/0002_b.up.sql", "\ufeff-- migrate:up\r\nCREATE TABLE b (x);\r\n");
  place.write(
    "migrations/20260423120000_c.sql",
    "-- made for c\n-- migrate:up\nCREATE TABLE c (x);",
  );
  place.write("migrations/9007199254740991_d.sql", "-- migrate:up\nSELECT '\n-- migrate:down\n';");
  for (const ignored of ["old/1_x.sql", ".2_x.sql", "types.d.ts", "notes.md"]) {
    place.write(`migrations/${ignored}`, "nonsense");
  }
  expect(await place.rung("migrate")).toMatchObject({ status: 0, stderr: "" });
  expect(place.tables()).toEqual(["a", "b", "c"]);
  expect(await codeOf(place, "rollback")).toBe("history.irreversible");
  place.write("migrations/9007199254740992_e.sql", "-- migrate:up\n");
  expect(await codeOf(place, "status")).toBe("catalog.filename");
});

test("SQL: the options of a marker line are those that the README names", async () => {
  const options = tableOf("Migration files", "Option").map(([cell]) => spansOf(cell).join(","));
  expect(options).toEqual([
    "transaction:false",
    "foreign_keys:on",
    "allow:lost-rows,lost-objects,foreign-keys",
  ]);
  for (const option of options) {
    using place = new Place();
    place.write("migrations/1_a.sql", `-- migrate:up ${option}\nCREATE TABLE a (x);`);
    expect(await codeOf(place, "migrate")).toBeNull();
    place.write("migrations/1_a.sql", "-- migrate:up\nCREATE TABLE a (x);");
    expect(await codeOf(place, "migrate")).toBe("history.changed");
  }
  using place = new Place();
  const combined = options.join(" ");
  place.write("migrations/1_a.sql", `-- migrate:up ${combined}\n-- migrate:down ${combined}\n`);
  expect(await codeOf(place, "migrate")).toBeNull();
  expect(await codeOf(place, "rollback")).toBeNull();
});

test("SQL: the options are not acted on yet, and the README says so", async () => {
  const text = sectionOf("Migration files").lines.join("\n");
  expect(text).toContain("does not act on them yet");
  using place = new Place();
  place.write("migrations/1_a.sql", "-- migrate:up transaction:false\nVACUUM;");
  expect(await codeOf(place, "migrate")).toBe("step.failed");
  place.write(
    "migrations/1_a.sql",
    `-- migrate:up foreign_keys:on
     CREATE TABLE a (id INTEGER PRIMARY KEY);
     CREATE TABLE b (a REFERENCES a (id) ON DELETE CASCADE);
     INSERT INTO a VALUES (1);
     INSERT INTO b VALUES (1);
     DELETE FROM a;`,
  );
  expect(await codeOf(place, "migrate")).toBe("guard.foreign-keys");
});

test("TypeScript: promises, errors, options and imports", async () => {
  const cases: readonly (readonly [string, string | null])[] = [
    [`export async function up() {}`, "step.promise"],
    [`export function up() { throw new Error("no"); }`, "step.threw"],
    [`export function up(db) { db.exec("COMMIT"); }`, "step.forbidden"],
    [`export const up = 1;`, "catalog.module"],
    [`import "left-pad"; export function up() {}`, "catalog.import"],
    [`import { sep } from "node:path"; export function up() { sep; }`, null],
    [`export const options = { allow: ["lost-rows"] }; export function up() {}`, null],
    [`export const options = { allow: ["all"] }; export function up() {}`, "catalog.module"],
  ];
  for (const [code, expected] of cases) {
    using place = new Place();
    place.write("migrations/1_a.ts", code);
    expect([code, await codeOf(place, "migrate")]).toEqual([code, expected]);
  }
  using place = new Place();
  place.write(
    "migrations/1_a.ts",
    `import { sql } from "./shared/a.ts"; export function up(db) { db.exec(sql); }`,
  );
  place.write("migrations/shared/a.ts", `export const sql: string = "CREATE TABLE a (x)";`);
  expect(await codeOf(place, "migrate")).toBeNull();
  expect(place.tables()).toEqual(["a"]);
  place.write("migrations/shared/a.ts", `export const sql: string = "CREATE TABLE b (x)";`);
  expect(await codeOf(place, "migrate")).toBe("history.changed");
});

test("What is refused: every statement that the README names", async () => {
  const rows = tableOf("Migration files", "Statement");
  const spans = rows.flatMap(([cell]) => spansOf(cell));
  const source = readFileSync(join(root, "src/migration/forbidden.ts"), "utf8");
  const [sets = ""] = source.split("function ", 1);
  const refused = [...sets.matchAll(/^const \w+ = new Set\(\[([^\]]+)\]/gm)].flatMap(
    ([, words]) => {
      return [...(words ?? "").matchAll(/"(\w+)"/g)].map(([, word]) => word);
    },
  );
  const named = spans.map((span) => span.replace("PRAGMA ", "").split(" ")[0]);
  expect(named.toSorted()).toEqual(refused.sort());
  for (const span of spans) {
    const statement = /^[a-z_]+$/.test(span) ? `PRAGMA ${span}` : span;
    using place = new Place();
    place.migration("1_a.sql", `CREATE TABLE a (x);\n${statement};`);
    expect([span, await codeOf(place, "migrate")]).toEqual([span, "catalog.forbidden"]);
    expect(place.files()).toEqual(["migrations"]);
  }
});

const wrongFiles: Readonly<Record<string, readonly (readonly [string, string | Uint8Array][])[]>> =
  {
    "catalog.filename": [[["a.sql", ""]], [["1_a.up.ts", ""]], [["1_a.down.sql", ""]]],
    "catalog.duplicate-version": [
      [
        ["1_a.sql", "-- migrate:up\n"],
        ["01_b.ts", ""],
      ],
    ],
    "catalog.no-marker": [[["1_a.sql", "CREATE TABLE a (x);"]]],
    "catalog.other-tool": spansOf(
      tableOf("Migration files", "Code").find(([cell]) => cell === "`catalog.other-tool`")?.[1],
    ).map((marker) => [["1_a.sql", `${marker}\nCREATE TABLE a (x);`]]),
    "catalog.marker": [
      [["1_a.sql", "-- migrate:up\n-- migrate:down\n-- migrate:up\n"]],
      [["1_a.sql", "-- migrate:up\n-- migrate:up\n"]],
      [["1_a.sql", "-- migrate:up transactoin:false\n"]],
      [["1_a.sql", "SELECT 1;\n-- migrate:up\n"]],
    ],
    "catalog.text": [
      [["1_a.sql", "-- migrate:up\nSELECT 1;\0"]],
      [["1_a.sql", "-- migrate:up\nSELECT 'a;"]],
      [["1_a.sql", "-- migrate:up\nSELECT 1; /* a"]],
      [["1_a.sql", new Uint8Array([0x2d, 0x2d, 0xff])]],
    ],
    "catalog.import": [[["1_a.ts", `import "a";`]], [["1_a.ts", "export function {"]]],
  };

test("What is refused: every kind of wrong file that the README names", async () => {
  const codes = tableOf("Migration files", "Code").flatMap(([cell]) => spansOf(cell));
  expect(codes).toEqual(Object.keys(wrongFiles));
  for (const [code, cases] of Object.entries(wrongFiles)) {
    expect(cases).not.toBeEmpty();
    for (const files of cases) {
      using place = new Place();
      for (const [file, text] of files) place.write(`migrations/${file}`, text);
      expect([files, await codeOf(place, "migrate")]).toEqual([files, code]);
    }
  }
});

test("Which database, which migrations: directories by rank, and the sample's place", async () => {
  using place = new Place();
  place.write("option/1_option.sql", "-- migrate:up\n");
  place.write("environment/1_environment.sql", "-- migrate:up\n");
  const environment = { RUNG_DIR: "environment" };
  const named = async (...words: string[]): Promise<string> =>
    (await place.run([executable, "status", ...words], environment)).stdout;
  expect(await named("--dir", "option")).toContain("1        option");
  expect(await named()).toContain("1        environment");
  expect((await place.rung("status")).stdout).toContain("add_posts_table");
  expect((await place.rung("rollback")).status).toBe(4);
  place.migration("1_usual.sql", "");
  expect((await place.rung("status")).stdout).toContain("1        usual");
  expect(place.files()).toEqual(["environment", "migrations", "option"]);

  place.remove("migrations");
  place.database().run("CREATE TABLE real (x)");
  expect(await codeOf(place, "migrate")).toBe("catalog.none-given");
  expect(place.tables()).toEqual(["real"]);
});

test("Commands: the tables name the commands and options that there are", () => {
  const named = tableOf("Commands", "Command").map(([cell]) => {
    return spansOf(cell).map((span) => span.split(" ")[0]);
  });
  expect(named).toEqual(commands.map(({ name, aliases }) => [name, ...aliases]));
  const written = tableOf("Commands", "Option").map(([option, of]) => [
    ...spansOf(option),
    spansOf(of).join() || of,
  ]);
  const spell = (name: string, value: string | null): string =>
    value === null ? `--${name}` : `--${name} ${value}`;
  const common = commonOptions.map(({ name, value }) => [spell(name, value), "all"]);
  const own = commandOptions.map(({ name, value }) => {
    const users = commands.filter(({ options }) => options.includes(name));
    return [spell(name, value), users.map((each) => each.name).join()];
  });
  expect(written).toEqual([...common, ...own]);
});

test("Commands: each state comes about, and migrate does with it what the table says", async () => {
  const rows = new Map(
    tableOf("Commands", "State").map(([state = "", , does = ""]) => [state, does]),
  );
  const seen = async (place: Place, state: string): Promise<void> => {
    const does = rows.get(`\`${state}\``) ?? "not in the table";
    rows.delete(`\`${state}\``);
    expect((await place.rung("status")).stdout).toContain(`  ${state}`);
    const refusal = spansOf(does).find((span) => span.startsWith("history.")) ?? null;
    expect([state, await codeOf(place, "migrate")]).toEqual([state, refusal]);
  };
  using place = new Place();
  place.migration("2_b.sql", "CREATE TABLE b (x);");
  await seen(place, "pending");
  await seen(place, "applied");
  place.migration("2_b.sql", "CREATE TABLE b (y);");
  await seen(place, "changed");
  place.migration("2_b.sql", "CREATE TABLE b (x);", "a changed down is no conflict");
  place.migration("1_a.sql", "CREATE TABLE a (x);");
  await seen(place, "out-of-order");
  expect(await codeOf(place, "migrate", "--allow-out-of-order")).toBeNull();
  place.remove("migrations/1_a.sql");
  await seen(place, "missing");
  place.database().run("UPDATE rung_history SET state = 'started'");
  await seen(place, "interrupted");
  expect([...rows.keys()]).toEqual([]);
});

test("Messages: the fields of each request are those of the command's options", async () => {
  for (const [cell = "", fields = ""] of tableOf("Messages", "Request")) {
    const [type = ""] = spansOf(cell);
    const spans = spansOf(fields);
    const command = commands.find(({ name }) => name === type);
    if (command !== undefined) {
      const wanted = ["detail", "lock-timeout", ...command.options];
      const written = spans.map((span) => span.split('"')[1]);
      expect(written).toEqual(wanted.map((name) => name.replaceAll("-", "_")));
    }
    using place = new Place();
    await place.rung("migrate");
    const required = type === "init" ? [spans.join()] : spans;
    for (const field of required) {
      const { status, stdout } = await place.rung(`{"type":"${type}","msg_id":1,${field}}`);
      expect([field, status, stdout]).toEqual([
        field,
        0,
        expect.stringContaining(`"in_reply_to":1`),
      ]);
      if (type === "rollback") await place.rung("migrate");
    }
    const unknown = await place.rung(`{"type":"${type}","unknown":1,${spans.join()}}`);
    expect(fieldsOf(unknown.stdout)).toMatchObject({ error: "usage.invalid-option", code: 12 });
    if (type !== "init") continue;
    const [first = ""] = spans;
    expect((await place.rung(`{"type":"init",${first}}`)).status).toBe(1);
  }
});

test("Messages: null for no msg_id, detail, blank lines, and a failed migration's reply", async () => {
  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x);");
  place.migration("2_b.sql", "nonsense;");
  const failed = await place.rung(`{"type":"migrate","detail":true}`);
  expect(failed.status).toBe(1);
  expect(fieldsOf(normalized(failed.stdout).replaceAll(":N", ":0"))).toMatchObject({
    in_reply_to: null,
    code: 14,
    error: "step.failed",
    changed: "some",
    applied: [{ version: 1, name: "a", status: "applied", duration_ms: 0 }],
    failed: { version: 2, name: "b" },
  });
  const detail = await place.rung(`{"type":"status","detail":true}`);
  const keys = ["state", "applied_at", "duration_ms", "applied_by"];
  for (const key of keys) expect(detail.stdout).toContain(`"${key}":`);
  const [blank = ""] = await place.shell([`printf '\\n \\n{}\\n{"type":"status"}' | rung`]);
  expect(
    blank
      .trimEnd()
      .split("\n")
      .map((line) => fieldsOf(line)["type"]),
  ).toEqual(["error", "migration_status"]);
});

const union = /export type FailureCode =([^;]+);/.exec(
  readFileSync(join(root, "src/failure.ts"), "utf8"),
);
const failureCodes = [...(union?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(([, code = ""]) => code);

/** The list is read from the type's own definition. */
function isFailureCode(code: string): code is FailureCode {
  return failureCodes.includes(code);
}

test("Exit statuses and failure codes: all codes, each with the status that it leads to", () => {
  const listed: string[] = [];
  for (const line of sectionOf("Exit statuses and failure codes").lines) {
    const [, status, codes] = /^- \*\*(\d+)\*\*[^:]*: (.*)$/.exec(line) ?? [];
    for (const code of spansOf(codes)) {
      expect([code, isFailureCode(code) ? exitStatus(code) : null]).toEqual([code, Number(status)]);
      listed.push(code);
    }
  }
  expect(listed.length).toBeGreaterThan(40);
  expect(listed).toEqual(failureCodes);
});

test("Messages: Maelstrom's code for every failure code", () => {
  const codes = new Map<string, number>();
  for (const [code, , cell] of tableOf("Messages", "`code`")) {
    for (const span of spansOf(cell)) codes.set(span, Number(code));
  }
  for (const code of failureCodes.filter(isFailureCode)) {
    const family = `${code.split(".")[0]}.*`;
    expect([code, codes.get(code) ?? codes.get(family)]).toEqual([code, protocolCode(code)]);
  }
});

test("Exit statuses: the codes called reserved are raised nowhere", () => {
  const { lines } = sectionOf("Exit statuses and failure codes");
  const reserved = lines.filter((line) => line.includes("are reserved")).flatMap(spansOf);
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "failure.ts")
    .map((file) => readFileSync(join(root, "src", file), "utf8"))
    .join("\n");
  const unraised = failureCodes.filter((code) => !sources.includes(`"${code}"`));
  // What is thrown is a bug: its code is printed by the process itself.
  expect(unraised).toEqual([...reserved, "internal"]);
});

test("What a run promises: nothing to do takes no write lock, what is pending waits for it", async () => {
  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x);");
  expect(await codeOf(place, "migrate")).toBeNull();
  using other = place.database();
  other.run("BEGIN IMMEDIATE");
  expect(await codeOf(place, "migrate")).toBeNull();
  place.migration("2_b.sql", "CREATE TABLE b (x);");
  expect(await codeOf(place, "migrate", "--lock-timeout", "50ms")).toBe("database.locked");
  other.run("ROLLBACK");

  // A lock that keeps readers out too, as every commit takes it for a moment.
  other.run("BEGIN EXCLUSIVE");
  const waiting = [codeOf(place, "status"), codeOf(place, "migrate")];
  await Bun.sleep(300);
  other.run("ROLLBACK");
  expect(await Promise.all(waiting)).toEqual([null, null]);
  expect(other.query("SELECT version FROM rung_log").values()).toEqual([[1], [2]]);

  place.migration("3_c.sql", "CREATE TABLE c (x);");
  const together = Array.from({ length: 4 }, () => codeOf(place, "migrate"));
  expect(await Promise.all(together)).toEqual([null, null, null, null]);
  expect(other.query("SELECT version FROM rung_log").values()).toEqual([[1], [2], [3]]);
});

test("What a run promises: groups, --commit all, and a transaction that SQLite drops", async () => {
  for (const [mode, bad, kept] of [
    ["group", "nonsense;", ["a", "k"]],
    ["each", "nonsense;", ["a", "k"]],
    ["all", "nonsense;", []],
    ["group", "INSERT OR ROLLBACK INTO k VALUES (1);", ["a", "k"]],
  ] as const) {
    using place = new Place();
    place.migration("1_a.sql", "CREATE TABLE a (x);");
    place.migration("2_k.sql", "CREATE TABLE k (x PRIMARY KEY); INSERT INTO k VALUES (1);");
    place.migration("3_bad.sql", `CREATE TABLE bad (x); ${bad}`);
    place.migration("4_d.sql", "CREATE TABLE d (x);");
    expect((await place.rung("migrate", "--commit", mode)).status).toBe(6);
    expect(place.tables()).toEqual([...kept]);
  }
});

test("What a run promises: foreign keys are off, and checked", async () => {
  using place = new Place();
  place.migration(
    "1_a.sql",
    `CREATE TABLE a (id INTEGER PRIMARY KEY);
     CREATE TABLE b (a REFERENCES a (id) ON DELETE CASCADE);
     INSERT INTO a VALUES (1);
     INSERT INTO b VALUES (1);`,
  );
  place.migration(
    "2_rebuild.sql",
    `CREATE TABLE c (id INTEGER PRIMARY KEY, x);
     INSERT INTO c SELECT id, NULL FROM a;
     DROP TABLE a;
     ALTER TABLE c RENAME TO a;`,
  );
  expect(await codeOf(place, "migrate")).toBeNull();
  using database = place.database();
  expect(database.query("SELECT * FROM b").values()).toEqual([[1]]);
  place.migration("3_break.sql", "DELETE FROM a;");
  expect(await codeOf(place, "migrate")).toBe("guard.foreign-keys");
});

test("What a run promises: rollback goes by order of application, from history", async () => {
  using place = new Place();
  place.migration("2_b.sql", "CREATE TABLE b (x);", "DROP TABLE b;");
  await place.rung("migrate");
  place.migration("1_a.sql", "CREATE TABLE a (x);", "DROP TABLE a;");
  await place.rung("migrate", "--allow-out-of-order");
  place.remove("migrations/1_a.sql");
  expect(normalized((await place.rung("rollback")).stdout)).toBe("rolled back 1 a (N ms)\n");
  expect(place.tables()).toEqual(["b"]);
});

test("What is kept in the database: the tables and their columns", async () => {
  using place = new Place();
  await place.rung("migrate");
  using database = place.database();
  const bullets = sectionOf("What is kept in the database").lines.filter((line) => {
    return line.startsWith("- `");
  });
  const tables = database.query(
    "SELECT name FROM sqlite_schema WHERE name LIKE 'rung!_%' ESCAPE '!'",
  );
  expect(bullets.map((line) => spansOf(line)[0]).sort()).toEqual(
    tables
      .values()
      .map(([name]) => String(name))
      .sort(),
  );
  for (const line of bullets) {
    const [table = "", ...others] = spansOf(line.replaceAll(/\([^)]*\)/g, ""));
    const columns = database.query("SELECT name FROM pragma_table_info(?)").values(table).flat();
    expect([table, ...others]).toEqual([table, ...columns.map(String)]);
  }
  expect(database.query("SELECT DISTINCT event FROM rung_log").values()).toEqual([["apply"]]);
});

test("Source layout: the folders of src", () => {
  const named = sectionOf("Source layout").lines.flatMap((line) => {
    return line.startsWith("- ") ? spansOf(line).slice(0, 1) : [];
  });
  const folders = readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}`);
  expect(named.toSorted()).toEqual(folders.sort());
});
