// The words of the command line -> an invocation: what is asked, and where.

import { called } from "../called.ts";
import { fail, ok, type Result } from "../failure.ts";
import { nearest } from "../nearest.ts";
import {
  allCommands,
  commandWords,
  findCommand,
  type Argument,
  type CommandSpec,
} from "./commands.ts";
import {
  commandOptions,
  commonOptions,
  ownOptions,
  sessionOptions,
  type OptionSpec,
} from "./options.ts";

/** Options by name; a flag that was given is true, and what looks like a number where one is wanted is one. */
export type OptionValues = Readonly<Record<string, string | number | true>>;

/** What a command line asks for; commands and messages are still plain data, not yet checked. */
export type Invocation =
  | {
      readonly kind: "command";
      readonly command: string;
      readonly options: OptionValues;
      /** What the process becomes once the command has succeeded: the words of an application. */
      readonly application?: readonly string[];
    }
  | { readonly kind: "messages"; readonly lines: readonly string[]; readonly options: OptionValues }
  /** No command and no message: stdin decides. */
  | { readonly kind: "none"; readonly options: OptionValues }
  | { readonly kind: "help"; readonly command: CommandSpec | "all" | null }
  | { readonly kind: "version"; readonly options: OptionValues };

function suggestion(
  word: string,
  known: readonly string[],
  form: (name: string) => string,
): string {
  const near = nearest(word, known);
  return near === null ? "See rung help." : `Did you mean ${form(near)}?`;
}

function optionName(word: string): string {
  if (word === "-h") return "help";
  return word.slice(word.startsWith("--") ? 2 : 1);
}

// Loops, here and in all else that every start runs through, where a method of arrays would do as well: the runtime
// compiles each of these methods when it is first called, which takes as long as to load ten functions of ours.
function optionOf(name: string, options: readonly OptionSpec[]): OptionSpec | undefined {
  for (const option of options) if (option.name === name) return option;
  return undefined;
}

function findOption(word: string, command: CommandSpec | undefined): Result<OptionSpec> {
  const name = optionName(word);
  const found = optionOf(name, commonOptions) ?? optionOf(name, ownOptions(command));
  if (found !== undefined) return ok(found);
  const names = [...commonOptions, ...ownOptions(command)].map((each) => each.name);
  const where = command === undefined ? "" : ` of ${command.name}`;
  return fail(
    "usage.unknown-option",
    `${word} is not an option${where}.`,
    suggestion(name, names, (near) => `--${near}`),
  );
}

interface Read {
  readonly positional: string[];
  readonly messages: string[];
  readonly options: Record<string, string | number | true>;
}

/** The command comes first in the reading, wherever it stands, as it decides which options there are. */
function commandOf(argv: readonly string[]): string | undefined {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (!word.startsWith("-")) {
      if (!word.startsWith("{")) return word;
      continue;
    }
    const name = optionName(word);
    const option =
      optionOf(name, commonOptions) ??
      optionOf(name, sessionOptions()) ??
      optionOf(name, commandOptions());
    if (option !== undefined && option.value !== null) at++;
  }
  return undefined;
}

/** What stands in help for a value that is a whole number. */
const numbers = new Set(["VERSION", "N", "BYTES"]);

function valueOf(word: string, placeholder: string): string | number {
  const isNumber = numbers.has(placeholder) && /^\d+$/.test(word);
  return isNumber ? Number(word) : word;
}

function readWords(argv: readonly string[], command: CommandSpec | undefined): Result<Read> {
  const read: Read = { positional: [], messages: [], options: {} };
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (!word.startsWith("-") || word === "-") {
      (word.startsWith("{") ? read.messages : read.positional).push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const inline = equals < 0 ? undefined : word.slice(equals + 1);
    const option = findOption(name, command);
    if (!option.ok) return option;
    const { name: key, value: placeholder } = option.value;
    if (key in read.options) {
      return fail("usage.invalid-option", `--${key} is given twice.`, "Keep one of them.");
    }
    if (placeholder === null) {
      if (inline !== undefined) {
        return fail("usage.invalid-option", `--${key} takes no value.`, `Write --${key} alone.`);
      }
      read.options[key] = true;
      continue;
    }
    const value = inline ?? argv[++at];
    if (value === undefined || value === "") {
      const text = `--${key} needs a value.`;
      return fail("usage.invalid-option", text, `Write --${key} ${placeholder}.`);
    }
    read.options[key] = valueOf(value, placeholder);
  }
  return ok(read);
}

function unexpected(word: string): Result<never> {
  const text = `${JSON.stringify(word)} is one word too many.`;
  return fail("usage.unexpected-argument", text, "See rung help.");
}

/** The words that are ours, up to `--`. */
export function ownWords(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return end < 0 ? argv : argv.slice(0, end);
}

/** Reads the command line. Fails with `usage.*`, naming the nearest command or option. */
export function readArgv(argv: readonly string[]): Result<Invocation> {
  const own = ownWords(argv);
  const read = readOwn(own);
  return !read.ok || own.length === argv.length
    ? read
    : before(read.value, argv.slice(own.length + 1));
}

/** What is asked, with an application behind it. */
function before(invocation: Invocation, application: readonly string[]): Result<Invocation> {
  const { kind } = invocation;
  if (kind === "help") return ok(invocation);
  const command = kind === "command" ? findCommand(invocation.command) : undefined;
  if (kind !== "command" || command?.isBefore !== true) {
    const text = "Only migrate takes -- and an application.";
    return fail("usage.unexpected-argument", text, "For example: rung migrate -- ./server");
  }
  if (application.length === 0) {
    const text = "There is no application behind --.";
    return fail("usage.missing-argument", text, "For example: rung migrate -- ./server");
  }
  if (invocation.options["dry-run"] === true) {
    const text =
      "--dry-run and an application exclude each other: nothing would be migrated for it.";
    return fail("usage.invalid-option", text, "Leave out one of them.");
  }
  return ok({ ...invocation, application });
}

function unknownCommand(word: string): Result<never> {
  const text = `${JSON.stringify(word)} is not a command.`;
  const hint = suggestion(word, commandWords(), (near) => `rung ${near}`);
  return fail("usage.unknown-command", text, hint);
}

/** What options and messages without a command ask for. */
function withoutCommand({ messages, options }: Read): Invocation {
  if ("help" in options) return { kind: "help", command: null };
  return messages.length > 0
    ? { kind: "messages", lines: messages, options }
    : { kind: "none", options };
}

function readOwn(argv: readonly string[]): Result<Invocation> {
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v" || argv[0] === "-V")) {
    return ok({ kind: "version", options: {} });
  }
  const word = commandOf(argv);
  const command = word === undefined ? undefined : findCommand(word);
  if (word !== undefined && command === undefined) return unknownCommand(word);
  const read = readWords(argv, command);
  if (!read.ok) return read;
  if (command === undefined) return ok(withoutCommand(read.value));
  const { positional, messages, options } = read.value;
  const [, topic, ...rest] = positional;
  const [message] = messages;
  if (message !== undefined) return unexpected(message);
  if ("help" in options) return ok({ kind: "help", command });
  if (command.name === "help") {
    if (!("all" in options)) return helpOn(topic, rest);
    return topic === undefined ? ok({ kind: "help", command: "all" }) : unexpected(topic);
  }
  if (command.argument !== null)
    return withArgument(command, command.argument, positional, options);
  if (topic !== undefined) return unexpected(topic);
  if (command.name === "version") return ok({ kind: "version", options });
  return ok({ kind: "command", command: command.name, options });
}

function withArgument(
  command: CommandSpec,
  argument: Argument,
  positional: readonly string[],
  options: OptionValues,
): Result<Invocation> {
  const [, word, extra] = positional;
  if (extra !== undefined) return unexpected(extra);
  if (word === undefined && argument.isOptional) {
    return ok({ kind: "command", command: command.name, options });
  }
  if (word === undefined) {
    const text = called(`rung ${command.name} needs ${argument.value}.`);
    return fail("usage.missing-argument", text, `For example: ${command.example}`);
  }
  const given = { ...options, [argument.field]: valueOf(word, argument.value) };
  return ok({ kind: "command", command: command.name, options: given });
}

function helpOn(topic: string | undefined, rest: readonly string[]): Result<Invocation> {
  if (topic === undefined) return ok({ kind: "help", command: null });
  const [extra] = rest;
  if (extra !== undefined) return unexpected(extra);
  const command = findCommand(topic);
  if (command !== undefined) return ok({ kind: "help", command });
  const known = allCommands().map(({ name }) => name);
  const text = `${JSON.stringify(topic)} is not a command.`;
  return fail(
    "usage.unknown-command",
    text,
    suggestion(topic, known, (near) => `rung help ${near}`),
  );
}
