// The pure readers by themselves: sections, file names, marker options, near words, the command line.

import { expect, test } from "bun:test";
import { readArgv, type Invocation } from "../src/input/argv.ts";
import { allCommands, findCommand } from "../src/input/commands.ts";
import { commandOptions, commonOptions } from "../src/input/options.ts";
import { readFilename, type Part } from "../src/migration/filename.ts";
import type { StepOptions } from "../src/migration/migration.ts";
import { losses } from "../src/migration/migration.ts";
import { readOptions, writeOptions } from "../src/migration/options.ts";
import { readSection, readSections, writeSection } from "../src/migration/sections.ts";
import { normalizeText } from "../src/migration/text.ts";
import { nearest } from "../src/nearest.ts";

const commands = allCommands();

const at = { file: "x.sql", line: 4, column: 2 };
const plain: StepOptions = { transaction: true, foreignKeys: false, allow: [] };

test("two sections, with their text, their lines and their options", () => {
  const text =
    "-- title\n\n-- migrate:up transaction:false\nA;\nB;\n-- migrate:down allow:lost-rows\n\nC;\n";
  expect(readSections(text, "x.sql")).toEqual({
    ok: true,
    value: {
      up: { text: "A;\nB;\n", file: "x.sql", line: 4, options: { ...plain, transaction: false } },
      down: { text: "\nC;\n", file: "x.sql", line: 7, options: { ...plain, allow: ["lost-rows"] } },
    },
  });
});

test("a section at the very end of a file is empty", () => {
  expect(readSections("-- migrate:up\nA;\n-- migrate:down", "x.sql")).toMatchObject({
    ok: true,
    value: { up: { text: "A;\n", line: 2 }, down: { text: "", line: 4 } },
  });
  expect(readSections("-- migrate:up", "x.sql")).toMatchObject({
    ok: true,
    value: { up: { text: "" }, down: null },
  });
});

test("one section, with a marker or without", () => {
  expect(readSection("A;\n", "x.up.sql", "up")).toEqual({
    ok: true,
    value: { text: "A;\n", file: "x.up.sql", line: 1, options: plain },
  });
  expect(readSection("\n/* x */\n-- migrate:up foreign_keys:on\nA;\n", "x.up.sql", "up")).toEqual({
    ok: true,
    value: { text: "A;\n", file: "x.up.sql", line: 4, options: { ...plain, foreignKeys: true } },
  });
  expect(readSection("-- migrate:up\n", "x.down.sql", "down")).toMatchObject({
    ok: false,
    failure: { code: "catalog.marker", at: { file: "x.down.sql", line: 1, column: 1 } },
  });
});

const everyOptions: StepOptions[] = [true, false].flatMap((transaction) =>
  [true, false].flatMap((foreignKeys) =>
    Array.from({ length: 1 << losses.length }, (_, mask) => {
      const allow = losses.filter((_loss, bit) => (mask & (1 << bit)) !== 0).toSorted();
      return { transaction, foreignKeys, allow };
    }),
  ),
);

test("a section that history keeps reads back as it was, whatever its options and text", () => {
  for (const options of everyOptions) {
    for (const text of [
      "",
      "\n",
      "DROP TABLE a;\n",
      "\n\n-- why\nDROP TABLE a",
      "SELECT '\n-- migrate:up\n';",
    ]) {
      const kept = writeSection({ text, file: "x.sql", line: 9, options }, "down");
      expect(readSection(kept, "kept", "down")).toEqual({
        ok: true,
        value: { text, file: "kept", line: 2, options },
      });
    }
  }
});

test("every combination of options is written in one way and read back", () => {
  const written = everyOptions.map(writeOptions);
  expect(new Set(written).size).toBe(everyOptions.length);
  for (const [index, words] of written.entries()) {
    expect(readOptions(words, at)).toEqual({ ok: true, value: everyOptions[index] ?? plain });
  }
  expect(writeOptions(plain)).toBe("");
});

test("options in any order and spacing, with the defaults spelt out", () => {
  expect(readOptions("  allow:lost-rows,foreign-keys\ttransaction:false  ", at)).toEqual({
    ok: true,
    value: { transaction: false, foreignKeys: false, allow: ["foreign-keys", "lost-rows"] },
  });
  expect(readOptions("transaction:true foreign_keys:off", at)).toEqual({ ok: true, value: plain });
  expect(readOptions("allow:lost-rows,lost-rows", at)).toMatchObject({
    ok: true,
    value: { allow: ["lost-rows"] },
  });
});

for (const words of [
  "transaction",
  "transaction:",
  "transaction:no",
  "Transaction:false",
  "foreign_keys:true",
  "foreign-keys:on",
  "allow",
  "allow:",
  "allow:all",
  "allow:lost-rows,",
  "allow:,lost-rows",
  "transaction:false transaction:false",
  "transaction:true transaction:false",
  "nonsense",
  "-- more",
]) {
  test(`'${words}' is no option of a marker line`, () => {
    expect(readOptions(words, at)).toMatchObject({
      ok: false,
      failure: { code: "catalog.marker", at },
    });
  });
}

test("normalizing takes one BOM off and makes CRLF LF, and leaves all else alone", () => {
  expect(normalizeText("\ufeffa\r\nb\r\n")).toBe("a\nb\n");
  expect(normalizeText("\ufeff\ufeffa")).toBe("\ufeffa");
  expect(normalizeText("a\rb\n\r")).toBe("a\rb\n\r");
  expect(normalizeText("a\ufeff")).toBe("a\ufeff");
});

test("file names: version, name and part", () => {
  const cases: readonly (readonly [string, number, string, Part])[] = [
    ["1_a.sql", 1, "a", "sections"],
    ["0001_create_users.sql", 1, "create_users", "sections"],
    ["20260423120000_x.up.sql", 20260423120000, "x", "up"],
    ["7_x.down.sql", 7, "x", "down"],
    ["7_x.ts", 7, "x", "typescript"],
    ["7__.sql", 7, "_", "sections"],
    ["7_up.sql", 7, "up", "sections"],
    ["7_two words é.sql", 7, "two words é", "sections"],
    ["9007199254740991_max.sql", Number.MAX_SAFE_INTEGER, "max", "sections"],
  ];
  for (const [file, version, name, part] of cases) {
    expect(readFilename(file)).toEqual({ ok: true, value: { file, version, name, part } });
  }
});

test("file names that are none of ours, and those that are wrong", () => {
  for (const file of [
    ".1_a.sql",
    "a.d.ts",
    "1_a.d.ts",
    "README.md",
    "1_a.sql.bak",
    "1_a",
    "sql",
    "1_a.js",
    "",
  ]) {
    expect(readFilename(file)).toEqual({ ok: true, value: null });
  }
  for (const file of [
    "a.sql",
    "1.sql",
    "1_.sql",
    "1a_b.sql",
    " 1_a.sql",
    "1_a.b.ts",
    "1_a.up.ts",
    "1_a\n.sql",
    "1_a.up.down.sql",
    "0_a.sql",
    "9007199254740992_a.sql",
    "١_a.sql",
  ]) {
    expect(readFilename(file)).toMatchObject({
      ok: false,
      failure: { code: "catalog.filename", at: { file, line: 1, column: 1 } },
    });
  }
});

test("the nearest word, if one is near", () => {
  const words = ["migrate", "up", "rollback", "down", "status", "help", "version"];
  const cases: readonly (readonly [string, string | null])[] = [
    ["migrate", "migrate"],
    ["migrat", "migrate"],
    ["imgrate", "migrate"],
    ["stat", "status"],
    ["st", "status"],
    ["v", null],
    ["x", null],
    ["rolback", "rollback"],
    ["downn", "down"],
    ["ups", "up"],
    ["deploy", null],
    ["", null],
    ["MIGRATE", null],
  ];
  for (const [word, wanted] of cases) expect([word, nearest(word, words)]).toEqual([word, wanted]);
  expect(nearest("a", [])).toBeNull();
});

test("the command line: what each form asks for", () => {
  const line = `{"type":"status"}`;
  const statusSpec = findCommand("status") ?? null;
  const migrateSpec = findCommand("up") ?? null;
  expect([statusSpec?.name, migrateSpec?.name]).toEqual(["status", "migrate"]);
  const cases: readonly (readonly [string[], Invocation])[] = [
    [[], { kind: "none", options: {} }],
    [["--db", "x"], { kind: "none", options: { db: "x" } }],
    [["up"], { kind: "command", command: "migrate", options: {} }],
    [
      ["--json", "down", "--db=a=b"],
      { kind: "command", command: "rollback", options: { json: true, db: "a=b" } },
    ],
    [
      ["--db", "status", "migrate"],
      { kind: "command", command: "migrate", options: { db: "status" } },
    ],
    [
      ["-db", "status", "migrate"],
      { kind: "command", command: "migrate", options: { db: "status" } },
    ],
    [
      ["--commit", "each", "up"],
      { kind: "command", command: "migrate", options: { commit: "each" } },
    ],
    [["migrate", "--db", "{x}"], { kind: "command", command: "migrate", options: { db: "{x}" } }],
    [[line, "--db", "x", line], { kind: "messages", lines: [line, line], options: { db: "x" } }],
    [["--version"], { kind: "version", options: {} }],
    [["version", "--json"], { kind: "version", options: { json: true } }],
    [["--help"], { kind: "help", command: null }],
    [["status", "-h"], { kind: "help", command: statusSpec }],
    [["help", "up"], { kind: "help", command: migrateSpec }],
    [["help"], { kind: "help", command: null }],
  ];
  for (const [argv, value] of cases)
    expect([argv, readArgv(argv)]).toEqual([argv, { ok: true, value }]);
});

test("the command line: each way to get it wrong has its code", () => {
  const cases: readonly (readonly [string[], string])[] = [
    [["fly"], "usage.unknown-command"],
    [["help", "fly"], "usage.unknown-command"],
    [["__proto__"], "usage.unknown-command"],
    [["migrate", "--fly"], "usage.unknown-option"],
    [["migrate", "--__proto__"], "usage.unknown-option"],
    [["status", "--commit", "all"], "usage.unknown-option"],
    [["--commit", "all"], "usage.unknown-option"],
    [["migrate", "--"], "usage.missing-argument"],
    [["status", "--", "app"], "usage.unexpected-argument"],
    [["--", "app"], "usage.unexpected-argument"],
    [["migrate", "--dry-run", "--", "app"], "usage.invalid-option"],
    [["migrate", "--db", "--", "app"], "usage.invalid-option"],
    [["migrate", "--db"], "usage.invalid-option"],
    [["migrate", "--json=1"], "usage.invalid-option"],
    [["migrate", "--json", "--json"], "usage.invalid-option"],
    [["migrate", "1"], "usage.unexpected-argument"],
    [["migrate", "-"], "usage.unexpected-argument"],
    [["migrate", "{}"], "usage.unexpected-argument"],
  ];
  for (const [argv, code] of cases) {
    expect([argv, readArgv(argv)]).toMatchObject([argv, { ok: false, failure: { code } }]);
  }
});

test("the table of commands is sound: no word means two things, and every option it names exists", () => {
  const words = commands.flatMap(({ name, aliases }) => [name, ...aliases]);
  expect(new Set(words).size).toBe(words.length);
  for (const command of commands) {
    for (const word of [command.name, ...command.aliases]) {
      expect(findCommand(word)).toEqual(command);
    }
  }
  const options = [...commonOptions, ...commandOptions()].map(({ name }) => name);
  expect(new Set(options).size).toBe(options.length);
  const named = commands.flatMap((command) => command.options);
  expect(named.filter((name) => !commandOptions().some((option) => option.name === name))).toEqual(
    [],
  );
  expect(commandOptions().filter(({ name }) => !named.includes(name))).toEqual([]);
});
