// The database as it is committed: the file is opened, history is read, and known until somebody else has written.

import { ok, type Failure, type Result } from "../failure.ts";
import { noHistory, type History, type Interest, type LogEntry } from "../plan/history.ts";
import type { SchemaObject } from "../plan/schema.ts";
import { isEmpty, sizeOf } from "../platform/size.ts";
import type { DatabaseEffect, Outcome } from "../run/driver.ts";
import { fileKind, identityOf, noFile, type FileKind } from "./file.ts";
import { glance } from "./glance.ts";
import { openConnection, type Connection, type OpenMode } from "./sqlite.ts";

/** An effect that only reads. */
export type ReadingEffect = Extract<
  DatabaseEffect,
  { readonly do: "look" | "settle" | "survey" | "read-log" }
>;

type Look = Extract<ReadingEffect, { readonly do: "look" }>;

/** The interest of somebody to whom nothing can be left out. */
const everything: Interest = {};

/** What a database is opened with. */
export interface ReadingSettings {
  readonly path: string;
  /** What the command may do: only look, write to what is there, or create it. */
  readonly mode: OpenMode;
  /** How long a plain read waits for a lock, in milliseconds. */
  readonly readWaitMs: number;
  /** Globs of schema objects that are never looked at. */
  readonly ignored?: readonly string[];
  /** Given where the file may be replaced by another between two looks, which is then to be noticed. */
  readonly isKept?: boolean;
}

/** What reads whatever state a database is in. Most starts see by a glance that all is as usual, and do without it. */
export interface Closer {
  readonly readHistory: (connection: Connection, interest: Interest) => Result<History>;
  readonly readLog: (connection: Connection) => Result<readonly LogEntry[]>;
  readonly liveSchema: (connection: Connection) => readonly SchemaObject[];
}

/** What has become of history since it was last read; nothing is known of it where a glance is not enough. */
export type Again =
  | { readonly is: "same" | "unclear" }
  | { readonly is: "moved"; readonly history: History }
  | { readonly is: "failed"; readonly failure: Failure };

/** FULL can lose the last commit of a DELETE-mode database to a power cut: the journal's unlink isn't synced. */
export const durably = "PRAGMA synchronous = EXTRA";

function waitFor(connection: Connection, milliseconds: number): void {
  connection.run(`PRAGMA busy_timeout = ${Math.round(milliseconds)}`);
}

/** One database file and the connection to it; nothing is opened before the first effect needs it. */
export class Reading {
  readonly settings: ReadingSettings;
  /** Null until a glance has not been enough. */
  closer: Closer | null = null;
  private opened: Connection | null = null;
  /** SQLite's data_version when history was last read: it moves when another connection commits. */
  private seen: unknown = null;
  /** History as of `seen`, as long as nothing of our own was written since. */
  private known: History | null = null;
  /** Whether the latest look found no database. */
  private hasSeenNothing = false;
  /** The file that was opened, where it is to be known again. */
  private identity = "";
  private timesRead = 0;
  /** Whether something else had changed the schema when history was last read, and nobody has taken it in since. */
  hasDrifted = false;

  constructor(settings: ReadingSettings) {
    this.settings = settings;
  }

  /** How often history was read anew, or the connection left: what was known of the schema before is out of date. */
  get readings(): number {
    return this.timesRead;
  }

  /** The connection, if there is one. */
  get connection(): Connection | null {
    return this.opened;
  }

  /** Performs an effect; null where that takes a closer look, and `closer` is not there. Throws what SQLite reports. */
  perform(effect: ReadingEffect): Outcome | null {
    const { closer } = this;
    switch (effect.do) {
      case "look":
        return this.look(effect);
      case "settle":
        return this.settle();
      case "survey":
        return closer === null ? null : this.survey(closer);
      case "read-log":
        return closer === null ? null : this.readLog(closer);
    }
  }

  close(): void {
    this.opened?.close();
    this.opened = null;
    this.seen = null;
    this.known = null;
    this.timesRead++;
  }

  /** The connection, opened where it is not; from now on locks are waited for at most so long, where that is said. */
  open(waitMs: number | null = null): Connection {
    if (this.opened !== null) {
      if (waitMs !== null) waitFor(this.opened, waitMs);
      return this.opened;
    }
    const { path, mode } = this.settings;
    // Read-only, nothing is checkpointed at the close; but only with a log in use, else it would leave files behind,
    // and a journal left by a crash can only be played back by somebody who may write.
    const isLogged = sizeOf(`${path}-wal`) > 0;
    const connection = openConnection(
      path,
      mode === "read" && !isLogged ? "write" : mode,
      this.settings.ignored ?? [],
    );
    try {
      // First, as the next pragma reads the schema and must wait for its lock like any other read.
      waitFor(connection, waitMs ?? this.settings.readWaitMs);
      connection.run(durably);
    } catch (error) {
      connection.close();
      throw error;
    }
    if (this.settings.isKept === true) this.identity = identityOf(path);
    this.opened = connection;
    return connection;
  }

  /**
   * Reads history again inside the transaction that is open, where another connection has committed since it was last
   * read. What is written from now on is our own doing, which SQLite's counter does not count.
   */
  again(): Again {
    const hasMoved = this.dataVersion() !== this.seen;
    this.known = null;
    if (!hasMoved) return { is: "same" };
    const history = this.read(this.open(), everything);
    this.known = null;
    if (history === null) return { is: "unclear" };
    if (!history.ok) return { is: "failed", failure: history.failure };
    const { vacant, founded } = history.value;
    const isStillNothing = this.hasSeenNothing && vacant && !founded;
    this.hasSeenNothing = false;
    return isStillNothing ? { is: "same" } : { is: "moved", history: history.value };
  }

  private dataVersion(): unknown {
    return this.open().get("PRAGMA data_version")?.["data_version"] ?? null;
  }

  private read(connection: Connection, interest: Interest): Result<History> | null {
    const seen = this.dataVersion();
    this.timesRead++;
    const history = this.readHistory(connection, interest);
    if (history === null) return null;
    this.seen = seen;
    // Without its rows it would not do for the next one who looks.
    this.known = history.ok && history.value.agreement === undefined ? history.value : null;
    if (history.ok) this.hasDrifted = history.value.drift.length > 0;
    return history;
  }

  private readHistory(connection: Connection, interest: Interest): Result<History> | null {
    if (this.closer !== null) return this.closer.readHistory(connection, interest);
    const history = glance(connection, interest);
    return history === null ? null : ok(history);
  }

  private readCommitted(interest: Interest): Result<History> | null {
    const connection = this.open(this.settings.readWaitMs);
    connection.run("BEGIN");
    try {
      return this.read(connection, interest);
    } finally {
      if (connection.inTransaction) connection.run("ROLLBACK");
    }
  }

  private fileKind({ willWrite = false }: Pick<Look, "willWrite"> = {}): FileKind {
    const { path, mode } = this.settings;
    if (mode === "memory") return this.opened === null ? "nothing" : "file";
    // What has a size and is no database is told when it is opened.
    if (sizeOf(path) > 0) return "file";
    // Else `node:fs` is loaded to see what it is: a tenth of what a bundle needs for two migrations on a new file.
    return willWrite && isEmpty(path) ? "nothing" : fileKind(path);
  }

  /** Whether the file that was opened is still the one at its path. */
  private isSameFile(): boolean {
    const { path, mode, isKept = false } = this.settings;
    return mode === "memory" || !isKept || identityOf(path) === this.identity;
  }

  private look(effect: Look): Outcome | null {
    if (this.opened !== null && !this.isSameFile()) this.close();
    const known = this.known;
    if (known !== null && this.dataVersion() === this.seen) {
      return { is: "looked", history: known };
    }
    const kind = this.fileKind(effect);
    this.hasSeenNothing = kind === "nothing";
    if (kind === "nothing") return { is: "looked", history: noHistory };
    if (kind !== "file") return { is: "failed", failure: noFile(this.settings.path, kind) };
    const history = this.readCommitted(effect);
    if (history === null) return null;
    if (!history.ok) return { is: "failed", failure: history.failure };
    return { is: "looked", history: history.value };
  }

  /** The connection may be in any state, so it is left behind, which takes back all that is not durable. */
  private settle(): Outcome | null {
    this.close();
    const history = this.readCommitted(everything);
    if (history === null) return null;
    if (!history.ok) return { is: "failed", failure: history.failure };
    return { is: "settled", history: history.value };
  }

  private survey({ liveSchema }: Closer): Outcome {
    if (this.opened === null && this.fileKind() === "nothing") {
      return { is: "surveyed", objects: [] };
    }
    return { is: "surveyed", objects: liveSchema(this.open()) };
  }

  private readLog({ readLog }: Closer): Outcome {
    if (this.fileKind() === "nothing") return { is: "log-read", entries: [] };
    const entries = readLog(this.open());
    if (!entries.ok) return { is: "failed", failure: entries.failure };
    return { is: "log-read", entries: entries.value };
  }
}
