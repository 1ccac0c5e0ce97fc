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

/** Options that say where a command works, and how it reports: no fields of its message. */
const ofTheWorld: readonly string[] = ["db", "dir", "ignore", "json"];

/** Reads a command from its options. */
export function readAsked(name: string, options: OptionValues): Result<Command> {
  const fields: Record<string, string | number | true> = { type: name };
  for (const key of Object.keys(options)) {
    const value = options[key];
    if (value !== undefined && !ofTheWorld.includes(key)) fields[fieldOf(key)] = value;
  }
  const command = readCommand(fields, spellOption);
  if (!command.ok) return command;
  const { value } = command;
  if (value.type === "init" || value.type === "help") throw new Error(`${value.type} is a message`);
  return ok(value);
}
