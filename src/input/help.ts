// The table of commands and options -> what help prints.

import { called } from "../called.ts";
import { allCommands, type Argument, type CommandSpec } from "./commands.ts";
import { commonOptions, ownOptions, sessionOptions, type OptionSpec } from "./options.ts";

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join("");
}

function optionRow({ name, value, summary, variable }: OptionSpec): readonly [string, string] {
  const said = variable === undefined ? summary : `${summary} [${variable}]`;
  return [value === null ? `--${name}` : `--${name} ${value}`, said];
}

function commandRow({ name, aliases, summary }: CommandSpec): readonly [string, string] {
  return [[name, ...aliases].join(", "), summary];
}

/** The help for rung as a whole. */
export function generalHelp(): string {
  const parts = [
    "rung: schema migrations for SQLite in one executable\n",
    "\nUsage: rung COMMAND [options]\n",
    `       rung '{"type":"migrate","msg_id":1}'   one message, as an argument\n`,
    "       rung < messages                        one JSON message a line\n",
    "\nCommands:\n",
    table(allCommands().map(commandRow)),
    "\nOptions:\n",
    table(commonOptions.map(optionRow)),
    "\nOptions where messages are read:\n",
    table(sessionOptions().map(optionRow)),
    "\nExit status: 0 done, or nothing to do; 1 status --check found something, or an error reply;\n",
    "2 usage; 3 migrations invalid; 4 history forbids it; 5 database unusable;\n",
    "6 a migration failed and was rolled back; 7 no executable could be made.\n",
  ];
  return called(parts.join(""));
}

function argumentText(argument: Argument | null): string {
  if (argument === null) return "";
  return argument.isOptional ? `[${argument.value}] ` : `${argument.value} `;
}

/** How a command is written. */
function usageOf({ name, argument, isBefore }: CommandSpec): string {
  if (name === "help") return "rung help [COMMAND]";
  const application = isBefore === true ? " [-- CMD ARGS]" : "";
  return `rung ${name} ${argumentText(argument)}[options]${application}`;
}

/** What only this command takes. */
function ownTable(command: CommandSpec): string {
  const own = ownOptions(command);
  return own.length === 0 ? "" : table(own.map(optionRow));
}

/** The help for one command. */
export function commandHelp(command: CommandSpec): string {
  const own = ownTable(command);
  const names = [command.name, ...command.aliases].join(", ");
  const parts = [
    `rung ${names}: ${command.summary}\n`,
    `\nUsage: ${usageOf(command)}\n`,
    own === "" ? "" : `\nOptions:\n${own}`,
    `\nCommon options:\n${table(commonOptions.map(optionRow))}`,
    `\nExample: ${command.example}\n`,
  ];
  return called(parts.join(""));
}

/** A command's part of the help for everything; the options of all commands stand before it, once. */
function chapter(command: CommandSpec): string {
  const names = [command.name, ...command.aliases].join(", ");
  return `\n${names}: ${command.summary}\n\n  ${usageOf(command)}\n${ownTable(command)}  Example: ${command.example}\n`;
}

/** The help for everything at once: rung as a whole, then each command. */
export function allHelp(): string {
  return generalHelp() + called(allCommands().map(chapter).join(""));
}
