// Events -> the body of a protocol reply, in exactly the form that callers compare.

import type { Command } from "../command.ts";
import type { Event } from "../event.ts";
import { protocolCode, type Failure } from "../failure.ts";
import { failureDetail, statusJson } from "./json.ts";
import { isApplied, tally, type Tally } from "./tally.ts";

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
    hint,
    ...failureDetail(failure),
    ...more,
  };
  return { body, isError: true };
}

function steppedBody({ stepped }: Tally, detail: boolean, status: string): readonly object[] {
  return stepped.map(({ version, name, durationMs }) => {
    return { version, name, status, ...(detail ? { duration_ms: durationMs } : {}) };
  });
}

function failedReply(command: Command, result: Tally, failure: Failure, id: number | null): Reply {
  const migration = result.fault?.migration ?? null;
  // A commit or a lock that fails is no migration's fault, but what was durable before it must still be told.
  const isWithoutRun = migration === null && result.stepped.length === 0;
  if (command.type === "status" || isWithoutRun) return errorReply(failure, id);
  const status = command.type === "migrate" ? "applied" : "rolled_back";
  const applied = steppedBody(result, command.detail, status);
  return errorReply(failure, id, { applied, failed: migration });
}

/** The reply to a command that has run. */
export function commandReply(command: Command, events: readonly Event[], id: number | null): Reply {
  const result = tally(events);
  if (result.fault !== null) return failedReply(command, result, result.fault.failure, id);
  const done = (body: object): Reply => ({ body, isError: false });
  const head = { in_reply_to: id };
  switch (command.type) {
    case "migrate": {
      const migrations = steppedBody(result, command.detail, "applied");
      return done({ type: "migrations_applied", ...head, count: migrations.length, migrations });
    }
    case "rollback": {
      const [first] = result.stepped;
      if (first === undefined) throw new Error("a rollback ended without a step");
      const { version, name, durationMs } = first;
      const detail = command.detail ? { duration_ms: durationMs } : {};
      return done({ type: "migration_rolled_back", ...head, version, name, ...detail });
    }
    case "status": {
      const migrations = result.rows.map((row) => {
        const { version, name } = row;
        return {
          version,
          name,
          applied: isApplied(row),
          ...(command.detail ? statusJson(row) : {}),
        };
      });
      return done({ type: "migration_status", ...head, migrations });
    }
  }
}
