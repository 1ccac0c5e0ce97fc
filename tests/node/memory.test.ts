// What a session needs of memory stays bounded: for many requests, for long lines, and for a reader that stalls.

import { expect, test } from "bun:test";
import { json, Place } from "../rung.ts";
import { bytes, Peer } from "./peer.ts";

const mebi = 1024 * 1024;

function statuses(from: number, to: number): string {
  let text = "";
  for (let id = from; id < to; id++) text += `{"type":"status","msg_id":${id}}\n`;
  return text;
}

test("20,000 pipelined requests are answered in order, and the last 15,000 cost no memory", async () => {
  using place = new Place();
  await using peer = new Peer(place);
  await peer.ask({ type: "migrate" });
  const sent = peer.write(statuses(0, 20_000));
  let settled = 0;
  for (let id = 0; id < 20_000; id++) {
    const reply = await peer.reply();
    if (reply["in_reply_to"] !== id) throw new Error(`${id} got ${JSON.stringify(reply)}`);
    if (id === 4_999) settled = peer.memory.resident;
  }
  await sent;
  expect(settled).toBeGreaterThan(1);
  expect(peer.memory.resident - settled).toBeLessThan(16);
  expect(await peer.end()).toEqual({ rest: [], status: 0, stderr: "" });
});

const longLines: readonly (readonly [string, string, string])[] = [
  ["of text", `{"type":"status","msg_id":1,"x":"`, "x"],
  ["of blanks", "", " "],
  ["of open brackets", "", "["],
  ["of bytes that are no UTF-8", "", "\u0080"],
];

for (const [what, start, filler] of longLines) {
  test(`a line of 64 MiB ${what} is skipped in less than 256 MiB`, async () => {
    using place = new Place();
    await using peer = new Peer(place);
    await peer.write(start);
    const block = Buffer.alloc(mebi, filler, "latin1");
    for (let written = 0; written < 64; written++) await peer.write(block);
    await peer.write(`\n{"type":"log","msg_id":2}\n`);
    expect(await peer.reply()).toMatchObject({ code: 12, in_reply_to: null });
    expect(await peer.reply()).toMatchObject({ type: "log", in_reply_to: 2 });
    expect(peer.memory.peak).toBeLessThan(256);
  });
}

test("a line of 16 MiB that comes in small pieces is read in less than 256 MiB", async () => {
  using place = new Place();
  await using peer = new Peer(place);
  const start = `{"type":"status","msg_id":1,"x":"`;
  await peer.write(start);
  const piece = new Uint8Array(509).fill(0x78);
  for (let left = 16 * mebi - start.length - 3; left > 0; left -= piece.length) {
    await peer.write(piece.subarray(0, Math.min(left, piece.length)));
  }
  await peer.write(`"}\n`);
  expect(await peer.reply()).toMatchObject({ code: 12, in_reply_to: 1 });
  expect(peer.memory.peak).toBeLessThan(256);
});

test("while the reader stalls, requests wait in the pipe and not in memory; nothing is lost", async () => {
  using place = new Place();
  await using peer = new Peer(place);
  await peer.ask({ type: "migrate" });
  const count = 60_000;
  const input = bytes(statuses(0, count));
  let taken = 0;
  const sent = (async () => {
    for (let at = 0; at < input.length; at += 64 * 1024) {
      await peer.write(input.subarray(at, at + 64 * 1024));
      taken = at;
    }
  })();
  // The pipes fill up until nothing moves: then the session waits for its reader, and we for the session.
  for (let before = -1; before < taken;) {
    before = taken;
    await Bun.sleep(200);
  }
  const stalled = peer.memory.resident;
  for (let id = 0; id < count; id++) {
    const line = await peer.line();
    if (id % 1000 === 0) expect(json(line)["in_reply_to"]).toBe(id);
  }
  await sent;
  expect(stalled).toBeLessThan(128);
  expect(peer.memory.peak).toBeLessThan(128);
  expect(await peer.end()).toEqual({ rest: [], status: 0, stderr: "" });
});
