// Events -> what a person reads.

import type { Event, StatusRow } from "../event.ts";
import type { Failure } from "../failure.ts";
import type { Direction } from "../migration/migration.ts";

/** Text for standard output, standard error, or nothing. */
export interface Printed {
  readonly out: string;
  readonly error: string;
}

const nothing: Printed = { out: "", error: "" };

/** Control characters made visible, so that no name or message can steer a terminal. */
function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (char) => {
      return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
    },
  );
}

function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

function statusText(rows: readonly StatusRow[], database: string): string {
  if (rows.length === 0) return `No migrations, none applied to ${database}\n`;
  const head = ["VERSION", "NAME", "STATE", "APPLIED AT (UTC)", "TOOK", "BY"];
  const body = rows.map((row) => [
    String(row.version),
    printable(row.name),
    row.state,
    row.appliedAt === null ? "" : row.appliedAt.slice(0, 19).replace("T", " "),
    row.durationMs === null ? "" : duration(row.durationMs),
    printable(row.appliedBy ?? ""),
  ]);
  const counts = new Map<string, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  const summary = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  const stories = rows.map(interruptionText).join("");
  return `${columns([head, ...body])}\n${stories}${summary}: ${database}\n`;
}

function interruptionText({ version, interruption }: StatusRow): string {
  if (interruption === null) return "";
  const { direction, done, total, lastDone, inDoubt } = interruption;
  const of = total === 0 ? "" : ` of ${total}`;
  const parts = [
    `Version ${version} was interrupted (${direction}): ${done}${of} statements are done.\n`,
  ];
  if (lastDone !== null) parts.push("The last one known done:\n", indented(lastDone));
  if (inDoubt !== null) parts.push("The one in doubt:\n", indented(inDoubt));
  parts.push(`Settle it: rung repair --settle ${version} --as applied, or --as pending\n\n`);
  return printable(parts.join(""));
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}\n`)
    .join("");
}

/** A failure as a person reads it: where, what, the statement, and the next step. */
export function failureText(failure: Failure): string {
  const { at, code, text, hint, statement, losses } = failure;
  const place = at === undefined ? "" : `${at.file}:${at.line}:${at.column}: `;
  const parts = [`rung: ${place}${text} [${code}]\n`];
  if (losses !== undefined) parts.push(...losses.map((loss) => `  - ${loss}\n`));
  if (statement !== undefined) parts.push(indented(statement));
  parts.push(`hint: ${hint}\n`);
  return printable(parts.join(""));
}

const past: Readonly<Record<Direction, string>> = { up: "applied", down: "rolled back" };
const nothingDone: Readonly<Record<Direction, string>> = {
  up: "Nothing to apply",
  down: "Nothing to roll back",
};

/** What one command prints, event by event. */
export class TextReport {
  readonly #database: string;
  readonly #direction: Direction;
  #stepped = 0;

  /** `direction` is the one of the command's steps. */
  constructor(database: string, direction: Direction) {
    this.#database = printable(database);
    this.#direction = direction;
  }

  /** The text that an event is worth. */
  print(event: Event): Printed {
    switch (event.kind) {
      case "waiting":
      case "running":
        return nothing;
      case "stepped": {
        this.#stepped++;
        const { version, name } = event.migration;
        const did = past[event.direction];
        return {
          out: `${did} ${version} ${printable(name)} (${duration(event.durationMs)})\n`,
          error: "",
        };
      }
      case "status":
        this.#stepped = event.rows.length;
        return { out: statusText(event.rows, this.#database), error: "" };
      case "settled": {
        const { version, name } = event.migration;
        this.#stepped++;
        return { out: `settled ${version} ${printable(name)} as ${event.as}\n`, error: "" };
      }
      case "finished":
        if (this.#stepped > 0) return nothing;
        return {
          out: `${nothingDone[this.#direction]}: ${this.#database} is up to date\n`,
          error: "",
        };
      case "failed":
        return { out: "", error: failureText(event.failure) };
    }
  }
}
