// A protocol session in the world: its options are read, its lines are answered one by one, and its end has a status.

import { fail, ok, type Result } from "./failure.ts";
import type { OptionValues } from "./input/argv.ts";
import type { Line } from "./input/lines.ts";
import type { ReplyForm } from "./session.ts";
import { workplace } from "./workplace.ts";
import { reportFailure } from "./refuse.ts";
import type { Io } from "./world.ts";

const messageWaitMs = 4_000;
const longestLine = 16 * 1024 * 1024;

/** Where the lines come from; none of them is read beyond the limit. */
export type Lines = (limit: number) => AsyncIterable<Line> | Iterable<Line>;

function replyForm(options: OptionValues): Result<ReplyForm> {
  const form = options["reply"] ?? "auto";
  if (form === "body" || form === "envelope" || form === "auto") return ok(form);
  return fail(
    "usage.invalid-option",
    `--reply must be one of body, envelope, auto: current value is ${JSON.stringify(form)}.`,
    "See rung help.",
  );
}

function maxLine(options: OptionValues): Result<number> {
  const bytes = options["max-line"] ?? longestLine;
  if (typeof bytes === "number" && bytes > 0) return ok(bytes);
  const text = `--max-line must be a number of bytes: current value is ${JSON.stringify(bytes)}.`;
  return fail("usage.invalid-option", text, "See rung help.");
}

async function messageWait(options: OptionValues): Promise<Result<number>> {
  const given = options["lock-timeout"];
  if (given === undefined) return ok(messageWaitMs);
  const { readAsked } = await import("./input/asked.ts");
  const read = await readAsked("status", { "lock-timeout": given });
  return read.ok ? ok(read.value.lock_timeout ?? messageWaitMs) : read;
}

/**
 * After how many answers memory is given back. Left to itself the collector lets some 20 MiB pile up in a session of
 * small requests; so it is half of that, for a tenth of the speed.
 */
const collectEvery = 500;

/** Runs a session to the end of its input, or until nobody reads its replies: 0 if none of them was an error, else 1. */
export async function serve(io: Io, lines: Lines, options: OptionValues): Promise<number> {
  const form = replyForm(options);
  if (!form.ok) return reportFailure(io, form.failure, options);
  const limit = maxLine(options);
  if (!limit.ok) return reportFailure(io, limit.failure, options);
  const wait = await messageWait(options);
  if (!wait.ok) return reportFailure(io, wait.failure, options);
  const place = workplace(io, options, wait.value);
  if (!place.ok) return reportFailure(io, place.failure, options);
  io.expectLongWork();
  const { Session } = await import("./session.ts");
  const settings = { form: form.value, hasEvents: options["events"] === true, write: io.writeOut };
  const session = new Session(place.value, settings);
  let answered = 0;
  for await (const line of lines(limit.value)) {
    if (!(await session.answer(line))) break;
    if (++answered % collectEvery === 0) io.collectGarbage();
  }
  session.close();
  return session.hasErred ? 1 : 0;
}
