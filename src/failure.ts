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

const exitByFamily: Readonly<Record<string, number>> = {
  usage: 2,
  catalog: 3,
  history: 4,
  schema: 4,
  database: 5,
  step: 6,
  guard: 6,
  verify: 6,
  rehearse: 6,
  bundle: 7,
  internal: 70,
};

/** 128 and the signal's number, as a shell reports a process that a signal ended. */
const exitBySignal: Readonly<Record<string, number>> = {
  "interrupted.sighup": 129,
  "interrupted.sigint": 130,
  "interrupted.sigterm": 143,
};

const protocolByFamily: Readonly<Record<string, number>> = {
  usage: 12,
  catalog: 22,
  history: 22,
  schema: 22,
  database: 13,
  step: 14,
  guard: 14,
  verify: 14,
  rehearse: 14,
  interrupted: 14,
  bundle: 13,
  internal: 13,
};

function familyOf(code: FailureCode): string {
  return code.split(".", 1)[0] ?? code;
}

/** The process's exit status for a failure. */
export function exitStatus(code: FailureCode): number {
  return exitBySignal[code] ?? exitByFamily[familyOf(code)] ?? 70;
}

/** Maelstrom's error code for a failure (Maelstrom, doc/protocol.md, "Errors"). */
export function protocolCode(code: FailureCode): number {
  if (code === "usage.unknown-message") return 10;
  if (code === "database.locked") return 11;
  return protocolByFamily[familyOf(code)] ?? 13;
}
