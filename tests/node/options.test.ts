// Messages and command line are two spellings of one thing: each option is a field of its message, and is read alike.

import { expect, test } from "bun:test";
import { messageSchemas, readCommand } from "../../src/command.ts";
import type { Result } from "../../src/failure.ts";
import { readArgv } from "../../src/input/argv.ts";
import { fieldOf, readAsked } from "../../src/input/asked.ts";
import { allCommands, type CommandSpec } from "../../src/input/commands.ts";
import { commandOptions } from "../../src/input/options.ts";
import { json, Place } from "../rung.ts";

const commands = allCommands();

/** The commands that are no messages: two write a file for a person, and the others only talk. */
const commandsOnly = ["new", "bundle", "version", "completions"];
/** The messages that are no commands. */
const messagesOnly = ["init"];

const shared = commands.filter(({ name }) => !commandsOnly.includes(name) && name !== "help");

function fieldsOf(type: string): string[] {
  const found = Object.entries(messageSchemas).find(([name]) => name === type);
  return Object.keys(found?.[1]().entries ?? {}).filter((field) => field !== "type");
}

function argumentOf({ argument }: CommandSpec): string[] {
  return argument === null ? [] : [argument.field];
}

test("every command that makes sense for a machine is a message, and the other way round", () => {
  const names = commands.map(({ name }) => name).filter((name) => !commandsOnly.includes(name));
  expect([...names, ...messagesOnly].sort()).toEqual(Object.keys(messageSchemas).sort());
});

for (const command of shared) {
  test(`${command.name}: its options are the fields of its message, by the same names`, () => {
    const options = [...command.options, ...argumentOf(command), "lock-timeout"].map(fieldOf);
    // A command line shows all there is to a run anyway.
    const fields = fieldsOf(command.name).filter((field) => field !== "detail");
    expect(options.sort()).toEqual(fields.sort());
  });
}

/** What may stand behind an option: some of it right for one, some for another, some for none. */
const words = [
  ...["0", "1", "7", "007", "9007199254740991", "9007199254740992", "99999999999999999999"],
  ...["-1", "1.5", "1e3", "0x10", " 1", "NaN", "Infinity", "null", "true", "__proto__", ""],
  ...["all", "ALL", "applied", "pending", "group", "each", "recorded", "catalog", "constructor"],
  ...["30s", "500ms", "2m", "1h", "0.5", "-5s", "1d", "2147483647ms", "2147483648ms", "600h"],
];

/** What a command line has to say besides, for the option to be all that can be wrong. */
const company: Readonly<Record<string, string>> = { settle: "--as=applied", as: "--settle=1" };
/** Of repair exactly one of these is wanted. */
const repairs = ["changed", "missing", "drift", "settle", "as"];

interface Case {
  readonly argv: readonly string[];
  readonly message: Readonly<Record<string, unknown>>;
}

function besides(command: CommandSpec, option: string): string[] {
  if (command.name === "repair" && !repairs.includes(option)) return ["--drift"];
  const also = company[option];
  if (also !== undefined) return [also];
  if (command.name === "migrate" && option === "keep") return ["--backup"];
  const { argument } = command;
  const isAlone = argument === null || argument.isOptional || option === argument.field;
  return isAlone ? [] : ["1"];
}

/** A word of the command line as JSON: digits are a number where one is wanted, and anything else is text. */
function valueOf(word: string, placeholder: string): string | number {
  const isNumber = ["VERSION", "N"].includes(placeholder) && /^\d+$/.test(word);
  return isNumber ? Number(word) : word;
}

function messageOf(command: CommandSpec, also: readonly string[], own: object): Case["message"] {
  const { argument } = command;
  const fields = also.map((word) => {
    const [name = "", value] = word.replace(/^--/, "").split("=");
    if (!word.startsWith("--")) {
      return [argument?.field ?? "", valueOf(word, argument?.value ?? "")];
    }
    return [name, value === undefined ? true : /^\d+$/.test(value) ? Number(value) : value];
  });
  return { type: command.name, ...Object.fromEntries(fields), ...own };
}

function casesOf(command: CommandSpec): Case[] {
  const { name, argument } = command;
  const own = commandOptions().filter((option) => command.options.includes(option.name));
  const timeout = { name: "lock-timeout", value: "TIME" };
  const argued = argument === null ? [] : [{ name: argument.field, value: argument.value }];
  return [...own, timeout, ...argued].flatMap((option): Case[] => {
    const also = besides(command, option.name);
    const field = fieldOf(option.name);
    const value = option.value;
    if (value === null) {
      const flag = `--${option.name}`;
      return [
        { argv: [name, ...also, flag], message: messageOf(command, also, { [field]: true }) },
        ...words.map((word) => ({
          argv: [name, ...also, `${flag}=${word}`],
          message: messageOf(command, also, { [field]: word }),
        })),
      ];
    }
    const isArgument = option.name === argument?.field;
    return words
      .filter((word) => !isArgument || (!word.startsWith("-") && word !== ""))
      .map((word) => ({
        argv: [name, ...also, isArgument ? word : `--${option.name}=${word}`],
        message: messageOf(command, also, { [field]: valueOf(word, value) }),
      }));
  });
}

async function readWords(argv: readonly string[]): Promise<Result<unknown>> {
  const invocation = readArgv(argv);
  if (!invocation.ok) return invocation;
  const { value } = invocation;
  if (value.kind !== "command") throw new Error(`${argv.join(" ")} is no command`);
  return readAsked(value.command, value.options);
}

/** What came of reading: the command, or what was said, in words that are the same for both spellings. */
function outcome(read: Result<unknown>): unknown {
  if (read.ok) return read.value;
  return read.failure.code;
}

for (const command of shared) {
  test(`${command.name}: the same values are accepted and the same refused, and mean the same`, async () => {
    const cases = casesOf(command);
    let accepted = 0;
    for (const { argv, message } of cases) {
      const read = await readWords(argv);
      if (read.ok) accepted++;
      const asWords = outcome(read);
      const asMessage = outcome(readCommand(message, (field) => field));
      expect([argv, asWords]).toEqual([argv, asMessage]);
    }
    expect(accepted).toBeGreaterThan(2);
    expect(accepted).toBeLessThan(cases.length);
  });
}

test("the executable draws the line where its schemas do, on both ways in", async () => {
  using place = new Place();
  // The last accepted and the first refused value of each option are enough here.
  const chosen: {
    readonly argv: readonly string[];
    readonly message: object;
    readonly isRefused: boolean;
  }[] = [];
  for (const command of shared) {
    const read = casesOf(command).map(async (each) => {
      return { ...each, isRefused: !(await readWords(each.argv)).ok };
    });
    const byField = Map.groupBy(await Promise.all(read), ({ message }) =>
      Object.keys(message).at(-1),
    );
    for (const cases of byField.values()) {
      const good = cases.findLast(({ isRefused }) => !isRefused);
      const bad = cases.find(({ isRefused }) => isRefused);
      chosen.push(...[good, bad].filter((each) => each !== undefined));
    }
  }
  const { replies } = await place.send(chosen.map(({ message }) => message));
  expect(replies).toHaveLength(chosen.length);
  const isRefused = replies.map((reply) => reply["error"] === "usage.invalid-option");
  expect(isRefused).toEqual(chosen.map((each) => each.isRefused));
  const commandLines = await Promise.all(
    chosen.map(async ({ argv }) => json((await place.rung([...argv, "--json"])).stdout)),
  );
  const codes = commandLines.map(({ error }) =>
    typeof error === "object" && error !== null && "code" in error ? error.code : null,
  );
  expect(codes.map((code) => code === "usage.invalid-option")).toEqual(isRefused);
});
