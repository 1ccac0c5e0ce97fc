// Everything that can be asked of the tool, and the schemas that command line and messages share.

import * as v from "valibot";
import { durationWanted, isDuration, milliseconds } from "./duration.ts";
import { fail, ok, type Result } from "./failure.ts";
import { shorten } from "./shorten.ts";

/** Made by the first who asks: of all schemas a command needs one. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/**
 * A duration (`30s`, `500ms`, `2m`, or a bare number of seconds), read as milliseconds. The only type of our own: the
 * list of messages tells it by that.
 */
const duration = once(() =>
  v.pipe(v.custom<string | number>(isDuration, durationWanted), v.transform(milliseconds)),
);

const flag = once(() => v.boolean("must be true or false"));
const unset = once(() => v.optional(flag(), false));
const wait = once(() => ({ lock_timeout: v.optional(duration()) }));

function wholeNumber(least: number, message: string): v.GenericSchema<number, number> {
  return v.pipe(v.number(message), v.safeInteger(message), v.minValue(least, message));
}

const version = once(() => wholeNumber(1, "must be the version of a migration"));
const target = once(() => wholeNumber(0, "must be a version, or 0"));
const count = once(() => wholeNumber(1, "must be a whole number from 1"));

/** A command goes up to a version, or a number of steps far, or as far as it can. */
const reach = once(() => ({ to: v.optional(target()), steps: v.optional(count()) }));
const dryRun = once(() => ({ dry_run: unset() }));
const detail = once(() => ({ detail: unset() }));
const downSource = once(() => ({
  down: v.optional(
    v.picklist(["recorded", "catalog"], "must be one of recorded, catalog"),
    "recorded",
  ),
}));
const order = once(() => ({ allow_out_of_order: unset() }));

const path = once(() => v.pipe(v.string("must be a path"), v.nonEmpty("must be a path")));
const keep = once(() => ({ keep: v.optional(count()) }));

/** How many migrations share a commit: those of a short while, one, or all of the run. */
export const commitModes = ["group", "each", "all"] as const;
export type CommitMode = (typeof commitModes)[number];
const commit = once(() => ({
  commit: v.optional(v.picklist(commitModes, `must be one of ${commitModes.join(", ")}`), "group"),
}));

const migrate = once(() =>
  v.strictObject({
    type: v.literal("migrate"),
    ...wait(),
    ...reach(),
    ...dryRun(),
    ...order(),
    ...commit(),
    strict: unset(),
    backup: unset(),
    ...keep(),
    ...detail(),
  }),
);

const rehearse = once(() =>
  v.strictObject({
    type: v.literal("rehearse"),
    ...wait(),
    ...reach(),
    ...order(),
    ...commit(),
    strict: unset(),
    tmp: v.optional(path()),
  }),
);

const backup = once(() =>
  v.strictObject({
    type: v.literal("backup"),
    ...wait(),
    file: v.optional(path()),
    ...keep(),
  }),
);

const restore = once(() =>
  v.strictObject({
    type: v.literal("restore"),
    ...wait(),
    file: path(),
    force: unset(),
    discard: unset(),
  }),
);

const rollback = once(() =>
  v.strictObject({
    type: v.literal("rollback"),
    ...wait(),
    ...reach(),
    ...dryRun(),
    ...downSource(),
    ...detail(),
  }),
);

const redo = once(() =>
  v.strictObject({
    type: v.literal("redo"),
    ...wait(),
    steps: v.optional(count(), 1),
    ...dryRun(),
    ...downSource(),
    ...detail(),
  }),
);

const plan = once(() =>
  v.strictObject({
    type: v.literal("plan"),
    ...wait(),
    rollback: unset(),
    ...reach(),
    ...order(),
    ...downSource(),
  }),
);

const status = once(() =>
  v.strictObject({
    type: v.literal("status"),
    ...wait(),
    check: unset(),
    ...detail(),
  }),
);

const verify = once(() =>
  v.strictObject({
    type: v.literal("verify"),
    ...wait(),
    data: unset(),
    from_db: unset(),
    tmp: v.optional(path()),
  }),
);

const log = once(() => v.strictObject({ type: v.literal("log"), ...wait() }));

const schema = once(() =>
  v.strictObject({ type: v.literal("schema"), ...wait(), at: v.optional(target()) }),
);

const baseline = once(() =>
  v.strictObject({
    type: v.literal("baseline"),
    ...wait(),
    version: version(),
    force: unset(),
    ...dryRun(),
  }),
);

const oneOrAll = once(() => v.union([version(), v.literal("all")], "must be a version, or all"));

const repair = once(() =>
  v.strictObject({
    type: v.literal("repair"),
    ...wait(),
    changed: v.optional(oneOrAll()),
    missing: v.optional(oneOrAll()),
    drift: unset(),
    settle: v.optional(version()),
    as: v.optional(v.picklist(["applied", "pending"], "must be one of applied, pending")),
    ...dryRun(),
  }),
);

const init = once(() =>
  v.strictObject({
    type: v.literal("init"),
    node_id: v.string("must be a string"),
    node_ids: v.array(v.string("must be a list of strings"), "must be a list of strings"),
  }),
);

const help = once(() => v.strictObject({ type: v.literal("help") }));

/** The schema of everything that can be asked in a message, by its type; made when it is first asked for. */
export const messageSchemas = {
  migrate,
  rollback,
  redo,
  plan,
  status,
  verify,
  rehearse,
  backup,
  restore,
  log,
  schema,
  baseline,
  repair,
  init,
  help,
};

type Asked<Schema extends () => v.GenericSchema> = v.InferOutput<ReturnType<Schema>>;

export type MigrateCommand = Asked<typeof migrate>;
export type RollbackCommand = Asked<typeof rollback>;
export type RedoCommand = Asked<typeof redo>;
export type PlanCommand = Asked<typeof plan>;
export type StatusCommand = Asked<typeof status>;
export type VerifyCommand = Asked<typeof verify>;
export type RehearseCommand = Asked<typeof rehearse>;
export type BackupCommand = Asked<typeof backup>;
export type RestoreCommand = Asked<typeof restore>;
export type LogCommand = Asked<typeof log>;
export type SchemaCommand = Asked<typeof schema>;
export type BaselineCommand = Asked<typeof baseline>;
export type RepairCommand = Asked<typeof repair>;
/** What an interrupted migration is settled as. */
export type SettledState = NonNullable<RepairCommand["as"]>;
export type HelpCommand = Asked<typeof help>;
export type InitCommand = Asked<typeof init>;

/** A command that works on the database. */
export type Command =
  | MigrateCommand
  | RollbackCommand
  | RedoCommand
  | PlanCommand
  | StatusCommand
  | VerifyCommand
  | RehearseCommand
  | BackupCommand
  | RestoreCommand
  | LogCommand
  | SchemaCommand
  | BaselineCommand
  | RepairCommand;

/** Everything that can be asked in a message. */
export type Request = Command | InitCommand | HelpCommand;

/** Names of everything that can be asked in a message. */
export const messageTypes = Object.keys(messageSchemas);

function isMessageType(type: string): type is keyof typeof messageSchemas {
  return Object.hasOwn(messageSchemas, type);
}

/** The fields that a message of this type can have beside `type` and `msg_id`; none of an unknown type. */
export function messageFields(type: string): readonly string[] {
  if (!isMessageType(type)) return [];
  return Object.keys(messageSchemas[type]().entries).filter((field) => field !== "type");
}

type Issue = v.BaseIssue<unknown>;

/** How an option or field is written where it was given: `--lock-timeout` or `lock_timeout`. */
export type Spelling = (key: string) => string;

function describe(issue: Issue, input: Readonly<Record<string, unknown>>, spell: Spelling): string {
  const field = v.getDotPath(issue)?.split(".")[0] ?? "type";
  const key = spell(field);
  const current = input[field];
  if (issue.type === "strict_object") return `${key} is missing`;
  return `${key} ${issue.message}: current value is ${shown(current)}`;
}

/** A value as JSON, cut short; what holds other values is only named, as it could nest without end. */
function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "a list" : "an object";
  }
  // Beyond the largest number JSON reads as infinity, which it cannot write.
  if (typeof value === "number") return String(value);
  return JSON.stringify(typeof value === "string" ? shorten(value) : value) ?? "undefined";
}

/** What no single field can tell: which of several go together. A flag that is false is as good as left out. */
export interface FieldRule {
  readonly give: "at most one" | "exactly one" | "all or none" | "first with second";
  readonly of: readonly string[];
}

const reachRule: FieldRule = { give: "at most one", of: ["to", "steps"] };

/** The rules of each message whose fields have some. */
export const fieldRules: Readonly<Partial<Record<Request["type"], readonly FieldRule[]>>> = {
  verify: [{ give: "first with second", of: ["tmp", "from_db"] }],
  migrate: [reachRule, { give: "first with second", of: ["keep", "backup"] }],
  rehearse: [reachRule],
  rollback: [reachRule],
  plan: [reachRule],
  repair: [
    { give: "exactly one", of: ["changed", "missing", "drift", "settle"] },
    { give: "all or none", of: ["settle", "as"] },
  ],
};

/** How a rule is broken when this many of its fields are given; null when it is not. */
function breachOf(
  { give, of }: FieldRule,
  isGiven: readonly boolean[],
  spell: Spelling,
): string | null {
  const names = of.map(spell);
  const given = isGiven.filter((is) => is).length;
  switch (give) {
    case "at most one":
      return given > 1 ? `${names.join(" and ")} exclude each other` : null;
    case "exactly one":
      return given === 1 ? null : `give exactly one of ${names.join(", ")}`;
    case "first with second":
      return isGiven[0] === true && given === 1 ? `${names[0]} goes with ${names[1]}` : null;
    case "all or none":
      return given % of.length === 0 ? null : `${names.join(" and ")} belong together`;
  }
}

function checkTogether<T extends Request>(command: T, spell: Spelling): Result<T> {
  const { type } = command;
  const rules = fieldRules[type];
  if (rules === undefined) return ok(command);
  const fields = new Map<string, unknown>(Object.entries(command));
  for (const rule of rules) {
    const isGiven = rule.of.map((field) => (fields.get(field) ?? false) !== false);
    const breach = breachOf(rule, isGiven, spell);
    if (breach === null) continue;
    return fail("usage.invalid-option", `In ${type}, ${breach}.`, `See rung help ${type}.`);
  }
  return ok(command);
}

function fieldsHint(type: string): string {
  const fields = messageFields(type);
  return fields.length === 0
    ? `${type} has no fields.`
    : `The fields of ${type} are ${fields.join(", ")}.`;
}

/** Reads what is asked from plain data. Fails with `usage.unknown-message` or `usage.invalid-option`. */
export function readCommand(
  input: Readonly<Record<string, unknown>>,
  spell: Spelling,
): Result<Request> {
  const type = input["type"];
  if (typeof type !== "string" || !isMessageType(type)) {
    const text = `The type ${shown(type)} is not known.`;
    return fail("usage.unknown-message", text, `The types are ${messageTypes.join(", ")}.`);
  }
  const asked = messageSchemas[type]();
  const { entries } = asked;
  // A key such as __proto__ is inherited by every table of keys, and must not pass for one of ours.
  for (const key of Object.keys(input)) {
    if (Object.hasOwn(entries, key)) continue;
    const text = `In ${type}, ${spell(shorten(key))} is not known here.`;
    return fail("usage.invalid-option", text, fieldsHint(type));
  }
  const schema: v.GenericSchema<unknown, Request> = asked;
  const parsed = v.safeParse(schema, input, { abortEarly: true });
  if (parsed.success) return checkTogether(parsed.output, spell);
  const [issue] = parsed.issues;
  const text = `In ${type}, ${describe(issue, input, spell)}.`;
  const hint = type === "init" ? fieldsHint(type) : `See rung help ${type}.`;
  return fail("usage.invalid-option", text, hint);
}
