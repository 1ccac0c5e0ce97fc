// The one table of commands and options: the command line is read by it, and help is written from it.

/** An option as users write it. */
export interface OptionSpec {
  /** With its dashes off: `lock-timeout`. */
  readonly name: string;
  /** What stands for its value in help; null for a flag. */
  readonly value: string | null;
  readonly summary: string;
}

/** A command as users write it. */
export interface CommandSpec {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  /** The names of the options that only some commands take. */
  readonly options: readonly string[];
  readonly example: string;
}

/** Options that say where and how, on any command. */
export const commonOptions: readonly OptionSpec[] = [
  {
    name: "db",
    value: "PATH",
    summary: "the database file (else RUNG_DB, DATABASE_URL, ./rung.db)",
  },
  {
    name: "dir",
    value: "DIR",
    summary: "the migrations (else RUNG_DIR, what is embedded, ./migrations)",
  },
  { name: "json", value: null, summary: "print one JSON object, for machines" },
  {
    name: "lock-timeout",
    value: "TIME",
    summary: "how long to wait for other processes (30s; 4s for a message)",
  },
  {
    name: "reply",
    value: "FORM",
    summary: "form of protocol replies: body, envelope or auto (auto)",
  },
  { name: "help", value: null, summary: "explain the command" },
];

/** Options that only some commands take. */
export const commandOptions: readonly OptionSpec[] = [
  {
    name: "commit",
    value: "MODE",
    summary:
      "group: short migrations share a commit; each: one apiece; all: all or nothing (group)",
  },
  { name: "settle", value: "VERSION", summary: "the interrupted migration to settle" },
  { name: "as", value: "STATE", summary: "what it counts as from now on: applied or pending" },
  {
    name: "allow-out-of-order",
    value: null,
    summary: "apply pending migrations older than the latest applied one",
  },
];

/** Every command, in the order of help. */
export const commands: readonly CommandSpec[] = [
  {
    name: "migrate",
    aliases: ["up"],
    summary: "apply what is pending, in version order",
    options: ["commit", "allow-out-of-order"],
    example: "rung migrate --db app.db --dir db/migrations",
  },
  {
    name: "rollback",
    aliases: ["down"],
    summary: "undo the most recently applied migration",
    options: [],
    example: "rung rollback --db app.db",
  },
  {
    name: "status",
    aliases: [],
    summary: "show what is applied and what is pending",
    options: [],
    example: "rung status --json | jq .pending",
  },
  {
    name: "repair",
    aliases: [],
    summary: "settle a migration that was interrupted outside any transaction",
    options: ["settle", "as"],
    example: "rung repair --settle 7 --as applied",
  },
  {
    name: "help",
    aliases: [],
    summary: "explain rung, or one command",
    options: [],
    example: "rung help migrate",
  },
  {
    name: "version",
    aliases: [],
    summary: "print the version",
    options: [],
    example: "rung version",
  },
];

/** The command of a name or alias. */
export function findCommand(word: string): CommandSpec | undefined {
  return commands.find(({ name, aliases }) => name === word || aliases.includes(word));
}
