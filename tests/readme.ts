// The README as data, and a player of its examples: each command in a fresh directory, what it prints compared.

import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import {
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
import * as v from "valibot";
import { readArgv } from "../src/input/argv.ts";
import { readAsked } from "../src/input/asked.ts";
import { commonOptions } from "../src/input/options.ts";

export const root = resolve(import.meta.dir, "..");
export const executable = join(root, "dist", "rung");
const separator = "\u001e";

export interface Fence {
  readonly language: string;
  readonly lines: readonly string[];
}

export interface Section {
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

export const readme = readReadme();

export function sectionOf(title: string): Section {
  const found = readme.find((each) => each.title === title);
  if (found === undefined) throw new Error(`The README has no section ${title}.`);
  return found;
}

/** The cells of the table whose header begins with a word, row by row. */
export function tableOf(title: string, header: string): readonly (readonly string[])[] {
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

export function spansOf(text: string | undefined): string[] {
  return [...(text ?? "").matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
}

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A fresh directory, and beside it one with `rung` that PATH names. */
export class Place implements Disposable {
  readonly #base = mkdtempSync(join(tmpdir(), "rung-readme-"));
  readonly directory = join(this.#base, "work");
  readonly #bin = join(this.#base, "bin");

  readonly #rung: string;

  /** `rung` is the program that its name stands for. */
  constructor(rung = executable) {
    this.#rung = rung;
    mkdirSync(this.directory);
    mkdirSync(this.#bin);
    symlinkSync(rung, join(this.#bin, "rung"));
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
    return this.run([this.#rung, ...words]);
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
export function normalized(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3}Z)?/g, "TIME")
    .replace(/\b\d{8}T\d{6}Z/g, "STAMP")
    .replace(/\b\d+ ms\b/g, "N ms")
    .replace(/\b\d+ MB\b/g, "N MB")
    .replace(/\b(rung|SQLite) \d+\.\d+\.\d+\b/g, "$1 N")
    .replace(/"duration_ms":\d+/g, `"duration_ms":N`)
    .replace(/\bann@[\w.-]+/g, "ann@HOST")
    .replace(/ {2,}(?=\S)/g, "  ");
}

export function fieldsOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error(`${text} is no object.`);
  return { ...value };
}

/** The failure code that a command ended with, as --json tells it. */
export async function codeOf(place: Place, ...words: string[]): Promise<unknown> {
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

const wordsOf = v.array(v.string());

/** The words of each command line of ours in a file for another program: as a list, or as a shell has them. */
function commandLinesOf(lines: readonly string[]): readonly (readonly string[])[] {
  return lines.flatMap((line) => {
    const list = /^\s*(?:RUN|ENTRYPOINT|CMD|command:) (\[.*\])$/.exec(line)?.[1];
    const text = /^(?:\s*- run: |Exec\w+=)(.*)$/.exec(line)?.[1];
    const words =
      list === undefined ? (text?.split(" ") ?? []) : v.parse(wordsOf, JSON.parse(list));
    const isOurs = /(?:^|\/)rung$/.test(words[0] ?? "");
    if (!isOurs && /\brung\b.*\b(?:migrate|status|verify|rollback)\b/.test(line)) {
      throw new Error(`Nobody reads the command line of: ${line}`);
    }
    return isOurs ? [words.slice(1)] : [];
  });
}

/** Our command lines in a file are ones that can be read, and what a Dockerfile copies is there by then. */
async function readCommandLines(lines: readonly string[]): Promise<void> {
  const commandLines = commandLinesOf(lines);
  expect(commandLines).not.toBeEmpty();
  for (const words of commandLines) {
    const read = readArgv(words);
    if (!read.ok || read.value.kind !== "command") throw new Error(`Refused: ${words.join(" ")}`);
    const { command, options, application = [] } = read.value;
    expect(application.length > 0).toBe(words.includes("--"));
    const asked = await readAsked(command, options);
    expect([words, asked.ok ? null : asked.failure]).toEqual([words, null]);
  }
  const copied = lines.flatMap((line) => /^COPY (?!--)(\S+) \S+$/.exec(line)?.[1] ?? []);
  // The application is the reader's own.
  for (const path of copied.filter((each) => each !== "app")) {
    expect([path, existsSync(join(root, path))]).toEqual([path, true]);
  }
  const made = new Set(
    lines.flatMap((line) => /^(?:COPY (?!--)\S+|RUN mkdir) (\S+)$/.exec(line)?.[1] ?? []),
  );
  const taken = lines.flatMap((line) => {
    return /^COPY --from=build (?:--\S+ )?(.*) \S+$/.exec(line)?.[1]?.split(" ") ?? [];
  });
  expect(taken.filter((path) => !made.has(path))).toEqual([]);
  for (const name of lines.flatMap((line) => line.match(/\bRUNG_\w+(?==)/g) ?? [])) {
    expect(commonOptions.map(({ variable }) => variable)).toContain(name);
  }
}

export async function play(place: Place, fence: Fence): Promise<void> {
  const { language, lines } = fence;
  const [, file] = /^(?:--|\/\/) (migrations\/\S+|\w+\.ts)$/.exec(lines[0] ?? "") ?? [];
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
    case "dockerfile":
    case "yaml":
    case "ini":
      return readCommandLines(lines);
    default:
      throw new Error(`Nothing runs a fence of ${language}.`);
  }
}

/** What is there before a section's examples begin. */
export const before: Readonly<Record<string, (place: Place) => void>> = {
  "In a Bun program": (place) => {
    mkdirSync(join(place.directory, "vendor"));
    symlinkSync(root, join(place.directory, "vendor/rung"));
  },
  "Adopting a database": (place) => {
    using database = place.database();
    database.run(`CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
      CREATE TABLE schema_migrations (version TEXT PRIMARY KEY)`);
  },
};
