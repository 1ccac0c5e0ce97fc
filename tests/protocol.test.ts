// The protocol, message by message, as a peer sees it: what goes in, what comes out, and the exit status.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { messageTypes } from "../src/command.ts";
import { executable, json, jsonLines, Place, table } from "./rung.ts";
import samples from "./samples.json";

const migrate = `{"type":"migrate","msg_id":1}`;
const rollback = `{"type":"rollback","msg_id":2}`;
const status = `{"type":"status","msg_id":3}`;

const bothApplied =
  `{"type":"migrations_applied","in_reply_to":1,"count":2,"migrations":[` +
  `{"version":1,"name":"create_users","status":"applied"},` +
  `{"version":2,"name":"add_posts_table","status":"applied"}]}\n`;
const rolledBack = `{"type":"migration_rolled_back","in_reply_to":2,"version":2,"name":"add_posts_table"}\n`;
const oneApplied =
  `{"type":"migration_status","in_reply_to":3,"migrations":[` +
  `{"version":1,"name":"create_users","applied":true},` +
  `{"version":2,"name":"add_posts_table","applied":false}]}\n`;
const secondApplied =
  `{"type":"migrations_applied","in_reply_to":1,"count":1,"migrations":[` +
  `{"version":2,"name":"add_posts_table","status":"applied"}]}\n`;
const noneApplied = `{"type":"migrations_applied","in_reply_to":1,"count":0,"migrations":[]}\n`;

function enveloped(body: string): string {
  return `{"src":"admin","dest":"migrations","body":${body}}`;
}

const ways: readonly (readonly [string, (place: Place, message: string) => Promise<unknown>])[] = [
  ["on stdin", (place, message) => place.rung([], { stdin: `${message}\n` })],
  ["as an argument", (place, message) => place.rung([message])],
];
const forms: readonly (readonly [string, (body: string) => string])[] = [
  ["bare", (body) => body],
  ["enveloped", enveloped],
];

for (const [wayName, send] of ways) {
  test(`the sample cases, to the letter, ${wayName}`, async () => {
    using place = new Place();
    for (const { input, expected } of samples) {
      const ran = await send(place, JSON.stringify(input));
      expect(ran).toEqual({ status: 0, stdout: `${JSON.stringify(expected)}\n`, stderr: "" });
    }
  });

  for (const [formName, form] of forms) {
    test(`migrate, rollback, status and migrate again, ${formName} and ${wayName}`, async () => {
      using place = new Place();
      const story = [
        [migrate, bothApplied],
        [rollback, rolledBack],
        [status, oneApplied],
        [migrate, secondApplied],
        [migrate, noneApplied],
      ] as const;
      for (const [body, expected] of story) {
        expect(await send(place, form(body))).toEqual({ status: 0, stdout: expected, stderr: "" });
      }
    });
  }
}

test("one session answers many requests, one line each, in order", async () => {
  using place = new Place();
  const lines = [migrate, enveloped(rollback), status, migrate, migrate];
  const { status: exit, stdout } = await place.rung([], { stdin: `${lines.join("\n")}\n` });
  expect(stdout).toBe(bothApplied + rolledBack + oneApplied + secondApplied + noneApplied);
  expect(exit).toBe(0);
});

test("several messages as arguments are answered in order, and stdin is not read", async () => {
  using place = new Place();
  const { stdout } = await place.rung([migrate, rollback, status], { stdin: `${migrate}\n` });
  expect(stdout).toBe(bothApplied + rolledBack + oneApplied);
});

test("a session's replies arrive while its input is still open", async () => {
  using place = new Place();
  const child = Bun.spawn([executable], {
    cwd: place.path,
    env: {},
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  const nextLine = async (): Promise<string> => {
    let text = "";
    while (!text.endsWith("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`The session ended behind: ${text}`);
      text += decoder.decode(value, { stream: true });
    }
    return text;
  };
  child.stdin.write(`${migrate}\n`);
  await child.stdin.flush();
  expect(await nextLine()).toBe(bothApplied);
  // A message may arrive in pieces.
  child.stdin.write(rollback.slice(0, 9));
  await child.stdin.flush();
  child.stdin.write(`${rollback.slice(9)}\n${status}\n`);
  await child.stdin.flush();
  let rest = await nextLine();
  if (!rest.includes("migration_status")) rest += await nextLine();
  expect(rest).toBe(rolledBack + oneApplied);
  await child.stdin.end();
  expect(await child.exited).toBe(0);
});

test("status of a database that is not there: nothing applied, and nothing created", async () => {
  using place = new Place();
  const { status: exit, stdout } = await place.rung([status]);
  expect(stdout).toBe(oneApplied.replace(`"applied":true`, `"applied":false`));
  expect(exit).toBe(0);
  expect(place.list()).toEqual([]);
});

test("detail adds fields, and only where it is asked for", async () => {
  using place = new Place();
  const { replies } = await place.send([
    { type: "migrate", detail: true },
    { type: "status", detail: true },
    { type: "rollback", detail: true },
    { type: "status", detail: false },
  ]);
  const [applied, stands, undone, plain] = replies;
  const took = expect.any(Number);
  expect(applied).toEqual({
    type: "migrations_applied",
    in_reply_to: null,
    count: 2,
    migrations: [
      { version: 1, name: "create_users", status: "applied", duration_ms: took },
      { version: 2, name: "add_posts_table", status: "applied", duration_ms: took },
    ],
    drift: [],
    notes: [],
  });
  const row = {
    applied: true,
    state: "applied",
    applied_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    duration_ms: took,
    applied_by: expect.stringContaining("@"),
  };
  expect(stands).toEqual({
    type: "migration_status",
    in_reply_to: null,
    migrations: [
      { version: 1, name: "create_users", ...row },
      { version: 2, name: "add_posts_table", ...row },
    ],
    drift: [],
  });
  expect(undone).toEqual({
    type: "migration_rolled_back",
    in_reply_to: null,
    version: 2,
    name: "add_posts_table",
    duration_ms: took,
    drift: [],
    notes: [],
  });
  expect(plain?.["migrations"]).toEqual([
    { version: 1, name: "create_users", applied: true },
    { version: 2, name: "add_posts_table", applied: false },
  ]);
});

test("init makes the session a Maelstrom network: envelopes, with a msg_id of our own last", async () => {
  using place = new Place();
  const init = `{"id":0,"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}`;
  const before = `{"src":"c1","dest":"n1","body":${status}}`;
  const after = `{"id":7,"src":"c2","dest":"n1","body":${migrate}}`;
  const wrong = `{"src":"c3","dest":"n1","body":{"type":"sing","msg_id":8}}`;
  const stdin = `${[before, init, after, status, wrong].join("\n")}\n`;
  const { stdout } = await place.rung([], { stdin });
  const lines = stdout.trimEnd().split("\n");
  const none = oneApplied.replace(`"applied":true`, `"applied":false`).trim();
  expect(lines.slice(0, 4)).toEqual([
    none,
    `{"src":"n1","dest":"c1","body":{"type":"init_ok","in_reply_to":1,"msg_id":1}}`,
    `{"src":"n1","dest":"c2","body":${bothApplied.trim().slice(0, -1)},"msg_id":2}}`,
    none.replaceAll(`"applied":false`, `"applied":true`),
  ]);
  const last = json(lines[4] ?? "");
  expect(last).toMatchObject({ src: "n1", dest: "c3", body: { type: "error", in_reply_to: 8 } });
  expect(JSON.stringify(last["body"])).toEndWith(`"msg_id":3}`);
});

test("a bare init gets a bare init_ok", async () => {
  using place = new Place();
  const { stdout } = await place.rung([
    `{"type":"init","msg_id":5,"node_id":"n1","node_ids":["n1","n2"]}`,
  ]);
  expect(stdout).toBe(`{"type":"init_ok","in_reply_to":5}\n`);
});

test("--reply sets the form of the replies, but a bare request has no envelope to answer to", async () => {
  const init = enveloped(`{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}`);
  const inBody = `{"type":"init_ok","in_reply_to":1}`;
  const inEnvelope = `{"src":"migrations","dest":"admin","body":{"type":"init_ok","in_reply_to":1,"msg_id":1}}`;
  const applied = bothApplied.trim();
  const appliedInEnvelope = (id: number): string =>
    `{"src":"migrations","dest":"admin","body":${applied.slice(0, -1)},"msg_id":${id}}}`;
  const cases: readonly (readonly [string[], string[], string[]])[] = [
    [
      ["--reply", "body"],
      [init, enveloped(migrate)],
      [inBody, applied],
    ],
    [["--reply", "envelope"], [enveloped(migrate)], [appliedInEnvelope(1)]],
    [["--reply=envelope"], [migrate], [applied]],
    [["--reply", "auto"], [enveloped(migrate)], [applied]],
    [
      ["--reply", "auto"],
      [init, enveloped(migrate)],
      [inEnvelope, appliedInEnvelope(2)],
    ],
  ];
  for (const [words, requests, replies] of cases) {
    using place = new Place();
    const { stdout, status: exit } = await place.rung(words, { stdin: requests.join("\n") });
    expect(stdout).toBe(replies.map((each) => `${each}\n`).join(""));
    expect(exit).toBe(0);
  }
});

test("a wrong --reply is a usage error before any message is read", async () => {
  using place = new Place();
  const { status: exit, stdout, stderr } = await place.rung(["--reply", "xml", migrate]);
  expect([exit, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("--reply must be one of body, envelope, auto");
  expect(place.list()).toEqual([]);
});

test("a request without msg_id is legal: its reply is to null", async () => {
  using place = new Place();
  const { status: exit, replies } = await place.send([{ type: "status" }, { type: "nonsense" }]);
  expect(replies.map((each) => each["in_reply_to"])).toEqual([null, null]);
  expect(exit).toBe(1);
});

test("msg_id comes back as it was: zero, negative and the largest exact one", async () => {
  using place = new Place();
  const ids = [0, -4, Number.MAX_SAFE_INTEGER];
  const { replies } = await place.send(ids.map((id) => ({ type: "status", msg_id: id })));
  expect(replies.map((each) => each["in_reply_to"])).toEqual(ids);
});

const malformed: readonly (readonly [string, string, number | null])[] = [
  ["no JSON", "migrate", null],
  ["half a message", `{"type":"migrate"`, null],
  ["a list", `[{"type":"migrate"}]`, null],
  ["a number", "7", null],
  ["null", "null", null],
  ["an empty object", "{}", null],
  ["no type", `{"msg_id":4}`, 4],
  ["a type that is no string", `{"type":1,"msg_id":4}`, 4],
  ["a msg_id that is a string", `{"type":"migrate","msg_id":"4"}`, null],
  ["a msg_id that is a fraction", `{"type":"migrate","msg_id":1.5}`, null],
  ["a msg_id that JSON cannot carry", `{"type":"migrate","msg_id":9007199254740993}`, null],
  ["a msg_id of null", `{"type":"migrate","msg_id":null}`, null],
  ["a body that is a string", `{"src":"a","dest":"b","body":"migrate"}`, null],
  ["a body that is a list", `{"src":"a","dest":"b","body":[]}`, null],
  ["an unknown field", `{"type":"migrate","msg_id":4,"stepz":1}`, 4],
  ["an unknown field with an inherited name", `{"type":"migrate","msg_id":4,"constructor":1}`, 4],
  ["an unknown field by the prototype's name", `{"type":"migrate","msg_id":4,"__proto__":{}}`, 4],
  ["a field of another message", `{"type":"rollback","msg_id":4,"commit":"each"}`, 4],
  ["a known field with a wrong value", `{"type":"migrate","msg_id":4,"commit":"some"}`, 4],
  ["a known field of a wrong type", `{"type":"migrate","msg_id":4,"detail":"yes"}`, 4],
  ["a wrong duration", `{"type":"migrate","msg_id":4,"lock_timeout":"soon"}`, 4],
  ["a negative duration", `{"type":"migrate","msg_id":4,"lock_timeout":-1}`, 4],
  ["an init without its fields", `{"type":"init","msg_id":4}`, 4],
];

for (const [what, line, inReplyTo] of malformed) {
  test(`malformed: ${what} is answered with code 12, changes nothing, and the session goes on`, async () => {
    using place = new Place();
    const { status: exit, replies } = await place.send([line, status]);
    expect(replies).toHaveLength(2);
    expect(replies[0]).toMatchObject({ type: "error", in_reply_to: inReplyTo, code: 12 });
    expect(replies[0]?.["text"]).toMatch(/\.$/);
    expect(replies[0]?.["error"]).toMatch(/^usage\./);
    expect(replies[1]).toMatchObject({ type: "migration_status", in_reply_to: 3 });
    expect(exit).toBe(1);
    expect(place.list()).toEqual([]);
  });
}

test("an error reply has its keys in one order", async () => {
  using place = new Place();
  const { stdout } = await place.rung([`{"type":"fly","msg_id":9}`]);
  const keys = ["type", "in_reply_to", "code", "text", "error", "hint", "changed"];
  expect(Object.keys(json(stdout))).toEqual(keys);
});

test("an unknown type has code 10, inherited names included, and the hint names the known ones", async () => {
  using place = new Place();
  const types = ["migrat", "toString", "__proto__", ""];
  const { status: exit, replies } = await place.send(types.map((type) => ({ type, msg_id: 2 })));
  for (const reply of replies) {
    expect(reply).toMatchObject({ code: 10, error: "usage.unknown-message", in_reply_to: 2 });
    expect(reply["hint"]).toBe(`The types are ${messageTypes.join(", ")}.`);
  }
  expect(replies).toHaveLength(types.length);
  expect(exit).toBe(1);
});

test("a wrong value is named as it was sent", async () => {
  using place = new Place();
  const { replies } = await place.send([
    { type: "migrate", lock_timeout: "soon" },
    { type: "migrate", commit: 3 },
  ]);
  expect(replies[0]?.["text"]).toContain(`the field "lock_timeout" must be a duration`);
  expect(replies[0]?.["text"]).toContain(`current value is "soon"`);
  expect(replies[1]?.["text"]).toContain("current value is 3");
});

test("envelope fields that we do not know are ignored", async () => {
  using place = new Place();
  const line = `{"id":12,"trace":{"a":[1]},"src":"c1","dest":"n1","body":${migrate}}`;
  expect((await place.rung([line])).stdout).toBe(bothApplied);
});

test("blank lines get no reply", async () => {
  using place = new Place();
  const { status: exit, stdout } = await place.rung([], { stdin: `\n  \n\t\r\n${migrate}\n\n\n` });
  expect(stdout).toBe(bothApplied);
  expect(exit).toBe(0);
});

test("no input at all is no error", async () => {
  using place = new Place();
  expect(await place.rung([])).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(await place.rung([], { stdin: "" })).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(place.list()).toEqual([]);
});

const endings: readonly (readonly [string, string])[] = [
  ["no newline at the end", `${migrate}\n${rollback}`],
  ["CRLF", `${migrate}\r\n${rollback}\r\n`],
  ["a byte order mark", `\ufeff${migrate}\n${rollback}\n`],
  ["space around the messages", `  ${migrate} \n\t${rollback}\t\n`],
];

for (const [what, stdin] of endings) {
  test(`input with ${what} reads like any other`, async () => {
    using place = new Place();
    expect(await place.rung([], { stdin })).toEqual({
      status: 0,
      stdout: bothApplied + rolledBack,
      stderr: "",
    });
  });
}

test("bytes that are no UTF-8 spoil their own line only", async () => {
  using place = new Place();
  const bad = new Uint8Array([0xff, 0xfe, 0x0a]);
  const stdin = Buffer.concat([bad, Buffer.from(`${migrate}\n`)]);
  const { status: exit, stdout } = await place.rung([], { stdin });
  const replies = jsonLines(stdout);
  expect(replies[0]).toMatchObject({ type: "error", code: 12, in_reply_to: null });
  expect(stdout).toEndWith(bothApplied);
  expect(exit).toBe(1);
});

test("a message may be longer than a pipe holds, and deep nesting is an error like any other", async () => {
  using place = new Place();
  const long = `{"type":"status","msg_id":3,"note":"${"x".repeat(300_000)}"}`;
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const { replies } = await place.send([long, deep, status]);
  expect(replies).toHaveLength(3);
  expect(replies[0]).toMatchObject({ code: 12, in_reply_to: 3 });
  expect(replies[1]).toMatchObject({ code: 12, in_reply_to: null });
  expect(replies[2]).toMatchObject({ type: "migration_status" });
});

test("nothing to roll back: code 22, and nothing is created", async () => {
  using place = new Place();
  const { status: exit, stdout } = await place.rung([rollback]);
  expect(json(stdout)).toEqual({
    type: "error",
    in_reply_to: 2,
    code: 22,
    text: "There is nothing to roll back: no migration is applied.",
    error: "history.nothing-to-roll-back",
    hint: "See rung status.",
    changed: "nothing",
  });
  expect(exit).toBe(1);
  expect(place.list()).toEqual([]);
});

test("rollback undoes one at a time, down to nothing to roll back", async () => {
  using place = new Place();
  const { replies } = await place.send([
    { type: "migrate" },
    { type: "rollback" },
    { type: "rollback" },
    { type: "rollback" },
  ]);
  expect(replies.slice(1).map((each) => each["version"] ?? each["code"])).toEqual([2, 1, 22]);
  expect(place.tables()).toEqual([]);
});

test("a failing migration: code 14, with what is applied, what failed, and where", async () => {
  using place = new Place();
  place.write({
    "1_a.sql": table("a"),
    "2_b.sql": `-- migrate:up\nCREATE TABLE b (id);\n  INSERT INTO nowhere VALUES (1);\n`,
    "3_c.sql": table("c"),
  });
  const { status: exit, replies } = await place.send([migrate, status]);
  expect(replies[0]).toEqual({
    type: "error",
    in_reply_to: 1,
    code: 14,
    text: "Migration 2 b failed: no such table: nowhere.",
    error: "step.failed",
    hint: "Mend the statement and run the command again.",
    changed: "some",
    file: "migrations/2_b.sql",
    line: 3,
    column: 3,
    statement: "INSERT INTO nowhere VALUES (1)",
    applied: [{ version: 1, name: "a", status: "applied" }],
    failed: { version: 2, name: "b" },
  });
  expect(replies[1]?.["migrations"]).toEqual([
    { version: 1, name: "a", applied: true },
    { version: 2, name: "b", applied: false },
    { version: 3, name: "c", applied: false },
  ]);
  expect(exit).toBe(1);
  expect(place.tables()).toEqual(["a"]);
});

test("a rollback that fails: code 14, nothing undone", async () => {
  using place = new Place();
  place.write({
    "1_a.sql": "-- migrate:up\nCREATE TABLE a (id);\n-- migrate:down\nDROP TABLE b;\n",
  });
  const { replies } = await place.send([migrate, rollback, status]);
  expect(replies[1]).toMatchObject({
    code: 14,
    in_reply_to: 2,
    changed: "nothing",
    applied: [],
    failed: { version: 1, name: "a" },
    statement: "DROP TABLE b",
  });
  expect(replies[2]?.["migrations"]).toEqual([{ version: 1, name: "a", applied: true }]);
});

test("an invalid catalog: code 22 with the place, and the session reads it anew for each message", async () => {
  using place = new Place();
  place.write({ "1_a.sql": "CREATE TABLE a (id);" });
  const { replies } = await place.send([migrate, status]);
  for (const reply of replies) {
    expect(reply).toMatchObject({
      code: 22,
      error: "catalog.no-marker",
      file: "migrations/1_a.sql",
      line: 1,
      column: 1,
    });
  }
  expect(replies).toHaveLength(2);
  expect(place.list()).toEqual(["migrations"]);
});

test("locked by another process: code 11 within the wait that the message asks for", async () => {
  using place = new Place();
  await place.rung(["migrate"]);
  await place.rung(["rollback"]);
  using other = new Database(place.at("rung.db"));
  other.run("BEGIN IMMEDIATE");
  const waits = [{ lock_timeout: "20ms" }, { lock_timeout: 0.02 }, { lock_timeout: "0s" }];
  const locked = await place.send(waits.map((wait) => ({ type: "migrate", msg_id: 1, ...wait })));
  expect(locked.replies).toHaveLength(3);
  for (const reply of locked.replies) {
    expect(reply).toMatchObject({ code: 11, error: "database.locked", in_reply_to: 1 });
  }
  expect(locked.status).toBe(1);
  // The session's own wait, from its command line.
  const session = await place.send([migrate], ["--lock-timeout", "20ms"]);
  expect(session.replies[0]).toMatchObject({ code: 11 });
  other.run("ROLLBACK");
  expect((await place.rung([migrate])).stdout).toBe(secondApplied);
});

test("a database that is none: code 13", async () => {
  using place = new Place();
  place.write({ "rung.db": "This is a letter, and not a database. ".repeat(40) }, ".");
  const { replies, status: exit } = await place.send([migrate, status]);
  for (const reply of replies) {
    expect(reply).toMatchObject({ code: 13, error: "database.not-a-database" });
  }
  expect(replies).toHaveLength(2);
  expect(exit).toBe(1);
});

test("a session takes --db and --dir, and refuses what only commands take", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") }, "steps");
  const words = ["--db", "other.db", "--dir", "steps"];
  const { replies } = await place.send([migrate], words);
  expect(replies[0]).toMatchObject({ count: 1, migrations: [{ version: 1, name: "a" }] });
  expect(place.list()).toEqual(["other.db", "steps"]);
  for (const option of [["--commit", "each"], ["--allow-out-of-order"]]) {
    const refused = await place.rung([...option, migrate]);
    expect([refused.status, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain(`${option[0]} is not an option`);
  }
});

test("a reader that goes away ends the session, and is no crash", async () => {
  using place = new Place();
  place.write({ in: `${migrate}\n${`${status}\n`.repeat(2000)}` }, ".");
  const child = Bun.spawn(["/bin/sh", "-c", `'${executable}' <in 2>err | head -n 1`], {
    cwd: place.path,
    env: { PATH: "/usr/bin:/bin" },
    stdin: "ignore",
    stdout: "pipe",
  });
  expect(await child.stdout.text()).toBe(bothApplied);
  await child.exited;
  expect(await Bun.file(place.at("err")).text()).toBe("");
});
