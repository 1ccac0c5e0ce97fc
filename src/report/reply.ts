// Events -> the body of a protocol reply, in exactly the form that callers compare.

import { called } from "../called.ts";
import type { Command, RollbackCommand, StatusCommand } from "../command.ts";
import type { Event } from "../event.ts";
import { protocolCode, type Failure } from "../failure.ts";
import { backupJson, differenceJson, failureDetail, reportJson, statusJson } from "./json.ts";
import { isApplied, isSound, tally, type Fault, type Stepped, type Tally } from "./tally.ts";

/** The body of a reply; whether it is an error decides the exit status of the session. */
export interface Reply {
  readonly body: object;
  readonly isError: boolean;
}

/** The reply to a request that failed before, or without, a run. */
export function errorReply(failure: Failure, inReplyTo: number | null, more: object = {}): Reply {
  const { code, text, hint } = failure;
  const body = {
    type: "error",
    in_reply_to: inReplyTo,
    code: protocolCode(code),
    text,
    error: code,
    hint: called(hint),
    ...failureDetail(failure),
    ...more,
  };
  return { body, isError: true };
}

function steppedBody(stepped: readonly Stepped[], detail: boolean): readonly object[] {
  return stepped.map(({ version, name, direction, durationMs }) => {
    const status = direction === "up" ? "applied" : "rolled_back";
    return { version, name, status, ...(detail ? { duration_ms: durationMs } : {}) };
  });
}

function failedReply(command: Command, result: Tally, fault: Fault, id: number | null): Reply {
  const isStepping =
    command.type === "migrate" || command.type === "rollback" || command.type === "redo";
  if (result.report !== null) return errorReply(fault.failure, id, reportJson(result.report));
  // A commit or a lock that fails is no migration's fault, but what was durable before it must still be told.
  const isWithoutRun = fault.migration === null && result.stepped.length === 0;
  if (!isStepping || isWithoutRun) return errorReply(fault.failure, id);
  const applied = steppedBody(result.stepped, command.detail);
  return errorReply(fault.failure, id, { applied, failed: fault.migration, ...madeBackup(result) });
}

function warnings({ drift, notes }: Tally): object {
  return { drift: drift.map(differenceJson), notes };
}

function madeBackup({ backup }: Tally): object {
  return backup === null ? {} : { backup: backupJson(backup) };
}

function rolledBack(command: RollbackCommand, result: Tally, head: object): object {
  const more = command.detail ? warnings(result) : {};
  if (command.to !== undefined || command.steps !== undefined) {
    const migrations = steppedBody(result.stepped, command.detail);
    const count = migrations.length;
    return { type: "migrations_rolled_back", ...head, count, migrations, ...more };
  }
  const [first] = result.stepped;
  if (first === undefined) throw new Error("a rollback ended without a step");
  const { version, name, durationMs } = first;
  const detail = command.detail ? { duration_ms: durationMs } : {};
  return { type: "migration_rolled_back", ...head, version, name, ...detail, ...more };
}

function statusBody(command: StatusCommand, result: Tally, head: object): object {
  const { rows, drift } = result;
  const migrations = rows.map((row) => {
    const { version, name } = row;
    return { version, name, applied: isApplied(row), ...(command.detail ? statusJson(row) : {}) };
  });
  const more = command.detail ? { drift: drift.map(differenceJson) } : {};
  const check = command.check ? { sound: isSound(rows, drift) } : {};
  return { type: "migration_status", ...head, migrations, ...more, ...check };
}

const reportTypes = {
  log: "log",
  verified: "verified",
  schema: "schema",
  planned: "planned",
  rehearsed: "rehearsed",
  restored: "restored",
} as const;

/** An event as a line before the reply; null for those that the reply itself holds. */
export function eventBody(event: Event, inReplyTo: number | null): object | null {
  const body = (name: string, fields: object): object => {
    return { type: "event", event: name, ...fields, in_reply_to: inReplyTo };
  };
  switch (event.kind) {
    case "waiting":
      return body("waiting", { elapsed_ms: Math.round(event.elapsedMs) });
    case "running": {
      const { direction, migration } = event;
      return body("running", { direction, ...migration });
    }
    case "stepped": {
      const { direction, migration, durationMs } = event;
      return body("durable", { direction, ...migration, duration_ms: durationMs });
    }
    case "copying":
      return body("copying", { path: event.path, bytes: event.bytes });
    case "backed-up":
      return body("backed_up", backupJson(event));
    case "note":
      return body("note", { text: event.text });
    case "drift":
      return body("drift", { drift: event.differences.map(differenceJson) });
    default:
      return null;
  }
}

/** The reply to a command that has run. */
export function commandReply(command: Command, events: readonly Event[], id: number | null): Reply {
  const result = tally(events);
  if (result.fault !== null) return failedReply(command, result, result.fault, id);
  const done = (body: object): Reply => ({ body, isError: false });
  const head = { in_reply_to: id };
  const { report } = result;
  if (report?.kind === "amended") {
    const type = command.type === "baseline" ? "baselined" : "repaired";
    return done({ type, ...head, ...reportJson(report) });
  }
  if (report !== null) {
    const isWarned = report.kind === "planned" || report.kind === "rehearsed";
    const more = isWarned
      ? warnings(result)
      : report.kind === "restored"
        ? { notes: result.notes }
        : {};
    return done({ type: reportTypes[report.kind], ...head, ...reportJson(report), ...more });
  }
  switch (command.type) {
    case "migrate":
    case "redo": {
      const migrations = steppedBody(result.stepped, command.detail);
      const type = command.type === "migrate" ? "migrations_applied" : "migrations_redone";
      const more = { ...(command.detail ? warnings(result) : {}), ...madeBackup(result) };
      return done({ type, ...head, count: migrations.length, migrations, ...more });
    }
    case "rollback":
      return done(rolledBack(command, result, head));
    case "backup":
      if (result.backup === null) throw new Error("a backup ended without one");
      return done({ type: "backed_up", ...head, ...backupJson(result.backup) });
    case "status":
      return done(statusBody(command, result, head));
    default:
      throw new Error(`${command.type} ended without a report`);
  }
}
