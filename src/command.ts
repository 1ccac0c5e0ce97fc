// Everything that can be asked of the tool, and the schemas that command line and messages share.

import * as v from "valibot";
import { fail, ok, type Result } from "./failure.ts";

const durationForm = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** The longest wait that SQLite's busy_timeout, a 32-bit count of milliseconds, can express. */
const longestMs = 2 ** 31 - 1;

function milliseconds(value: string | number): number {
  const [, amount = "", unit = "s"] = durationForm.exec(String(value)) ?? [];
  return amount === "" ? Number.NaN : Math.round(Number(amount) * (unitMs[unit] ?? Number.NaN));
}

function isDuration(value: string | number): boolean {
  const ms = milliseconds(value);
  return ms >= 0 && ms <= longestMs;
}

const durationWanted = "must be a duration such as 30s, 500ms or 2m";

/** A duration (`30s`, `500ms`, `2m`, or a bare number of seconds), read as milliseconds. */
const duration = v.pipe(
  v.union([v.string(), v.number()], durationWanted),
  v.check(isDuration, durationWanted),
  v.transform(milliseconds),
);

const flag = v.boolean("must be true or false");
const wait = { lock_timeout: v.optional(duration) };

/** How many migrations share a commit: those of a short while, one, or all of the run. */
export const commitModes = ["group", "each", "all"] as const;
export type CommitMode = (typeof commitModes)[number];

const migrate = v.strictObject({
  type: v.literal("migrate"),
  ...wait,
  allow_out_of_order: v.optional(flag, false),
  commit: v.optional(v.picklist(commitModes, `must be one of ${commitModes.join(", ")}`), "group"),
  detail: v.optional(flag, false),
});

const rollback = v.strictObject({
  type: v.literal("rollback"),
  ...wait,
  detail: v.optional(flag, false),
});

const status = v.strictObject({
  type: v.literal("status"),
  ...wait,
  detail: v.optional(flag, false),
});

const settledStates = ["applied", "pending"] as const;

const repair = v.strictObject({
  type: v.literal("repair"),
  ...wait,
  settle: v.pipe(
    v.union([v.number(), v.string()], "must name the version that was interrupted"),
    v.transform(Number),
    v.safeInteger("must name the version that was interrupted"),
  ),
  as: v.picklist(settledStates, `must be one of ${settledStates.join(", ")}`),
});

const init = v.strictObject({
  type: v.literal("init"),
  node_id: v.string("must be a string"),
  node_ids: v.array(v.string("must be a list of strings"), "must be a list of strings"),
});

const schemas = { migrate, rollback, status, repair, init };

export type MigrateCommand = v.InferOutput<typeof migrate>;
export type RollbackCommand = v.InferOutput<typeof rollback>;
export type StatusCommand = v.InferOutput<typeof status>;
export type RepairCommand = v.InferOutput<typeof repair>;
export type InitCommand = v.InferOutput<typeof init>;

/** A command that works on the database. */
export type Command = MigrateCommand | RollbackCommand | StatusCommand | RepairCommand;

/** Names of everything that can be asked in a message. */
export const messageTypes = Object.keys(schemas);

function isMessageType(type: string): type is keyof typeof schemas {
  return Object.hasOwn(schemas, type);
}

type Issue = v.BaseIssue<unknown>;

/** How an option or field is written where it was given: `--lock-timeout` or `lock_timeout`. */
export type Spelling = (key: string) => string;

function describe(issue: Issue, input: Readonly<Record<string, unknown>>, spell: Spelling): string {
  const field = v.getDotPath(issue)?.split(".")[0] ?? "type";
  const key = spell(field);
  const current = input[field];
  if (issue.type === "strict_object") {
    return issue.expected === "never" ? `${key} is not known here` : `${key} is missing`;
  }
  return `${key} ${issue.message}: current value is ${JSON.stringify(current)}`;
}

/** Reads a command, or `init`, from plain data. Fails with `usage.unknown-message` or `usage.invalid-option`. */
export function readCommand(
  input: Readonly<Record<string, unknown>>,
  spell: Spelling,
): Result<Command | InitCommand> {
  const type = input["type"];
  if (typeof type !== "string" || !isMessageType(type)) {
    const text = `The type ${JSON.stringify(type)} is not known.`;
    return fail("usage.unknown-message", text, `The types are ${messageTypes.join(", ")}.`);
  }
  const schema: v.GenericSchema<unknown, Command | InitCommand> = schemas[type];
  const parsed = v.safeParse(schema, input, { abortEarly: true });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  const text = `In ${type}, ${describe(issue, input, spell)}.`;
  return fail("usage.invalid-option", text, `See rung help ${type}.`);
}
