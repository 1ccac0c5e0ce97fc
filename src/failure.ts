// Everything that can go wrong as expected: a code, a sentence, a hint, and what it means for exit status and protocol.

/** Every failure code that users can meet; the part before the dot decides the exit status. */
export type FailureCode =
  | "usage.unknown-command"
  | "usage.unknown-option"
  | "usage.invalid-option"
  | "usage.unexpected-argument"
  | "usage.missing-argument"
  | "usage.unknown-version"
  | "usage.database-url"
  | "usage.file-exists"
  | "usage.no-program"
  | "usage.unknown-message"
  | "usage.malformed-message"
  | "catalog.not-found"
  | "catalog.unreadable"
  | "catalog.filename"
  | "catalog.duplicate-version"
  | "catalog.no-marker"
  | "catalog.other-tool"
  | "catalog.marker"
  | "catalog.text"
  | "catalog.forbidden"
  | "catalog.import"
  | "catalog.module"
  | "catalog.none-given"
  | "catalog.empty"
  | "history.nothing-to-roll-back"
  | "history.irreversible"
  | "history.changed"
  | "history.missing"
  | "history.ahead"
  | "history.out-of-order"
  | "history.interrupted"
  | "history.not-interrupted"
  | "history.not-changed"
  | "history.not-missing"
  | "history.not-baseline"
  | "history.format"
  | "schema.drifted"
  | "database.locked"
  | "database.cannot-open"
  | "database.not-a-database"
  | "database.corrupt"
  | "database.read-only"
  | "database.full"
  | "database.size-limit"
  | "database.io"
  | "database.no-memory"
  | "database.commit-unknown"
  | "database.hot-journal"
  | "database.copy-failed"
  | "database.not-alone"
  | "database.in-use"
  | "step.failed"
  | "step.threw"
  | "step.promise"
  | "step.forbidden"
  | "step.transaction-lost"
  | "guard.foreign-keys"
  | "guard.lost-rows"
  | "guard.lost-objects"
  | "verify.not-reversible"
  | "rehearse.damaged"
  | "bundle.output"
  | "bundle.runtime"
  | "bundle.failed"
  | "bundle.no-program"
  | "interrupted.sighup"
  | "interrupted.sigint"
  | "interrupted.sigterm"
  | "internal";

/** What a failure left behind: nothing is changed, some migrations are durable, or nobody can know. */
export type Changed = "nothing" | "some" | "unknown";

/** A place in a file; `line` and `column` count from 1, columns in characters. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** An expected failure. `text` is one sentence, `hint` names one next step. */
export interface Failure {
  readonly code: FailureCode;
  readonly text: string;
  readonly hint: string;
  readonly changed: Changed;
  readonly at?: Position;
  /** The SQL statement that failed, as written. */
  readonly statement?: string;
  /** The losses that the guard found, one sentence each. */
  readonly losses?: readonly string[];
}

/** A value, or the expected failure that stood in its way. */
export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** Wraps a value as a success. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** The details of a failure beyond its sentence. */
export type FailureDetail = Partial<Pick<Failure, "changed" | "at" | "statement" | "losses">>;

/** Makes a failure; `changed` is "nothing" unless told otherwise. */
export function failure(
  code: FailureCode,
  text: string,
  hint: string,
  detail: FailureDetail = {},
): Failure {
  return { code, text, hint, changed: "nothing", ...detail };
}

/** Makes a failure and wraps it as a result. */
export function fail(
  code: FailureCode,
  text: string,
  hint: string,
  detail?: FailureDetail,
): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure: failure(code, text, hint, detail) };
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function familyOf(code: FailureCode): string {
  return code.split(".", 1)[0] ?? code;
}

// No tables here: to make one takes longer than all else that a start has to do with failures.

/** The process's exit status for a failure; for one by a signal 128 and its number, as a shell reports it. */
export function exitStatus(code: FailureCode): number {
  switch (code) {
    case "interrupted.sighup":
      return 129;
    case "interrupted.sigint":
      return 130;
    case "interrupted.sigterm":
      return 143;
  }
  switch (familyOf(code)) {
    case "usage":
      return 2;
    case "catalog":
      return 3;
    case "history":
    case "schema":
      return 4;
    case "database":
      return 5;
    case "step":
    case "guard":
    case "verify":
    case "rehearse":
      return 6;
    case "bundle":
      return 7;
    default:
      return 70;
  }
}

/** Maelstrom's error code for a failure (Maelstrom, doc/protocol.md, "Errors"). */
export function protocolCode(code: FailureCode): number {
  if (code === "usage.unknown-message") return 10;
  if (code === "database.locked") return 11;
  switch (familyOf(code)) {
    case "usage":
      return 12;
    case "catalog":
    case "history":
    case "schema":
      return 22;
    case "step":
    case "guard":
    case "verify":
    case "rehearse":
    case "interrupted":
      return 14;
    default:
      return 13;
  }
}
