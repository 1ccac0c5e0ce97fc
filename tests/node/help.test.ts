// What `help` says of each message is true: values made from what it says alone are accepted and refused as it says.

import { expect, test } from "bun:test";
import * as v from "valibot";
import { Place, type Reply } from "../rung.ts";
import { list } from "./peer.ts";

const fieldForm = v.strictObject({
  name: v.string(),
  type: v.picklist(["integer", "boolean", "string", "path", "duration", "list", "choice"]),
  required: v.boolean(),
  default: v.optional(v.union([v.boolean(), v.number(), v.string()])),
  values: v.optional(v.array(v.string())),
  minimum: v.optional(v.number()),
  or: v.optional(v.array(v.string())),
});
const messageForm = v.strictObject({
  type: v.string(),
  fields: v.array(fieldForm),
  rules: v.optional(
    v.array(
      v.strictObject({
        give: v.picklist(["at most one", "exactly one", "all or none", "first with second"]),
        of: v.array(v.string()),
      }),
    ),
  ),
});
type Field = v.InferOutput<typeof fieldForm>;
type Message = v.InferOutput<typeof messageForm>;
type Fields = Readonly<Record<string, unknown>>;

async function help(place: Place): Promise<readonly Message[]> {
  const { replies } = await place.send([{ type: "help", msg_id: 5 }]);
  const [reply = {}] = replies;
  expect(reply).toMatchObject({ type: "help", in_reply_to: 5 });
  expect(Object.keys(reply)).toEqual(["type", "in_reply_to", "messages"]);
  return list(reply, "messages").map((each) => v.parse(messageForm, each));
}

function accepted({ type, values = [], minimum = 0, or = [] }: Field): readonly unknown[] {
  switch (type) {
    case "integer":
      return [minimum, minimum + 1, Number.MAX_SAFE_INTEGER, ...or];
    case "boolean":
      return [true, false];
    case "string":
      return ["", "n1"];
    case "path":
      return ["n1"];
    case "duration":
      return ["0s", "1500ms", "2m", 0, 0.25, 3];
    case "list":
      return [[], ["n1", "n2"]];
    case "choice":
      return values;
  }
}

function refused(field: Field): readonly unknown[] {
  const { type, minimum = 0 } = field;
  const wrong: Readonly<Record<Field["type"], readonly unknown[]>> = {
    integer: [minimum - 1, minimum + 0.5, String(minimum), 2 ** 53, true, "every"],
    boolean: ["true", 1, 0],
    string: [1, true, ["n1"]],
    path: ["", 1, true, ["n1"]],
    duration: ["soon", -1, "1d", "3 weeks", true],
    list: ["n1", [1], { 0: "n1" }],
    choice: ["no such value", 0, true],
  };
  return [...wrong[type], null, {}];
}

/** The least that a message needs: what is required, and of those of which one is wanted, the first. */
function least({ fields, rules = [] }: Message, without: string): Fields {
  const wanted = new Set(fields.filter(({ required }) => required).map(({ name }) => name));
  for (const { give, of } of rules) {
    if (give === "exactly one") wanted.add(of.includes(without) ? without : (of[0] ?? ""));
  }
  for (const { give, of } of rules) {
    const [first = "", second = ""] = of;
    if (give === "first with second" && (first === without || wanted.has(first)))
      wanted.add(second);
    if (give !== "all or none" || !of.some((name) => name === without || wanted.has(name)))
      continue;
    // Each brings the others along, and what is brought along can be the one of which one is wanted.
    const one = rules.find((rule) => rule.give === "exactly one")?.of ?? [];
    if (of.some((name) => one.includes(name))) one.forEach((name) => wanted.delete(name));
    of.forEach((name) => wanted.add(name));
  }
  wanted.delete(without);
  const chosen = fields.filter(({ name }) => wanted.has(name));
  return Object.fromEntries(chosen.map((field) => [field.name, accepted(field)[0]]));
}

function isRefused(reply: Reply): boolean {
  return reply["error"] === "usage.invalid-option";
}

test("help lists each message once, with fields of distinct names", async () => {
  using place = new Place();
  const messages = await help(place);
  const types = messages.map(({ type }) => type);
  expect(new Set(types).size).toBe(types.length);
  expect(types).toContainAllValues(
    "migrate rollback redo status plan verify rehearse backup restore schema baseline repair log init help".split(
      " ",
    ),
  );
  for (const { fields } of messages) {
    expect(new Set(fields.map(({ name }) => name)).size).toBe(fields.length);
  }
});

test("every value that help allows is accepted, and every other kind is refused", async () => {
  using place = new Place();
  const cases = (await help(place)).flatMap((message) =>
    message.fields.flatMap((field) => {
      const around = { type: message.type, ...least(message, field.name) };
      const hasCompany = (message.rules ?? []).some(({ of }) => of.includes(field.name));
      // A flag that is false is as good as left out, and where one of several is wanted, that is too little.
      const good = accepted(field).filter((value) => !hasCompany || value !== false);
      return [
        ...good.map((value) => ({ ...around, [field.name]: value, ok: true })),
        ...refused(field).map((value) => ({ ...around, [field.name]: value, ok: false })),
      ];
    }),
  );
  expect(cases.length).toBeGreaterThan(300);
  const { replies } = await place.send(cases.map(({ ok: _ok, ...message }) => message));
  const found = cases.map((each, index) => [each, !isRefused(replies[index] ?? {})]);
  expect(found).toEqual(cases.map((each) => [each, each.ok]));
});

test("what is required cannot be left out, and what is not can be", async () => {
  using place = new Place();
  const messages = await help(place);
  const whole = messages.map((message) => ({ type: message.type, ...least(message, "") }));
  const lacking = messages.flatMap((message) => {
    const { type, fields } = message;
    const required = fields.filter((field) => field.required);
    return required.map(({ name }) => {
      const { [name]: _left, ...rest } = least(message, "");
      return { type, ...rest };
    });
  });
  const answered = await place.send(whole);
  expect(answered.replies.map(isRefused)).toEqual(whole.map(() => false));
  const { replies } = await place.send(lacking);
  expect(replies).toHaveLength(4);
  for (const reply of replies) expect(reply["text"]).toMatch(/ is missing\.$/);
});

test("leaving a field out is to send its default", async () => {
  using place = new Place();
  for (const message of await help(place)) {
    for (const { name, default: standard } of message.fields) {
      if (standard === undefined) continue;
      const asked = { type: message.type, ...least(message, name) };
      // Each in a place of its own: a migrate leaves the next one nothing to do.
      using left = new Place();
      using sent = new Place();
      for (const each of [left, sent]) each.write({ "1_a.sql": "-- migrate:up\nSELECT 1;\n" });
      const without = await left.send([{ type: "migrate" }, asked]);
      const withIt = await sent.send([{ type: "migrate" }, { ...asked, [name]: standard }]);
      // But for the time that it took.
      const [one, other] = [withIt, without].map(({ replies }) =>
        JSON.stringify(replies[1]).replace(/_ms":\d+/g, "_ms"),
      );
      expect([message.type, name, one]).toEqual([message.type, name, other]);
    }
  }
});

test("the rules of a message are kept: at most one, exactly one, all or none, first with second", async () => {
  using place = new Place();
  const cases = (await help(place)).flatMap((message) =>
    (message.rules ?? []).flatMap(({ give, of }) => {
      const values = message.fields
        .filter(({ name }) => of.includes(name))
        .map((field) => [field.name, accepted(field)[0]]);
      const all = { type: message.type, ...Object.fromEntries(values) };
      const first = {
        type: message.type,
        ...Object.fromEntries(values.filter(([name]) => name === of[0])),
      };
      const none = { type: message.type };
      if (give === "all or none" || give === "first with second") {
        return [{ message: first, ok: false }];
      }
      if (give === "at most one")
        return [
          { message: all, ok: false },
          { message: none, ok: true },
        ];
      return [
        { message: all, ok: false },
        { message: none, ok: false },
        { message: first, ok: true },
      ];
    }),
  );
  expect(cases.length).toBeGreaterThan(8);
  const { replies } = await place.send(cases.map(({ message }) => message));
  expect(replies.map((reply, index) => [cases[index]?.message, !isRefused(reply)])).toEqual(
    cases.map(({ message, ok }) => [message, ok]),
  );
});
