// How a session reads its input: whatever the pieces, line ends and lengths, one reply a line, and in bounded memory.

import { expect, test } from "bun:test";
import { linesOf, type Line } from "../../src/input/lines.ts";
import { jsonLines, Place, type Reply } from "../rung.ts";
import { bytes, Peer } from "./peer.ts";

const ask = (id: number): string => `{"type":"log","msg_id":${id}}`;

function ids(replies: readonly Reply[]): unknown[] {
  return replies.map((reply) => reply["in_reply_to"]);
}

test("a message that comes a byte at a time is a message", async () => {
  using place = new Place();
  await using peer = new Peer(place);
  for (const byte of bytes(`${ask(1)}\r\n\n${ask(2)}\n`)) await peer.write(Uint8Array.of(byte));
  expect(ids([await peer.reply(), await peer.reply()])).toEqual([1, 2]);
  // A character of four bytes in four pieces, too.
  for (const byte of bytes(`{"type":"😀","msg_id":3}\n`)) await peer.write(Uint8Array.of(byte));
  expect((await peer.reply())["text"]).toContain(`"😀"`);
});

const endings: readonly (readonly [string, string | Uint8Array, readonly unknown[]])[] = [
  ["LF", `${ask(1)}\n${ask(2)}\n`, [1, 2]],
  ["CRLF", `${ask(1)}\r\n${ask(2)}\r\n`, [1, 2]],
  ["no newline at the end", `${ask(1)}\n${ask(2)}`, [1, 2]],
  ["a bare CR, which ends no line", `${ask(1)}\r${ask(2)}\n`, [null]],
  ["blank lines", `\n\r\n \n\t\n${ask(1)}\n\n   \n${ask(2)}\n\n`, [1, 2]],
  ["nothing but blank lines", "\n\r\n \t \n\n", []],
  ["a byte order mark", `\ufeff${ask(1)}\n${ask(2)}\n`, [1, 2]],
  ["a byte order mark on a line of its own", `\ufeff\n${ask(1)}\n`, [1]],
  ["half a message at the end", `${ask(1)}\n{"type":"lo`, [1, null]],
  ["half a character at the end", Buffer.from(`${ask(1)}\n😀`).subarray(0, -1), [1, null]],
  ["a form feed, which is blank too", `${ask(1)}\n\f\n${ask(2)}\n`, [1, 2]],
  [
    "U+2028, which ends no line",
    `${ask(1)}\n{"type":"log",\u2028"msg_id":2}\n${ask(3)}\n`,
    [1, null, 3],
  ],
];

for (const [what, stdin, expected] of endings) {
  test(`input with ${what}`, async () => {
    using place = new Place();
    const { stdout, stderr, status } = await place.rung([], { stdin });
    expect(ids(jsonLines(stdout))).toEqual([...expected]);
    expect(stderr).toBe("");
    expect(status).toBe(expected.includes(null) ? 1 : 0);
  });
}

test("a line of --max-line bytes is read, and one of a byte more is skipped to its newline", async () => {
  using place = new Place();
  const padded = (id: number, length: number): string => ask(id).padEnd(length);
  const lines = [padded(1, 100), padded(2, 101), ask(3), padded(4, 70_000), padded(5, 100)];
  const { stdout, status } = await place.rung(["--max-line", "100"], { stdin: lines.join("\n") });
  const replies = jsonLines(stdout);
  expect(ids(replies)).toEqual([1, null, 3, null, 5]);
  for (const at of [1, 3]) {
    expect(replies[at]).toMatchObject({
      code: 12,
      error: "usage.malformed-message",
      text: "The line is longer than 100 bytes, and was skipped.",
    });
  }
  expect(status).toBe(1);
});

test("16 MiB is the longest line where nothing else is said", async () => {
  using place = new Place();
  const limit = 16 * 1024 * 1024;
  const lines = [ask(1).padEnd(limit), ask(2).padEnd(limit + 1), ask(3)];
  const { stdout } = await place.rung([], { stdin: `${lines.join("\n")}\n` });
  const replies = jsonLines(stdout);
  expect(ids(replies)).toEqual([1, null, 3]);
  expect(replies[1]?.["text"]).toContain("16777216 bytes");
});

for (const wrong of ["0", "-1", "1.5", "many", "1e3"]) {
  test(`--max-line ${wrong} is refused`, async () => {
    using place = new Place();
    const { status, stdout, stderr } = await place.rung([`--max-line=${wrong}`], { stdin: ask(1) });
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("--max-line must be a number of bytes");
  });
}

/** The lines of pieces, as the session reads them. */
async function read(pieces: readonly Uint8Array[], limit: number): Promise<Line[]> {
  async function* arriving(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces) {
      const lent = piece.slice();
      yield lent;
      // The stream may use a piece's memory again once the next one is asked for.
      lent.fill(0);
    }
  }
  return Array.fromAsync(linesOf(arriving(), limit));
}

test("wherever the input is cut into pieces, the lines are the same", async () => {
  const text = "a\n\r\nüö😀\n\nlonger than ten\nten bytes.\nend";
  const whole = bytes(text);
  const expected: Line[] = text.split("\n").map((line) => {
    if (bytes(line).length > 10) return { kind: "too-long", limit: 10 };
    return { kind: "text", text: line };
  });
  expect(await read([whole.slice()], 10)).toEqual(expected);
  for (let first = 0; first <= whole.length; first++) {
    for (let second = first; second <= whole.length; second++) {
      const cuts = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
      expect(await read(cuts, 10)).toEqual(expected);
    }
  }
});

test("bytes that are no UTF-8 spoil their own line only", async () => {
  const bad: readonly (readonly number[])[] = [
    [0xff],
    [0xc3],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0x80],
    [0xe2, 0x82],
  ];
  for (const wrong of bad) {
    const pieces = [bytes("a\nb"), Uint8Array.from(wrong), bytes("\nc\n")];
    expect(await read(pieces, 100)).toEqual([
      { kind: "text", text: "a" },
      { kind: "not-utf8" },
      { kind: "text", text: "c" },
    ]);
  }
});
