// The options of a command line -> the command, by the schema of the message of its name.

import type { Command, MigrateCommand, StatusCommand } from "../command.ts";
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

/** As their schemas make them of no fields at all: what stands in front of every start is asked for without any. */
const plainMigrate: MigrateCommand = {
  type: "migrate",
  dry_run: false,
  allow_out_of_order: false,
  commit: "group",
  strict: false,
  backup: false,
  detail: false,
};
const plainStatus: StatusCommand = { type: "status", check: false, detail: false };

/** Reads a command from its options. The schemas are loaded where there is anything to check. */
export async function readAsked(name: string, options: OptionValues): Promise<Result<Command>> {
  const fields: Record<string, string | number | true> = { type: name };
  let isPlain = true;
  for (const key of Object.keys(options)) {
    const value = options[key];
    if (value === undefined || ofTheWorld.includes(key)) continue;
    fields[fieldOf(key)] = value;
    isPlain = false;
  }
  if (isPlain && name === "migrate") return ok(plainMigrate);
  if (isPlain && name === "status") return ok(plainStatus);
  const { readCommand } = await import("../command.ts");
  const command = readCommand(fields, spellOption);
  if (!command.ok) return command;
  const { value } = command;
  if (value.type === "init" || value.type === "help") throw new Error(`${value.type} is a message`);
  return ok(value);
}
