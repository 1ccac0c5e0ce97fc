// --events: what happens while a request runs comes as lines before its reply.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { jsonLines, Place, table, type Reply } from "../rung.ts";
import { Peer } from "./peer.ts";

const took = expect.any(Number);

function step(event: string, direction: string, version: number, id: number | null): Reply {
  const name = version === 1 ? "a" : "b";
  const more = event === "durable" ? { duration_ms: took } : {};
  return { type: "event", event, direction, version, name, ...more, in_reply_to: id };
}

async function exchange(place: Place, words: string[], lines: readonly string[]): Promise<Reply[]> {
  const { stdout, stderr } = await place.rung(words, { stdin: lines.join("\n") });
  expect(stderr).toBe("");
  return jsonLines(stdout);
}

const migrate = `{"type":"migrate","msg_id":1,"commit":"each"}`;
const rollback = `{"type":"rollback","msg_id":2}`;

test("each step is told when it begins, and when it is durable; the reply comes last", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  const lines = [migrate, `{"type":"status","msg_id":5}`, rollback];
  const found = await exchange(place, ["--events"], lines);
  expect(found.filter(({ type }) => type === "event")).toEqual([
    step("running", "up", 1, 1),
    step("durable", "up", 1, 1),
    step("running", "up", 2, 1),
    step("durable", "up", 2, 1),
    step("running", "down", 2, 2),
    step("durable", "down", 2, 2),
  ]);
  const order = found.map(({ type, in_reply_to: id }) => [type, id]);
  expect(order).toEqual([
    ...Array.from({ length: 4 }, () => ["event", 1]),
    ["migrations_applied", 1],
    ["migration_status", 5],
    ["event", 2],
    ["event", 2],
    ["migration_rolled_back", 2],
  ]);
  for (const event of found.filter(({ type }) => type === "event")) {
    expect(Object.keys(event).slice(0, 2)).toEqual(["type", "event"]);
    expect(Object.keys(event).at(-1)).toBe("in_reply_to");
  }
});

test("the replies are those of a session without events", async () => {
  const lines = [migrate, rollback, `{"type":"plan"}`, `{"type":"migrate","steps":1}`, "nonsense"];
  const [plain, eventful] = await Promise.all(
    [[], ["--events"]].map(async (words) => {
      using place = new Place();
      return await exchange(place, words, lines);
    }),
  );
  expect(eventful?.filter(({ type }) => type !== "event")).toEqual(plain ?? []);
  expect(plain?.some(({ type }) => type === "event")).toBe(false);
});

test("drift and notes are events; a failed run tells what began, and what became durable", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  await place.rung(["migrate"]);
  place.execute("CREATE TABLE stray (x)");
  place.write({ "2_b.sql": "-- migrate:up\nINSERT INTO nowhere VALUES (1);\n" });
  const found = await exchange(place, ["--events"], [migrate]);
  expect(found).toEqual([
    expect.objectContaining({ type: "event", event: "drift", in_reply_to: 1 }),
    step("running", "up", 2, 1),
    expect.objectContaining({ type: "error", code: 14, in_reply_to: 1 }),
  ]);
  expect(found[0]?.["drift"]).toEqual([expect.objectContaining({ name: "stray" })]);
});

test("a wait for a lock is told while it lasts", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  place.execute("CREATE TABLE other (x)");
  using other = new Database(place.at("rung.db"));
  other.run("BEGIN IMMEDIATE");
  await using peer = new Peer(place, ["--events"]);
  await peer.write(`{"type":"migrate","msg_id":1,"lock_timeout":"60s"}\n`);
  const waiting = await peer.reply();
  expect(waiting).toEqual({ type: "event", event: "waiting", elapsed_ms: took, in_reply_to: 1 });
  other.run("ROLLBACK");
  let reply = await peer.reply();
  while (reply["event"] === "waiting") reply = await peer.reply();
  expect(reply).toEqual(step("running", "up", 1, 1));
});

test("in a network, events are enveloped like their reply, each with a msg_id of its own", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  const lines = [
    `{"src":"c","dest":"n","body":{"type":"init","msg_id":1,"node_id":"n","node_ids":["n"]}}`,
    `{"src":"c","dest":"n","body":{"type":"migrate"}}`,
    `{"type":"rollback","msg_id":3}`,
  ];
  const found = await exchange(place, ["--events"], lines);
  const address = { src: "n", dest: "c" };
  expect(found).toEqual([
    { ...address, body: { type: "init_ok", in_reply_to: 1, msg_id: 1 } },
    { ...address, body: { ...step("running", "up", 1, null), msg_id: 2 } },
    { ...address, body: { ...step("durable", "up", 1, null), msg_id: 3 } },
    { ...address, body: expect.objectContaining({ type: "migrations_applied", msg_id: 4 }) },
    step("running", "down", 1, 3),
    step("durable", "down", 1, 3),
    expect.objectContaining({ type: "migration_rolled_back", in_reply_to: 3 }),
  ]);
});
