// What a process says that it did, in whichever of its three voices it was asked.

import * as v from "valibot";
import type { Ended } from "./harness.ts";

/** How a process is asked: a command, a command with --json, or a protocol message. */
export type Voice = "text" | "json" | "message";
export type CommandName = "migrate" | "rollback" | "redo";

/** The words that ask for a command, with its options, in a voice. */
export function wordsFor(
  voice: Voice,
  command: CommandName,
  options: Readonly<Record<string, string | number>>,
): readonly string[] {
  if (voice === "message") return [JSON.stringify({ type: command, msg_id: 7, ...options })];
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return [command, ...flags, ...(voice === "json" ? ["--json"] : [])];
}

/** What was said. */
export interface Claims {
  /** Versions that are said to be applied or rolled back, in order. */
  readonly stepped: readonly number[];
  /** The failure's code; null where success is claimed. */
  readonly code: string | null;
  /** Null where the voice doesn't say. */
  readonly changed: string | null;
  /** The version that is said to be at fault. */
  readonly failed: number | null;
}

const named = v.looseObject({ version: v.number(), name: v.string() });

const run = { count: v.number(), migrations: v.array(named), drift: v.strictTuple([]) };

const jsonSchema = v.union([
  v.looseObject({ ok: v.literal(true), ...run }),
  v.looseObject({
    ok: v.literal(false),
    ...run,
    failed: v.nullable(named),
    error: v.looseObject({ code: v.string(), text: v.string(), changed: v.string() }),
  }),
]);

const replySchema = v.variant("type", [
  v.strictObject({
    type: v.literal("migrations_applied"),
    in_reply_to: v.literal(7),
    count: v.number(),
    migrations: v.array(
      v.strictObject({ version: v.number(), name: v.string(), status: v.literal("applied") }),
    ),
  }),
  v.strictObject({
    type: v.picklist(["migrations_rolled_back", "migrations_redone"]),
    in_reply_to: v.literal(7),
    count: v.number(),
    migrations: v.array(
      v.strictObject({
        version: v.number(),
        name: v.string(),
        status: v.picklist(["applied", "rolled_back"]),
      }),
    ),
  }),
  v.strictObject({
    type: v.literal("migration_rolled_back"),
    in_reply_to: v.literal(7),
    version: v.number(),
    name: v.string(),
  }),
  v.looseObject({
    type: v.literal("error"),
    in_reply_to: v.literal(7),
    code: v.number(),
    error: v.string(),
    changed: v.string(),
    applied: v.optional(v.array(named), []),
    failed: v.optional(v.nullable(named), null),
  }),
]);

const success = { code: null, changed: null, failed: null } as const;

function versionsOf(named: readonly { readonly version: number }[]): readonly number[] {
  return named.map(({ version }) => version);
}

function fromText({ stdout, stderr }: Ended): Claims {
  const stepped: number[] = [];
  for (const line of stdout.split("\n")) {
    const [, version] =
      /^(?:applied|rolled back) (\d+) \w+ \((?:\d+ ms|\d+\.\d s)\)$/.exec(line) ?? [];
    if (version !== undefined) stepped.push(Number(version));
    else if (line !== "" && !/^Nothing to (apply|roll back)( above version \d+)?: /.test(line)) {
      throw new Error(`unexpected on stdout: ${line}`);
    }
  }
  // Nobody but us has changed a schema here, so that drift would be one that isn't there.
  if (stderr.includes("drifted")) throw new Error(`unexpected on stderr: ${stderr}`);
  const [, code = null] = /^rung: .*\[([a-z.-]+)\]$/m.exec(stderr) ?? [];
  if (code === null && stderr !== "") throw new Error(`unexpected on stderr: ${stderr}`);
  return { ...success, stepped, code };
}

function fromJson({ stdout, stderr }: Ended): Claims {
  if (stderr !== "") throw new Error(`unexpected on stderr: ${stderr}`);
  const said = v.parse(jsonSchema, JSON.parse(stdout));
  const stepped = versionsOf(said.migrations);
  if (said.count !== stepped.length) throw new Error(`count is ${said.count}: ${stdout}`);
  if (said.ok) return { ...success, stepped };
  const { error, failed } = said;
  return { stepped, code: error.code, changed: error.changed, failed: failed?.version ?? null };
}

function fromReply({ stdout, stderr }: Ended): Claims {
  if (stderr !== "") throw new Error(`unexpected on stderr: ${stderr}`);
  const said = v.parse(replySchema, JSON.parse(stdout));
  switch (said.type) {
    case "migrations_applied":
    case "migrations_rolled_back":
    case "migrations_redone":
      if (said.count !== said.migrations.length) throw new Error(`count is ${said.count}`);
      return { ...success, stepped: versionsOf(said.migrations) };
    case "migration_rolled_back":
      return { ...success, stepped: [said.version] };
    case "error": {
      const { applied, error, changed, failed } = said;
      const stepped = versionsOf(applied);
      return { stepped, code: error, changed, failed: failed?.version ?? null };
    }
  }
}

/** Reads what a process said. Throws where it said anything else. */
export function claimsOf(ended: Ended, voice: Voice): Claims {
  switch (voice) {
    case "text":
      return fromText(ended);
    case "json":
      return fromJson(ended);
    case "message":
      return fromReply(ended);
  }
}

const exits: Readonly<Record<string, number>> = {
  history: 4,
  schema: 4,
  database: 5,
  step: 6,
  guard: 6,
};

/** The exit status that goes with what was said. */
export function exitFor({ code }: Claims, voice: Voice): number {
  if (code === null) return 0;
  if (voice === "message") return 1;
  return exits[code.split(".", 1)[0] ?? ""] ?? 70;
}
