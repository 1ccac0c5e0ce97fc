// A line of input -> a request: bare or enveloped, with its msg_id and its command.

import { readCommand, type Command } from "../command.ts";
import { failure, type Failure, messageOf } from "../failure.ts";
import { shorten } from "../shorten.ts";
import type { Line } from "./lines.ts";

/** Where an enveloped request came from and went to; null for a bare one. */
export interface Envelope {
  readonly src: string | undefined;
  readonly dest: string | undefined;
}

interface Address {
  readonly envelope: Envelope | null;
  /** Null where the request has none that can be used. */
  readonly msgId: number | null;
}

/** A request, or the failure that its line is. */
export type Request = Address &
  (
    | { readonly kind: "command"; readonly command: Command }
    | { readonly kind: "init" | "help" }
    | { readonly kind: "malformed"; readonly failure: Failure }
  );

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const example = `Send one JSON object a line, such as {"type":"status","msg_id":1}.`;

function malformed(address: Address, text: string, hint = example): Request {
  return { kind: "malformed", ...address, failure: failure("usage.malformed-message", text, hint) };
}

/** The longest name of a node that a reply repeats as its address. */
const longestName = 256;

function nameOf(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= longestName ? value : undefined;
}

/** Whether a reply can be sent back to where a request came from. */
function isAddress(value: unknown): boolean {
  return value === undefined || value === null || nameOf(value) !== undefined;
}

function readBody(body: Fields, envelope: Envelope | null): Request {
  const { msg_id: id, ...fields } = body;
  const msgId = typeof id === "number" && Number.isSafeInteger(id) ? id : null;
  const address = { envelope, msgId };
  if (id !== undefined && msgId === null) {
    return malformed(address, "The msg_id is not an integer that JSON can carry exactly.");
  }
  if (typeof fields["type"] !== "string") return malformed(address, "The message has no type.");
  const command = readCommand(fields, (key) => `the field ${JSON.stringify(key)}`);
  if (!command.ok) return { kind: "malformed", ...address, failure: command.failure };
  const { value } = command;
  if (value.type === "init" || value.type === "help") return { kind: value.type, ...address };
  return { kind: "command", ...address, command: value };
}

const nowhere: Address = { envelope: null, msgId: null };

function unread(line: Exclude<Line, { kind: "text" }>): Request {
  if (line.kind === "not-utf8") return malformed(nowhere, "The line is not valid UTF-8.");
  const text = `The line is longer than ${line.limit} bytes, and was skipped.`;
  return malformed(nowhere, text, "Send less at once, or raise the limit with --max-line.");
}

function readEnveloped({ src, dest, body }: Fields): Request {
  const envelope = { src: nameOf(src), dest: nameOf(dest) };
  const nobody = { envelope, msgId: null };
  if (!isFields(body)) return malformed(nobody, "The envelope's body is not a JSON object.");
  const request = readBody(body, envelope);
  if (isAddress(src) && isAddress(dest)) return request;
  const text = `The envelope's src and dest must be strings of at most ${longestName} characters.`;
  return malformed({ envelope, msgId: request.msgId }, text);
}

/** Reads one line; null for a blank one, which gets no reply. */
export function readRequest(line: Line): Request | null {
  if (line.kind !== "text") return unread(line);
  const text = line.text.charCodeAt(0) === 0xfeff ? line.text.slice(1) : line.text;
  if (text.trim() === "") return null;
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (error) {
    const reason = messageOf(error);
    return malformed(nowhere, `The line is not JSON: ${shorten(reason)}.`);
  }
  if (!isFields(message)) return malformed(nowhere, "The line is not a JSON object.");
  return Object.hasOwn(message, "body") ? readEnveloped(message) : readBody(message, null);
}
