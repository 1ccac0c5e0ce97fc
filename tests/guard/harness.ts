// A place for the guard's tests: a database as it was, one migration run by the executable, and what came of it.

import { Database } from "bun:sqlite";
import { afterAll, expect } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as v from "valibot";

const executable = resolve(import.meta.dir, "../../dist/rung");
const root = mkdtempSync(join(tmpdir(), "rung-guard-"));
let places = 0;

afterAll(() => rmSync(root, { recursive: true, force: true }));

const errorSchema = v.object({
  code: v.string(),
  text: v.string(),
  hint: v.string(),
  changed: v.string(),
  losses: v.optional(v.array(v.string()), []),
});
const reportSchema = v.object({
  ok: v.boolean(),
  count: v.optional(v.number(), 0),
  error: v.optional(errorSchema),
});

/** What a run of the executable came to. */
export interface Ran {
  readonly exit: number;
  readonly count: number;
  readonly error: v.InferOutput<typeof errorSchema> | null;
}

/** Every user object with its SQL, and every row of every user table in a fixed order. */
export type Dump = Readonly<Record<string, readonly string[]>>;

/** The files of a migrations directory, by name. */
export type Files = Readonly<Record<string, string>>;

/** A database and a migrations directory of a test's own. */
export class Place {
  readonly directory: string;
  readonly path: string;

  /** `before` is the SQL that the database holds before any migration. */
  constructor(before: string) {
    this.directory = join(root, String(places++));
    mkdirSync(join(this.directory, "migrations"), { recursive: true });
    this.path = join(this.directory, "app.db");
    this.use((database) => {
      database.run("PRAGMA synchronous = OFF");
      if (before.trim() !== "") database.run(before);
    });
  }

  use<T>(action: (database: Database) => T): T {
    const database = new Database(this.path);
    try {
      return action(database);
    } finally {
      database.close();
    }
  }

  /** The rows of a query, as arrays of text. */
  rows(sql: string): string[] {
    return this.use((database) =>
      database
        .prepare(sql)
        .values()
        .map((row) => row.map(String).join("|")),
    );
  }

  dump(): Dump {
    return this.use(dumpOf);
  }

  write(files: Files): void {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(this.directory, "migrations", name), text);
    }
  }

  /** Runs the executable on this database and these migrations. */
  rung(...words: string[]): Ran {
    if (!existsSync(executable)) throw new Error("dist/rung is missing: run bun run build first");
    const directory = join(this.directory, "migrations");
    const { exitCode, stdout, stderr } = Bun.spawnSync(
      [executable, ...words, "--json", "--db", this.path, "--dir", directory],
      { env: {}, stdin: "ignore" },
    );
    const text = stdout.toString();
    if (text === "") throw new Error(`no report: ${stderr.toString()}`);
    const report = v.parse(reportSchema, JSON.parse(text));
    return { exit: exitCode, count: report.count, error: report.error ?? null };
  }

  /** Applies these migrations. */
  migrate(files: Files): Ran {
    this.write(files);
    return this.rung("migrate");
  }
}

const selectObjects = `SELECT type, name, tbl_name, sql FROM sqlite_schema
  WHERE name NOT GLOB 'rung_*' AND name NOT GLOB 'sqlite_*' ORDER BY type, name`;

/** Reads a dump. */
export function dumpOf(database: Database): Dump {
  const dump: Record<string, string[]> = {};
  for (const [type, name, table, sql] of database.prepare(selectObjects).values()) {
    const key = `${String(type)} ${String(name)}`;
    dump[key] = [`on ${String(table)}: ${String(sql)}`];
    // Shadow tables change in ways that nobody sees.
    if (type !== "table" || /^CREATE VIRTUAL/i.test(String(sql))) continue;
    const quoted = `"${String(name).replaceAll('"', '""')}"`;
    const rows = database.prepare(`SELECT * FROM ${quoted}`).values();
    dump[key].push(...rows.map((row) => row.map(String).join("|")).toSorted());
  }
  return dump;
}

/** One migration tried on one database. */
export interface Attempt {
  readonly place: Place;
  readonly ran: Ran;
  readonly before: Dump;
  readonly after: Dump;
}

/** Runs SQL as one migration on a database that holds `before`; `options` stand on its marker line. */
export function attempt(before: string, up: string, options = ""): Attempt {
  return attemptFiles(before, { "001_change.sql": `-- migrate:up ${options}\n${up}\n` });
}

/** Runs the body of a TypeScript `up(db)` as one migration. */
export function attemptTs(before: string, body: string, options = "{}"): Attempt {
  const text = `export const options = ${options};\nexport function up(db) {\n${body}\n}\n`;
  return attemptFiles(before, { "001_change.ts": text });
}

/** The body of a TypeScript migration that runs this SQL. */
export function execBody(sql: string): string {
  return `db.exec(${JSON.stringify(sql)});`;
}

function attemptFiles(before: string, files: Files): Attempt {
  const place = new Place(before);
  const dump = place.dump();
  const ran = place.migrate(files);
  return { place, ran, before: dump, after: place.dump() };
}

/** Expects that the migration was applied, with its error in sight where it was not. */
export function expectApplied({ ran }: Attempt): void {
  expect(ran).toEqual({ exit: 0, count: 1, error: null });
}

/** Expects that the guard refused with this code, naming exactly these losses in part, and left all as it was. */
export function expectRefused(tried: Attempt, code: string, ...losses: string[]): void {
  const { ran, before, after } = tried;
  expect(ran.error?.code ?? "applied").toBe(code);
  expect(ran.exit).toBe(6);
  expect(ran.count).toBe(0);
  expect(after).toEqual(before);
  const found = ran.error?.losses ?? [];
  const unnamed = losses.filter((part) => !found.some((loss) => loss.includes(part)));
  expect({ found, unnamed }).toEqual({ found, unnamed: [] });
  expect(found).toHaveLength(losses.length);
}
