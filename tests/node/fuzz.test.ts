// Random mutations of good requests: one reply to each line that is not blank, in order, to the right msg_id.

import { expect, test } from "bun:test";
import { messageTypes } from "../../src/command.ts";
import { jsonLines, Place, table, type Reply } from "../rung.ts";
import { bytes } from "./peer.ts";

/** Another seed looks elsewhere: RUNG_FUZZ_SEED=7 bun test tests/node/fuzz.test.ts */
const seed = Number(process.env["RUNG_FUZZ_SEED"] ?? 1);
const rounds = Number(process.env["RUNG_FUZZ_ROUNDS"] ?? 6000);

/** The msg_id of the first request in between: further away than a mutation gets. */
const firstGood = 7_000_000_000_000;

/** A generator of whole numbers below a bound (mulberry32). */
function randomly(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Requests that only look, so that a mutation cannot hit on one that changes what the next ones find. */
const seeds = [
  `{"type":"status","msg_id":12345}`,
  `{"type":"status","msg_id":7,"detail":true,"check":false,"lock_timeout":"2s"}`,
  `{"type":"plan","msg_id":-8,"steps":2,"allow_out_of_order":true}`,
  `{"type":"plan","rollback":true,"to":0,"msg_id":9}`,
  `{"type":"log","msg_id":10}`,
  `{"type":"schema","msg_id":11,"lock_timeout":0.5}`,
  `{"type":"help","msg_id":0}`,
  `{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2"]}`,
  `{"src":"c1","dest":"n1","body":{"type":"log","msg_id":13}}`,
  `{"id":4,"src":"c1","dest":"n1","body":{"type":"status","msg_id":14,"detail":false}}`,
].map(bytes);

/** Bytes that mean something to somebody on the way. */
const telling = [
  0, 9, 10, 13, 32, 34, 44, 45, 46, 48, 57, 58, 91, 92, 93, 101, 117, 123, 125,
].concat([0x7f, 0x80, 0x9b, 0xa0, 0xbf, 0xc0, 0xc2, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xff]);

function mutated(line: Uint8Array, random: (below: number) => number): Uint8Array {
  let found = [...line];
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(found.length + 1);
    const byte = random(2) === 0 ? random(256) : (telling[random(telling.length)] ?? 0);
    const length = random(12);
    const piece = found.slice(at, at + length);
    switch (random(6)) {
      case 0:
        found = found.with(Math.min(at, Math.max(0, found.length - 1)), byte);
        break;
      case 1:
        found.splice(at, 0, byte);
        break;
      case 2:
        found.splice(at, length);
        break;
      case 3:
        found.splice(random(found.length + 1), 0, ...piece);
        break;
      case 4:
        found.splice(at, 1, (found[at] ?? 0) ^ (1 << random(8)));
        break;
      case 5:
        found = found.slice(0, at);
        break;
    }
    if (found.length === 0) break;
  }
  return Uint8Array.from(found);
}

/** What a line must be answered with: to which msg_id, and with which code where that is sure. */
interface Expected {
  readonly inReplyTo: number | null;
  readonly code: 10 | 12 | "any";
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const spoiled: Expected = { inReplyTo: null, code: 12 };

function expectedOf(line: Uint8Array): Expected | null {
  let message: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(line);
    if (text.trim() === "") return null;
    message = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return spoiled;
  }
  if (!isFields(message)) return spoiled;
  const body = Object.hasOwn(message, "body") ? message["body"] : message;
  if (!isFields(body)) return spoiled;
  const { type, msg_id: id } = body;
  const isUsable = typeof id === "number" && Number.isSafeInteger(id);
  const inReplyTo = isUsable ? id : null;
  if (typeof type !== "string" || (Object.hasOwn(body, "msg_id") && !isUsable)) {
    return { inReplyTo, code: 12 };
  }
  return { inReplyTo, code: messageTypes.includes(type) ? "any" : 10 };
}

function linesOf(input: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = input.indexOf(10); end >= 0; end = input.indexOf(10, start)) {
    lines.push(input.subarray(start, end));
    start = end + 1;
  }
  return [...lines, input.subarray(start)];
}

/** The body of a reply: a mutation may have been an init, and made the session a network. */
function bodyOf(reply: Reply): Fields {
  return isFields(reply["body"]) ? reply["body"] : reply;
}

test(`${rounds} mutations of good requests, from seed ${seed}`, async () => {
  const random = randomly(seed);
  const pieces = Array.from({ length: rounds }, (_, index) => [
    mutated(seeds[index % seeds.length] ?? bytes("{}"), random),
    bytes(`\n{"type":"status","msg_id":${firstGood + index}}\n`),
  ]);
  const input = Buffer.concat(pieces.flat());
  const expected = linesOf(input).flatMap((line) => {
    const found = expectedOf(line);
    return found === null ? [] : [{ ...found, line }];
  });

  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  await place.rung(["migrate"]);
  const { stdout, stderr } = await place.rung([], { stdin: input });
  const replies = jsonLines(stdout).map(bodyOf);
  expect(stderr).toBe("");
  expected.forEach(({ inReplyTo, code, line }, index) => {
    const reply = replies[index] ?? {};
    const isSure = code === "any" || reply["code"] === code;
    if (reply["in_reply_to"] === inReplyTo && isSure) return;
    const shown = Buffer.from(line).toString("latin1");
    throw new Error(
      `Seed ${seed}, line ${index}: ${shown}\nwas answered: ${JSON.stringify(reply)}`,
    );
  });
  expect(replies).toHaveLength(expected.length);
  // The good ones in between were all found, and are none the worse.
  const goodOnes = replies.filter(({ type, in_reply_to: id }) => {
    const at = Number(id) - firstGood;
    return type === "migration_status" && at >= 0 && at < rounds;
  });
  expect(goodOnes).toHaveLength(rounds);
  // A mutation that is always refused, or never, would show nothing.
  const errors = replies.filter((reply) => reply["type"] === "error").length;
  expect(errors).toBeGreaterThan(rounds / 2);
  expect(replies.length - errors).toBeGreaterThan(rounds);
  expect(place.applied()).toEqual([1, 2]);
});
