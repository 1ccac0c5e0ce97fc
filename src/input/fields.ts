// The schemas of messages -> the list of them, with their fields, that a program can ask for.

import { messageSchemas } from "../command.ts";

/** A field of a message. */
export interface Field {
  readonly name: string;
  /** "integer", "boolean", "string", "duration", "list" or "choice". */
  readonly type: string;
  readonly required: boolean;
  /** The value that it has when it is left out, if it has one. */
  readonly default?: unknown;
  /** The values of a choice. */
  readonly values?: readonly unknown[];
}

/** A message that can be asked. */
export interface MessageForm {
  readonly type: string;
  readonly fields: readonly Field[];
}

interface SchemaLike {
  readonly type: string;
  readonly wrapped?: SchemaLike;
  readonly default?: unknown;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
}

function isSchema(value: unknown): value is SchemaLike {
  return typeof value === "object" && value !== null && "type" in value;
}

const typeNames: Readonly<Record<string, string>> = {
  number: "integer",
  array: "list",
  picklist: "choice",
};

function typeOf(schema: SchemaLike): string {
  if (schema.type !== "union") return typeNames[schema.type] ?? schema.type;
  const kinds = (schema.options ?? []).filter(isSchema).map(({ type }) => type);
  // The only union of text and number is a duration; any other is a number, or a word in its place.
  return kinds.includes("string") ? "duration" : "integer";
}

function valuesOf(schema: SchemaLike): readonly unknown[] | null {
  if (schema.type === "picklist") return schema.options ?? [];
  if (schema.type !== "union") return null;
  const words = (schema.options ?? []).filter(isSchema).filter(({ type }) => type === "literal");
  return words.length === 0 ? null : words.map(({ literal }) => literal);
}

function fieldOf(name: string, schema: SchemaLike): Field {
  const isOptional = schema.type === "optional";
  const inner = isOptional && schema.wrapped !== undefined ? schema.wrapped : schema;
  const values = valuesOf(inner);
  return {
    name,
    type: typeOf(inner),
    required: !isOptional,
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(values === null ? {} : { values }),
  };
}

/** Every message, in the order of their schemas; each can carry a `msg_id` besides. */
export function messageForms(): readonly MessageForm[] {
  return Object.entries(messageSchemas).map(([type, { entries }]) => {
    const fields = Object.entries<SchemaLike>(entries)
      .filter(([name]) => name !== "type")
      .map(([name, schema]) => fieldOf(name, schema));
    return { type, fields };
  });
}
