// Door to SQLite: the only file that imports bun:sqlite. Everything else sees a Connection.

import { constants, Database, type Statement } from "bun:sqlite";
import { ownership } from "./objects.ts";
import type { Row, SqlValue } from "../migration/migration.ts";

/** What a statement changed. */
export interface Changes {
  readonly changes: number;
  readonly lastInsertRowid: number | bigint;
}

/** A compiled statement, held until it is finalized. */
export interface Prepared {
  run(...values: SqlValue[]): Changes;
  all(...values: SqlValue[]): Row[];
  get(...values: SqlValue[]): Row | null;
  iterate(...values: SqlValue[]): IterableIterator<Row>;
  finalize(): void;
}

/** An open database. Every call throws what SQLite reports. */
export interface Connection {
  /** False once SQLite or a statement has ended the transaction. */
  readonly inTransaction: boolean;
  /** Whether an object of the schema is the user's own, by its name: others are never looked at. */
  readonly isOwn: (name: string) => boolean;
  /** The globs of those that are the user's own, but not to be looked at either. */
  readonly ignored: readonly string[];
  /** The system's error number behind the last failure to work on the database file itself; 0 where none is known. */
  readonly errno: number;
  /** Runs one statement to its end, whatever rows it gives. */
  run(sql: string): void;
  /** Compiles one statement; its integers beyond 2^53 - 1 come back as bigint instead of rounded. */
  prepare(sql: string): Prepared;
  /** The rows of one statement. Recent statements stay compiled, and are never left open. */
  all(sql: string, ...values: SqlValue[]): Row[];
  get(sql: string, ...values: SqlValue[]): Row | null;
  /** Runs a statement that gives no rows; its values come as a list, which many of them have already. */
  write(sql: string, values: readonly SqlValue[]): void;
  close(): void;
}

/**
 * "read": leaves the file as it is; "write": fails where there is no file; "create": makes one. Where the file may not
 * be written, SQLite itself falls back to reading. "memory": a scratch database, gone when it is closed. "unchanging":
 * the file alone is read, without locks and without a look at journals, as of a medium that nobody can write to.
 */
export type OpenMode = "read" | "write" | "create" | "memory" | "unchanging";

function exact<T>(value: T | bigint): T | number | bigint {
  if (typeof value !== "bigint") return value;
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
}

function exactRow(row: Row): Row {
  for (const name in row) {
    const value = row[name];
    if (typeof value === "bigint") row[name] = exact(value);
  }
  return row;
}

/** A statement whose integers are numbers where a number can hold them, and bigint where it can't. */
class ExactStatement implements Prepared {
  private readonly statement: Statement<Row, SqlValue[]>;

  constructor(statement: Statement<Row, SqlValue[]>) {
    this.statement = statement;
  }

  run(...values: SqlValue[]): Changes {
    const { changes, lastInsertRowid } = this.statement.run(...values);
    return { changes: Number(changes), lastInsertRowid: exact(lastInsertRowid) };
  }

  all(...values: SqlValue[]): Row[] {
    return this.statement.all(...values).map(exactRow);
  }

  get(...values: SqlValue[]): Row | null {
    const row = this.statement.get(...values);
    return row === null ? null : exactRow(row);
  }

  *iterate(...values: SqlValue[]): IterableIterator<Row> {
    for (const row of this.statement.iterate(...values)) yield exactRow(row);
  }

  finalize(): void {
    this.statement.finalize();
  }
}

/** How many statements stay compiled, the latest to come: more than our own fixed queries. */
const recentStatements = 64;

class BunConnection implements Connection {
  private readonly database: Database;
  private readonly recent = new Map<string, Prepared>();
  readonly isOwn: (name: string) => boolean;
  readonly ignored: readonly string[];

  constructor(database: Database, ignored: readonly string[]) {
    this.database = database;
    this.ignored = ignored;
    this.isOwn = ownership(ignored);
  }

  get inTransaction(): boolean {
    return this.database.inTransaction;
  }

  get errno(): number {
    const errno = new Int32Array(2);
    const status = this.database.fileControl(constants.SQLITE_FCNTL_LAST_ERRNO, errno);
    return status === 0 ? (errno[0] ?? 0) : 0;
  }

  run(sql: string): void {
    this.database.run(sql);
  }

  prepare(sql: string): Prepared {
    const statement: Statement<Row, SqlValue[]> = this.database.prepare(sql);
    return new ExactStatement(statement.safeIntegers(true));
  }

  all(sql: string, ...values: SqlValue[]): Row[] {
    return this.recently(sql).all(...values);
  }

  get(sql: string, ...values: SqlValue[]): Row | null {
    return this.recently(sql).get(...values);
  }

  write(sql: string, values: readonly SqlValue[]): void {
    this.recently(sql).all(...values);
  }

  close(): void {
    for (const statement of this.recent.values()) statement.finalize();
    this.recent.clear();
    this.database.close();
  }

  private recently(sql: string): Prepared {
    const known = this.recent.get(sql);
    if (known !== undefined) return known;
    const statement: Statement<Row, SqlValue[]> = this.database.prepare(sql);
    this.recent.set(sql, statement);
    const [oldest] = this.recent;
    if (this.recent.size > recentStatements && oldest !== undefined) {
      oldest[1].finalize();
      this.recent.delete(oldest[0]);
    }
    return statement;
  }
}

/** A path that SQLite can take for nothing else: not for a URI (`file:`), nor for one of its special names. */
function literal(path: string): string {
  const isAbsolute = path.startsWith("/") || path.startsWith("\\") || path.charAt(1) === ":";
  return isAbsolute ? path : `./${path}`;
}

/**
 * Opens the database at a path, which is taken literally. `ignored` are globs of schema objects that are nobody's business here.
 */
export function openConnection(
  path: string,
  mode: OpenMode,
  ignored: readonly string[] = [],
): Connection {
  if (mode === "unchanging") {
    const flags = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;
    const names = literal(path).split("/").map(encodeURIComponent);
    return new BunConnection(new Database(`file:${names.join("/")}?immutable=1`, flags), ignored);
  }
  const file = mode === "memory" ? ":memory:" : literal(path);
  const access =
    mode === "read" ? { readonly: true } : { readwrite: true, create: mode === "create" };
  return new BunConnection(new Database(file, access), ignored);
}

/** SQLite's counter of schema changes: as long as it stands still, there is nothing to compare. */
export function schemaVersion(connection: Connection): number {
  return Number(connection.get("PRAGMA schema_version")?.["schema_version"] ?? 0);
}

/** SQLite's extended result code by name (SQLITE_BUSY, SQLITE_IOERR_WRITE …); null for any other error. */
export function sqliteCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" && error.code.startsWith("SQLITE_") ? error.code : null;
}
