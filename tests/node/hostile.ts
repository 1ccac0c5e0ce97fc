// A corpus of hostile lines, each with the reply that it must get.

import { bytes } from "./peer.ts";

/** A line, and the error that answers it. */
export interface Hostile {
  readonly what: string;
  /** Without its newline. */
  readonly line: string | Uint8Array;
  readonly code: 10 | 12;
  readonly inReplyTo: number | null;
}

function bad(what: string, line: string | Uint8Array, inReplyTo: number | null = null): Hostile {
  return { what, line, code: 12, inReplyTo };
}

function unknown(what: string, line: string, inReplyTo: number | null = 7): Hostile {
  return { what, line, code: 10, inReplyTo };
}

function spoiled(before: string, wrong: readonly number[], after: string): Uint8Array {
  return Buffer.concat([bytes(before), Uint8Array.from(wrong), bytes(after)]);
}

const deep = 100_000;

const noJson: readonly Hostile[] = [
  bad("a word", "status"),
  bad("half a message", `{"type":"status","msg_id":7`),
  bad("two messages in a line", `{"type":"status","msg_id":7}{"type":"status","msg_id":8}`),
  bad("a comma too many", `{"type":"status","msg_id":7,}`),
  bad("single quotes", `{'type':'status','msg_id':7}`),
  bad("no quotes", `{type:"status"}`),
  bad("a comment", `{"type":"status"} // msg_id 7`),
  bad("a long word", "a".repeat(100_000)),
  bad("a raw control character in a string", `{"type":"sta\u0001tus"}`),
  bad("a raw NUL between", `{"type":"status",\u0000"msg_id":7}`),
  bad("a raw NUL in a string", `{"type":"status\u0000","msg_id":7}`),
  bad("NUL alone", "\u0000"),
  bad("an escape sequence for terminals", "\u001b[2J\u001b]0;title\u0007"),
  bad("its one-character form", "\u009b2J"),
  bad("an identifier that turns the direction", "\u202emigrate"),
  bad("NaN", `{"type":"status","msg_id":NaN}`),
  bad("a leading zero", `{"type":"status","msg_id":07}`),
  bad("a plus sign", `{"type":"status","msg_id":+7}`),
  bad("a byte order mark inside", `{"type":"status",\ufeff"msg_id":7}`),
  bad("two byte order marks in the middle of a session", `\ufeff\ufeff\ufeff{"type":"status"}`),
  bad("many open brackets", "[".repeat(deep)),
  bad("many open braces", `{"a":`.repeat(deep)),
  bad("a byte that UTF-8 has not", spoiled(`{"type":"`, [0xff], `"}`)),
  bad("a lone surrogate in bytes", spoiled(`{"type":"`, [0xed, 0xa0, 0x80], `"}`)),
  bad("an overlong slash", spoiled(`{"type":"`, [0xc0, 0xaf], `"}`)),
  bad("half a character", spoiled(`{"type":"status","msg_id":7}`, [0xf0, 0x9f], "")),
];

const noObject: readonly Hostile[] = [
  bad("a list", `[{"type":"status","msg_id":7}]`),
  bad("null", "null"),
  bad("true", "true"),
  bad("a number", "1e400"),
  bad("a string", `"status"`),
  bad("nested lists", `${"[".repeat(deep)}${"]".repeat(deep)}`),
  bad("a body that is null", `{"src":"a","dest":"b","body":null}`),
  bad("a body that is a list", `{"src":"a","dest":"b","body":[{"type":"status","msg_id":7}]}`),
  bad("a body that is a string", `{"body":"{\\"type\\":\\"status\\"}"}`),
  bad("a body that is a number", `{"body":-0}`),
  bad("a body in a body", `{"body":{"body":{"type":"status","msg_id":7}}}`),
];

const noType: readonly Hostile[] = [
  bad("nothing", "{}"),
  bad("no type", `{"msg_id":7}`, 7),
  bad("a type of null", `{"type":null,"msg_id":7}`, 7),
  bad("a type that is a number", `{"type":1,"msg_id":7}`, 7),
  bad("a type that is a list", `{"type":["status"],"msg_id":7}`, 7),
  bad("a type that is an object", `{"type":{"toString":"status"},"msg_id":7}`, 7),
  bad("a type that is deep", `{"msg_id":7,"type":${"[".repeat(deep)}${"]".repeat(deep)}}`, 7),
  bad("a type behind the prototype", `{"__proto__":{"type":"status"},"msg_id":7}`, 7),
  bad("an empty body", `{"src":"a","dest":"b","body":{}}`),
  unknown("an empty type", `{"type":"","msg_id":7}`),
  unknown("a type in capitals", `{"type":"STATUS","msg_id":7}`),
  unknown("a type with a space", `{"type":"status ","msg_id":7}`),
  unknown("a type with NUL", `{"type":"status\\u0000","msg_id":7}`),
  unknown("a type with half a character", `{"type":"\\ud83d","msg_id":7}`),
  unknown("a type that is our reply", `{"type":"migration_status","msg_id":7}`),
  unknown("a type that is a command for people", `{"type":"new","msg_id":7}`),
  unknown("an alias of a command", `{"type":"up","msg_id":7}`),
  unknown("a type that steers a terminal", `{"type":"\\u001b[2J\u007f\u009b\u0085","msg_id":7}`),
  unknown("a type that turns the direction", `{"type":"\u202e\u2066status","msg_id":7}`),
  unknown("a long type", `{"type":"${"x".repeat(1_000_000)}","msg_id":7}`),
  unknown("a long type of characters in two halves", `{"type":"x${"😀".repeat(99)}","msg_id":7}`),
  unknown("a type and a bad field", `{"type":"sing","msg_id":7,"steps":"x"}`),
  unknown("an unknown type without a msg_id", `{"type":"sing"}`, null),
  ...["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "type"].map((name) =>
    unknown(`a type by the inherited name ${name}`, `{"type":"${name}","msg_id":7}`),
  ),
];

const badIds = [
  ...[`"7"`, "1.5", "null", "true", "[7]", "{}", `""`, "1e400", "-1e400", "1e-5"],
  ...["9007199254740992", "-9007199254740992", "9".repeat(1000), "0.1e1000000", `"__proto__"`],
].map((id) => bad(`a msg_id of ${id.slice(0, 20)}`, `{"type":"status","msg_id":${id}}`));

const badFields: readonly Hostile[] = [
  ...["stepz", "Detail", "", "constructor", "toString", "__proto__", "in_reply_to", "src"].map(
    (field) => bad(`the field ${field}`, `{"type":"status","msg_id":7,"${field}":1}`, 7),
  ),
  bad("a field of another message", `{"type":"rollback","msg_id":7,"commit":"each"}`, 7),
  bad("an option's spelling", `{"type":"migrate","msg_id":7,"dry-run":true}`, 7),
  bad("a field that is half a character", `{"type":"status","msg_id":7,"\\udc00":1}`, 7),
  bad("a field that steers a terminal", `{"type":"status","msg_id":7,"\u009b2J\\u001b":1}`, 7),
  bad("a long field", `{"type":"status","msg_id":7,"${"😀".repeat(100_000)}":1}`, 7),
  bad("many fields", `{"type":"status","msg_id":7,${`"a":1,`.repeat(100_000)}"b":1}`, 7),
  bad(
    "a field that is deep",
    `{"type":"status","msg_id":7,"x":${`{"a":`.repeat(deep)}1${"}".repeat(deep)}}`,
    7,
  ),
  bad(
    "a deep value of a known field",
    `{"type":"migrate","msg_id":7,"to":${"[".repeat(deep)}${"]".repeat(deep)}}`,
    7,
  ),
  bad("a known field of null", `{"type":"status","msg_id":7,"detail":null}`, 7),
  bad("no steps at all", `{"type":"migrate","msg_id":7,"steps":0}`, 7),
  bad("a target below zero", `{"type":"rollback","msg_id":7,"to":-1}`, 7),
  bad("a huge number", `{"type":"migrate","msg_id":7,"steps":1e400}`, 7),
  bad("a version that is none", `{"type":"baseline","msg_id":7,"version":-0}`, 7),
  bad("a duration without end", `{"type":"status","msg_id":7,"lock_timeout":1e309}`, 7),
  bad("a long duration", `{"type":"status","msg_id":7,"lock_timeout":"${"9".repeat(100_000)}"}`, 7),
  bad("a choice by an inherited name", `{"type":"migrate","msg_id":7,"commit":"toString"}`, 7),
  bad("an init that lacks its fields", `{"type":"init","msg_id":7}`, 7),
  bad(
    "an init with a number among its nodes",
    `{"type":"init","msg_id":7,"node_id":"n","node_ids":[1]}`,
    7,
  ),
  bad(
    "duplicate keys, the last one bad",
    `{"type":"status","msg_id":7,"detail":true,"detail":1}`,
    7,
  ),
  bad("a duplicate msg_id, the last one bad", `{"type":"status","msg_id":7,"msg_id":"8"}`),
  unknown("a duplicate type, the last one unknown", `{"type":"status","msg_id":7,"type":"sing"}`),
];

const badEnvelopes: readonly Hostile[] = [
  bad("an envelope from a number", `{"src":7,"dest":"b","body":{"type":"status","msg_id":7}}`, 7),
  bad("an envelope to a list", `{"src":"a","dest":["b"],"body":{"type":"status","msg_id":7}}`, 7),
  bad(
    "an envelope from afar",
    `{"src":"${"a".repeat(1_000_000)}","dest":"b","body":{"type":"status","msg_id":7}}`,
    7,
  ),
  bad(
    "a bad field in an envelope",
    `{"src":"a","dest":"b","body":{"type":"status","msg_id":7,"x":1}}`,
    7,
  ),
  bad(
    "a msg_id outside of the body",
    `{"src":"a","dest":"b","msg_id":7,"body":{"type":"status","x":1}}`,
  ),
  unknown(
    "an unknown type in an envelope",
    `{"src":"a","dest":"b","body":{"type":"sing","msg_id":7}}`,
  ),
];

/** Lines that are answered with an error. */
export const hostile: readonly Hostile[] = [
  ...noJson,
  ...noObject,
  ...noType,
  ...badIds,
  ...badFields,
  ...badEnvelopes,
];

/** Lines that only look hostile, by the msg_id that their reply, which is no error, is to. */
export const harmless: readonly (readonly [what: string, line: string, id: number | null])[] = [
  ["a msg_id of 0", `{"type":"log","msg_id":0}`, 0],
  ["a msg_id of -0", `{"type":"log","msg_id":-0}`, 0],
  ["a negative msg_id", `{"type":"log","msg_id":-7}`, -7],
  ["the largest msg_id", `{"type":"log","msg_id":9007199254740991}`, Number.MAX_SAFE_INTEGER],
  ["the least msg_id", `{"type":"log","msg_id":-9007199254740991}`, Number.MIN_SAFE_INTEGER],
  ["an integer with an exponent", `{"type":"log","msg_id":7e2}`, 700],
  ["an integer with a fraction of nothing", `{"type":"log","msg_id":7.0}`, 7],
  ["duplicate keys, the last ones good", `{"type":"sing","msg_id":"x","type":"log","msg_id":7}`, 7],
  ["two bodies, the last one good", `{"body":7,"body":{"type":"log","msg_id":7}}`, 7],
  ["keys in escapes", `{"\\u0074ype":"\\u006cog","msg\\u005fid":7}`, 7],
  ["an envelope without addresses", `{"body":{"type":"log","msg_id":7}}`, 7],
  ["addresses of null", `{"src":null,"dest":null,"body":{"type":"log","msg_id":7}}`, 7],
  ["odd names of nodes", `{"src":"","dest":"\\ud800","body":{"type":"log","msg_id":7}}`, 7],
  ["an envelope with a type of its own", `{"type":"sing","body":{"type":"log","msg_id":7}}`, 7],
  [
    "deep fields of an envelope",
    `{"x":${"[".repeat(deep)}${"]".repeat(deep)},"body":{"type":"log","msg_id":7}}`,
    7,
  ],
  ["an envelope with a prototype", `{"__proto__":{"body":1},"body":{"type":"log","msg_id":7}}`, 7],
  ["no msg_id", `{"type":"log"}`, null],
];
