// The options of a command line -> the command, by the schema of the message of its name.

import { readCommand, type Command } from "../command.ts";
import { ok, type Result } from "../failure.ts";
import type { OptionValues } from "./argv.ts";

/** How the command line writes a field. */
export function spellOption(field: string): string {
  return `--${field.replaceAll("_", "-")}`;
}

/** The field of an option's name. */
export function fieldOf(option: string): string {
  return option.replaceAll("-", "_");
}

/** Reads a command from its options; those that say where it works, and how it reports, are no fields of it. */
export function readAsked(name: string, options: OptionValues): Result<Command> {
  const { db: _db, dir: _dir, ignore: _ignore, json: _json, ...own } = options;
  const fields = Object.entries(own).map(([key, value]) => [fieldOf(key), value]);
  const command = readCommand({ type: name, ...Object.fromEntries(fields) }, spellOption);
  if (!command.ok) return command;
  const { value } = command;
  if (value.type === "init" || value.type === "help") throw new Error(`${value.type} is a message`);
  return ok(value);
}
