// A function of a TypeScript migration, called: whatever it does instead of returning nothing becomes a failure.

import { failure, type Failure, messageOf } from "../failure.ts";
import type { Call, ReadyStep } from "../plan/step.ts";
import { callSite } from "./callsite.ts";
import { StepError, type Handle } from "./handle.ts";

function has(value: unknown, method: "then" | "next"): boolean {
  const found = typeof value === "object" && value !== null ? Reflect.get(value, method) : null;
  return typeof found === "function";
}

function unfinished(step: ReadyStep, returned: unknown): Failure | null {
  const one = `Migration ${step.version} ${step.name}`;
  const place = { at: { file: step.file, line: 1, column: 1 } };
  if (has(returned, "then")) {
    // Whatever becomes of it, nobody listens any more.
    Promise.resolve(returned).catch(() => undefined);
    const text = `${one} returned a promise, and migrations are synchronous.`;
    const hint = "Remove async and await: every call on db is synchronous.";
    return failure("step.promise", text, hint, place);
  }
  if (!has(returned, "next")) return null;
  const text = `${one} returned an iterator, of which nothing has run.`;
  return failure("step.promise", text, "Write a plain function, without the asterisk.", place);
}

function thrown(step: ReadyStep, error: unknown): Failure {
  if (error instanceof StepError) return error.failure;
  return failure(
    "step.threw",
    `Migration ${step.version} ${step.name} failed: ${messageOf(error)}`,
    "Mend the migration and run the command again.",
    { at: callSite(step.file, error instanceof Error ? error.stack : undefined) },
  );
}

/** Keeps a migration from ending the process: half done, with exit status 0 and nothing said. */
function withoutExit<T>(action: () => T): T {
  const { exit, abort } = process;
  const refuse = (): never => {
    throw new Error("process.exit was called: a migration returns, or throws.");
  };
  process.exit = refuse;
  process.abort = refuse;
  try {
    return action();
  } finally {
    process.exit = exit;
    process.abort = abort;
  }
}

/** Calls the function with a handle on the database, which is good for nothing afterwards. Null when all is well. */
export function callFunction(work: Call, handle: Handle, step: ReadyStep): Failure | null {
  try {
    return unfinished(
      step,
      withoutExit(() => work.call(handle)),
    );
  } catch (error) {
    return thrown(step, error);
  } finally {
    handle.revoke();
  }
}
