// The schemas of messages -> the list of them, with their fields, that a program can ask for.

import { fieldRules, messageSchemas, type FieldRule } from "../command.ts";

/** A field of a message. */
export interface Field {
  readonly name: string;
  /** "integer", "boolean", "string", "path", "duration", "list" (of strings) or "choice". */
  readonly type: string;
  readonly required: boolean;
  /** The value that it has when it is left out, if it has one. */
  readonly default?: unknown;
  /** The values of a choice. */
  readonly values?: readonly unknown[];
  /** The least value of an integer. */
  readonly minimum?: number;
  /** The words that can stand in place of a number. */
  readonly or?: readonly unknown[];
}

/** A message that can be asked. */
export interface MessageForm {
  readonly type: string;
  readonly fields: readonly Field[];
  /** Which of the fields go together, where that matters. */
  readonly rules?: readonly FieldRule[];
}

interface SchemaLike {
  readonly type: string;
  readonly wrapped?: SchemaLike;
  readonly default?: unknown;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly pipe?: readonly unknown[];
  readonly requirement?: unknown;
}

function isSchema(value: unknown): value is SchemaLike {
  return typeof value === "object" && value !== null && "type" in value;
}

const typeNames: Readonly<Record<string, string>> = {
  number: "integer",
  array: "list",
};

function minimumOf({ pipe = [] }: SchemaLike): { readonly minimum?: number } {
  const least = pipe.filter(isSchema).find((action) => action.type === "min_value")?.requirement;
  return typeof least === "number" ? { minimum: least } : {};
}

/** The only text that must not be empty is a path. */
function isPath({ type, pipe = [] }: SchemaLike): boolean {
  return type === "string" && pipe.filter(isSchema).some((action) => action.type === "non_empty");
}

/** What a value can be. */
function kindOf(schema: SchemaLike): Omit<Field, "name" | "required" | "default"> {
  const { type, options = [] } = schema;
  if (isPath(schema)) return { type: "path" };
  if (type === "picklist") return { type: "choice", values: options };
  // The only type that is none of valibot's.
  if (type === "custom") return { type: "duration" };
  if (type !== "union") return { type: typeNames[type] ?? type, ...minimumOf(schema) };
  const ways = options.filter(isSchema);
  // A number, or a word in its place.
  const number = ways.find((way) => way.type === "number");
  const words = ways.filter((way) => way.type === "literal").map(({ literal }) => literal);
  return { type: "integer", ...(number === undefined ? {} : minimumOf(number)), or: words };
}

function fieldOf(name: string, schema: SchemaLike): Field {
  const isOptional = schema.type === "optional";
  const inner = isOptional && schema.wrapped !== undefined ? schema.wrapped : schema;
  return {
    name,
    ...kindOf(inner),
    required: !isOptional,
    ...(schema.default === undefined ? {} : { default: schema.default }),
  };
}

/** Every message, in the order of their schemas; each can carry a `msg_id` besides. */
export function messageForms(): readonly MessageForm[] {
  return Object.values(messageSchemas).map((schema) => {
    const { entries } = schema();
    const type = entries.type.literal;
    const fields = Object.entries<SchemaLike>(entries)
      .filter(([name]) => name !== "type")
      .map(([name, schema]) => fieldOf(name, schema));
    const rules = fieldRules[type];
    return { type, fields, ...(rules === undefined ? {} : { rules }) };
  });
}
