// A look into a database as it was left: what is recorded, what is there, and whether the two agree.

import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { bystander } from "./driver.ts";
import { copyDatabase, scratch } from "./harness.ts";

/** A row of history. */
export interface Recorded {
  readonly version: number;
  readonly seq: number;
  readonly state: string;
  /** Which way a step that is started goes, and how many of its statements are known to be done. */
  readonly direction: string | null;
  readonly done: number | null;
}

/** A database as it was left. */
export interface Found {
  readonly recorded: readonly Recorded[];
  /** The users' objects and rows. */
  readonly world: string;
  /** The same, and what we keep of it, without what differs from run to run. */
  readonly dump: string;
  /** The audit trail: event and version of each entry. */
  readonly log: readonly string[];
  /** Where the kept list of objects is not the live schema: "+table a", "-index b", "~view c". */
  readonly drift: readonly string[];
  readonly journalMode: string;
  /** What integrity_check and foreign_key_check have against it. */
  readonly complaints: readonly string[];
}

type Value = string | number | bigint | Uint8Array | null;
type Row = Record<string, Value>;

/** Columns of our own tables that hold a clock, the name of a process, or a counter of SQLite's. */
const passing = ["applied_at", "duration_ms", "applied_by", "runner", "schema_version"];

const selectObjects = `SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema
  WHERE name <> '${bystander}' ORDER BY type, name`;

function rowsOf(database: Database, sql: string): Row[] {
  const statement = database.prepare<Row, []>(sql);
  try {
    return statement.all();
  } finally {
    statement.finalize();
  }
}

function brief(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? `${value.length} bytes, ${Bun.hash(value)}` : value;
}

function isOurs({ name }: Row): boolean {
  return String(name).startsWith("rung_");
}

function dumpOf(database: Database, objects: readonly Row[]): string {
  const lines = objects.map((object) => JSON.stringify(object));
  for (const object of objects) {
    const { type, name } = object;
    if (type !== "table" || name === "rung_log") continue;
    for (const row of rowsOf(database, `SELECT * FROM "${String(name)}" ORDER BY 1`)) {
      if (isOurs(object)) for (const column of passing) delete row[column];
      lines.push(`${String(name)} ${JSON.stringify(row, brief)}`);
    }
  }
  return lines.join("\n");
}

function driftOf(database: Database, objects: readonly Row[]): string[] {
  const kept = rowsOf(database, `SELECT type, name, "table", sql FROM rung_schema`);
  const listed = new Map(kept.map((row) => [`${row["type"]} ${row["name"]}`, row]));
  const found: string[] = [];
  for (const object of objects) {
    if (isOurs(object) || object["sql"] === null) continue;
    const key = `${object["type"]} ${String(object["name"]).toLowerCase()}`;
    const known = listed.get(key);
    listed.delete(key);
    if (known === undefined) found.push(`+${key}`);
    else if (known["sql"] !== object["sql"] || known["table"] !== object["table"])
      found.push(`~${key}`);
  }
  return [...found, ...[...listed.keys()].map((key) => `-${key}`)];
}

function recordedIn(database: Database): Recorded[] {
  const select = "SELECT version, seq, state, direction, done FROM rung_history ORDER BY seq";
  return rowsOf(database, select).map(({ version, seq, state, direction, done }) => ({
    version: Number(version),
    seq: Number(seq),
    state: String(state),
    direction: typeof direction === "string" ? direction : null,
    done: typeof done === "number" ? done : null,
  }));
}

function complaintsOf(database: Database): string[] {
  const sound = JSON.stringify(rowsOf(database, "PRAGMA integrity_check"));
  const complaints = sound === '[{"integrity_check":"ok"}]' ? [] : [sound];
  const keys = rowsOf(database, "PRAGMA foreign_key_check");
  return keys.length > 0 ? [...complaints, JSON.stringify(keys)] : complaints;
}

const nothing: Found = {
  recorded: [],
  world: "",
  dump: "",
  log: [],
  drift: [],
  journalMode: "delete",
  complaints: [],
};

let looks = 0;

/** Looks into a copy of a database, so that recovering it is left to the next process. */
export function lookInto(path: string, folder = scratch()): Found {
  if (!existsSync(path)) return nothing;
  const copy = join(folder, `look-${++looks}.db`);
  copyDatabase(path, copy);
  const database = new Database(copy, { readwrite: true });
  try {
    database.run("PRAGMA synchronous = OFF");
    const objects = rowsOf(database, selectObjects);
    const isFounded = objects.some(({ name }) => name === "rung_history");
    const log = isFounded
      ? rowsOf(database, "SELECT event, version FROM rung_log ORDER BY id")
      : [];
    const [mode] = rowsOf(database, "PRAGMA journal_mode");
    return {
      recorded: isFounded ? recordedIn(database) : [],
      world: dumpOf(
        database,
        objects.filter((object) => !isOurs(object)),
      ),
      dump: dumpOf(database, objects),
      log: log.map(({ event, version }) => `${String(event)} ${String(version)}`),
      drift: isFounded ? driftOf(database, objects) : [],
      journalMode: String(mode?.["journal_mode"]),
      complaints: complaintsOf(database),
    };
  } finally {
    database.close(true);
  }
}
