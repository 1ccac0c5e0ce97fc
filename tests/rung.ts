// Runs the compiled executable as its users do: in a directory of its own, with next to no environment.

import { Database } from "bun:sqlite";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** The executable under test, as `bun run build` leaves it. */
export const executable = join(root, "dist", "rung");

if (!existsSync(executable)) throw new Error(`${executable} is missing. Run: bun run build`);

/** What came of one process. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a process is run beyond its words. */
export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Below the place; the place itself where nothing is said. */
  readonly cwd?: string;
  /** Words that go before the executable, such as those of `setpriv`. */
  readonly before?: readonly string[];
  readonly executable?: string;
}

/** A row of a query. */
export type Row = Record<string, string | number | bigint | boolean | Uint8Array | null>;

/** Files by name. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** An empty directory that goes away with the test. */
export class Place implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "rung-test-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** The path of something in here. */
  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** Writes files into a directory of the place, `migrations` where nothing is said. */
  write(files: Files, directory = "migrations"): void {
    mkdirSync(this.at(directory), { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      const path = this.at(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  }

  /** Everything in here by name, in order. */
  list(): string[] {
    return readdirSync(this.path).sort();
  }

  /** Runs the executable to its end. */
  async rung(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const { stdin, env = {}, cwd = ".", before = [] } = options;
    const child = Bun.spawn([...before, options.executable ?? executable, ...words], {
      cwd: this.at(cwd),
      env,
      stdin: stdin === undefined ? "ignore" : new Blob([stdin]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    await child.exited;
    return { status: child.exitCode, stdout, stderr };
  }

  /** Sends lines to one session; gives its replies, read, and its exit status. */
  async send(
    lines: readonly (object | string)[],
    words: readonly string[] = [],
  ): Promise<{ readonly status: number | null; readonly replies: readonly Reply[] }> {
    const text = lines.map((each) => (typeof each === "string" ? each : JSON.stringify(each)));
    const { status, stdout } = await this.rung(words, { stdin: `${text.join("\n")}\n` });
    return { status, replies: jsonLines(stdout) };
  }

  /** The rows of a query, as another program reads them. */
  query(sql: string, file = "rung.db"): Row[] {
    using database = new Database(this.at(file), { readwrite: true, create: false });
    return database.query<Row, []>(sql).all();
  }

  /** Runs statements as another program does. */
  execute(sql: string, file = "rung.db"): void {
    using database = new Database(this.at(file), { readwrite: true, create: true });
    database.run(sql);
  }

  /** The applied versions, in the order of their application. */
  applied(file = "rung.db"): unknown[] {
    return this.query("SELECT version FROM rung_history ORDER BY seq", file).map(
      (row) => row["version"],
    );
  }

  /** The tables that are not ours. */
  tables(file = "rung.db"): unknown[] {
    const sql = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'rung_*'
      AND name NOT GLOB 'sqlite_*' ORDER BY name`;
    return this.query(sql, file).map((row) => row["name"]);
  }
}

/** A reply, read. */
export type Reply = Readonly<Record<string, unknown>>;

/** The objects of a text that holds one a line. */
export function jsonLines(text: string): Reply[] {
  if (text === "") return [];
  if (!text.endsWith("\n")) throw new Error(`No newline at the end of: ${text}`);
  return text.slice(0, -1).split("\n").map(json);
}

/** The one object that a text is. */
export function json(text: string): Reply {
  const value: Reply = JSON.parse(text);
  return value;
}

/** A migration that creates a table, and drops it again. */
export function table(name: string): string {
  return `-- migrate:up\nCREATE TABLE ${name} (id INTEGER PRIMARY KEY);\n-- migrate:down\nDROP TABLE ${name};\n`;
}

/** A migration of TypeScript, outside any transaction, that writes a file `started` and waits until there is a file `go`. */
export const held = `import { existsSync, writeFileSync } from "node:fs";
export const options = { transaction: false };
export function up(db) {
  writeFileSync("started", "");
  while (!existsSync("go")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  db.exec("CREATE TABLE w (id)");
}
export function down(db) {
  db.exec("DROP TABLE w");
}
`;

/** Says in the test's output what this machine cannot show; such a test is no proof, and isn't counted as one. */
export function notRunHere(name: string, reason: string): void {
  console.log(`not run here: ${name} (${reason})`);
}
