// A session as others drive it: a Maelstrom node in a network, and a shell pipeline with jq.

import { expect, test } from "bun:test";
import { dirname } from "node:path";
import { executable, notRunHere, Place, table } from "../rung.ts";
import { Peer } from "./peer.ts";

/** What goes in, and the lines that must come out before the next goes in. */
const network: readonly (readonly [string, readonly string[]])[] = [
  [
    `{"id":0,"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}`,
    [`{"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1,"msg_id":1}}`],
  ],
  [
    `{"id":1,"src":"c2","dest":"n1","body":{"type":"status","msg_id":1}}`,
    [
      `{"src":"n1","dest":"c2","body":{"type":"migration_status","in_reply_to":1,"migrations":[{"version":1,"name":"a","applied":false}],"msg_id":2}}`,
    ],
  ],
  [
    `{"id":2,"src":"c3","dest":"n1","body":{"type":"migrate","msg_id":7}}`,
    [
      `{"src":"n1","dest":"c3","body":{"type":"migrations_applied","in_reply_to":7,"count":1,"migrations":[{"version":1,"name":"a","status":"applied"}],"msg_id":3}}`,
    ],
  ],
  [
    `{"id":3,"src":"c2","dest":"n1","body":{"type":"echo","msg_id":2,"echo":"hello"}}`,
    [
      `{"src":"n1","dest":"c2","body":{"type":"error","in_reply_to":2,"code":10,"text":"The type \\"echo\\" is not known.","error":"usage.unknown-message","hint":"The types are migrate, rollback, redo, plan, status, verify, rehearse, backup, restore, log, schema, baseline, repair, init, help.","changed":"nothing","msg_id":4}}`,
    ],
  ],
  [
    `{"id":4,"src":"c2","dest":"n1","body":{"type":"rollback","msg_id":3}}\n{"id":5,"src":"c4","dest":"n1","body":{"type":"rollback","msg_id":1}}`,
    [
      `{"src":"n1","dest":"c2","body":{"type":"migration_rolled_back","in_reply_to":3,"version":1,"name":"a","msg_id":5}}`,
      `{"src":"n1","dest":"c4","body":{"type":"error","in_reply_to":1,"code":22,"text":"There is nothing to roll back: no migration is applied.","error":"history.nothing-to-roll-back","hint":"See rung status.","changed":"nothing","msg_id":6}}`,
    ],
  ],
  [`{"type":"log","msg_id":9,"lock_timeout":"no"}`, []],
];

test("a Maelstrom node: init, and enveloped replies with msg_ids of its own", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  await using peer = new Peer(place);
  for (const [sent, expected] of network) {
    await peer.write(`${sent}\n`);
    for (const line of expected) expect(await peer.line()).toBe(line);
  }
  const { rest, status, stderr } = await peer.end();
  // The last request was a bare one, and so is its reply.
  expect(rest).toEqual([expect.stringMatching(/^\{"type":"error","in_reply_to":9,"code":12,/)]);
  expect([status, stderr]).toEqual([1, ""]);
});

const script = `set -euo pipefail
ask() { jq -nc "$1" | rung; }

jq -nc '{type: "migrate"}, {type: "status"} | .msg_id = 1' | rung |
  jq -r 'select(.type == "migration_status") | .migrations[] | "\\(.version) \\(.name) \\(.applied)"'

jq -nc 'range(1000) | {type: "status", msg_id: .}' | rung | jq -s 'map(.in_reply_to) == [range(1000)]'

ask '{type: "plan", rollback: true, to: 0}' | jq -c '[.steps[] | {version, sql: .statements[0].sql}]'
ask '{type: "help"}' | jq -c '.messages | map(.type) | sort'
if ask '{type: "migrate", stepz: 1}' | jq -e '.type != "error"'; then echo ran; else echo refused; fi
ask '{type: "rollback", to: 0}' | jq -c '[.migrations[].version]'
`;

test("a shell pipeline with jq", async () => {
  if (Bun.which("jq") === null) return notRunHere("a shell pipeline with jq", "no jq");
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  place.write({ script }, ".");
  const child = Bun.spawn(["/bin/bash", "script"], {
    cwd: place.path,
    env: { PATH: `${dirname(executable)}:${process.env["PATH"] ?? "/usr/bin:/bin"}` },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const types =
    "backup baseline help init log migrate plan redo rehearse repair restore rollback schema status verify";
  expect(stdout.split("\n")).toEqual([
    "1 a true",
    "2 b true",
    "true",
    `[{"version":2,"sql":"DROP TABLE b"},{"version":1,"sql":"DROP TABLE a"}]`,
    JSON.stringify(types.split(" ")),
    "false",
    "refused",
    "[2,1]",
    "",
  ]);
  expect([stderr, await child.exited]).toEqual(["", 0]);
});
