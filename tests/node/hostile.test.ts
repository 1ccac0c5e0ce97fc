// Hostile lines, each between two good requests: exactly one reply to each, and the good ones are none the worse.

import { expect, test } from "bun:test";
import { shorten } from "../../src/shorten.ts";
import { jsonLines, Place } from "../rung.ts";
import { harmless, hostile } from "./hostile.ts";
import { bytes } from "./peer.ts";

/** No bad line is answered at a greater length. */
const longestReply = 1000;

function good(id: number): string {
  return `{"type":"status","msg_id":${id}}`;
}

/** Lines with a good request before, between and after them, which count from 1000. */
function between(lines: readonly (string | Uint8Array)[]): Uint8Array {
  const pieces = lines.flatMap((line, index) => [
    bytes(`${good(1000 + index)}\n`),
    typeof line === "string" ? bytes(line) : line,
    bytes("\n"),
  ]);
  return Buffer.concat([...pieces, bytes(good(1000 + lines.length))]);
}

test("each hostile line gets its error, in its place, and the session goes on", async () => {
  using place = new Place();
  const stdin = between(hostile.map(({ line }) => line));
  const { stdout, stderr, status } = await place.rung([], { stdin });
  const replies = jsonLines(stdout);
  expect([replies.length, stderr, status]).toEqual([2 * hostile.length + 1, "", 1]);
  hostile.forEach(({ what, code, inReplyTo }, index) => {
    const [before, reply] = replies.slice(2 * index);
    expect([what, before]).toMatchObject([
      what,
      { type: "migration_status", in_reply_to: 1000 + index },
    ]);
    expect([what, reply]).toMatchObject([
      what,
      { type: "error", in_reply_to: inReplyTo, code, changed: "nothing" },
    ]);
    expect([what, reply?.["text"]]).toEqual([what, expect.stringMatching(/\.$/)]);
    expect([what, reply?.["hint"]]).toEqual([what, expect.stringMatching(/\.$/)]);
  });
  expect(replies.at(-1)).toMatchObject({ type: "migration_status" });
  expect(place.list()).toEqual([]);
});

test("no error repeats more than a little of its line, and nothing that steers a terminal", async () => {
  using place = new Place();
  const { stdout } = await place.rung([], { stdin: between(hostile.map(({ line }) => line)) });
  for (const line of stdout.trimEnd().split("\n")) {
    expect(line.length).toBeLessThan(longestReply);
    // As it stands there, before anybody reads it as JSON.
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufffd]/);
    expect(line.isWellFormed()).toBe(true);
  }
  for (const { text } of jsonLines(stdout)) expect(String(text ?? "").isWellFormed()).toBe(true);
});

test("lines that only look hostile are requests", async () => {
  using place = new Place();
  const stdin = between(harmless.map(([, line]) => line));
  const { stdout, status } = await place.rung([], { stdin });
  const replies = jsonLines(stdout);
  expect(replies).toHaveLength(2 * harmless.length + 1);
  harmless.forEach(([what, , id], index) => {
    const reply = replies[2 * index + 1];
    expect([what, reply]).toEqual([what, { type: "log", in_reply_to: id, entries: [] }]);
  });
  expect(status).toBe(0);
});

test("the same lines as arguments are answered the same way", async () => {
  using place = new Place();
  // Only what starts with a brace is a message there, and no argument can hold a NUL or be as long as a line.
  const fitting = hostile.flatMap(({ line, ...expected }) => {
    const isFit = typeof line === "string" && line.length < 100_000 && /^\{[^\0]*$/.test(line);
    return isFit ? [{ line, ...expected }] : [];
  });
  expect(fitting.length).toBeGreaterThan(60);
  const { stdout, status } = await place.rung(fitting.map(({ line }) => line));
  const replies = jsonLines(stdout);
  expect(replies.map(({ code, in_reply_to }) => [code, in_reply_to])).toEqual(
    fitting.map(({ code, inReplyTo }) => [code, inReplyTo]),
  );
  expect(status).toBe(1);
});

test("what is cut short is cut between characters", () => {
  expect(shorten("x".repeat(100))).toBe("x".repeat(100));
  expect(shorten("x".repeat(101))).toBe(`${"x".repeat(100)}…`);
  expect(shorten("😀".repeat(51))).toBe(`${"😀".repeat(50)}…`);
  expect(shorten(`x${"😀".repeat(51)}`)).toBe(`x${"😀".repeat(49)}…`);
});
