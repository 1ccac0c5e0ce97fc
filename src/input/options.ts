// The one table of options: the command line is read by it and by that of the commands, and help is written from both.

import type { CommandSpec } from "./commands.ts";

/** An option as users write it. */
export interface OptionSpec {
  /** With its dashes off: `lock-timeout`. */
  readonly name: string;
  /** What stands for its value in help; null for a flag. */
  readonly value: string | null;
  readonly summary: string;
  /** The values that there are, where they can be counted. */
  readonly values?: readonly string[];
  /** The environment variable that says it where the command line doesn't. */
  readonly variable?: string;
}

/** Options that say where and how, on any command. */
export const commonOptions: readonly OptionSpec[] = [
  {
    name: "db",
    value: "PATH",
    summary: "the database file (else DATABASE_URL, ./rung.db)",
    variable: "RUNG_DB",
  },
  {
    name: "dir",
    value: "DIR",
    summary: "the migrations (else what is embedded, ./migrations)",
    variable: "RUNG_DIR",
  },
  {
    name: "ignore",
    value: "GLOB",
    summary: "schema objects to leave out of guard, drift and dump, with commas between",
    variable: "RUNG_IGNORE",
  },
  {
    name: "json",
    value: null,
    summary: "print one JSON object, for machines",
    variable: "RUNG_JSON",
  },
  {
    name: "lock-timeout",
    value: "TIME",
    summary: "how long to wait for other processes (30s; 4s for a message)",
    variable: "RUNG_LOCK_TIMEOUT",
  },
  { name: "help", value: null, summary: "explain the command" },
];

/** Options of a session, which reads messages and takes no command. */
export function sessionOptions(): readonly OptionSpec[] {
  return [
    {
      name: "reply",
      value: "FORM",
      summary: "form of replies: body, envelope or auto (auto)",
      values: ["body", "envelope", "auto"],
    },
    { name: "events", value: null, summary: "send what happens as lines before the reply" },
    { name: "max-line", value: "BYTES", summary: "the longest line that is read (16777216)" },
  ];
}

/** Options that only some commands take. */
export function commandOptions(): readonly OptionSpec[] {
  return [
    { name: "to", value: "VERSION", summary: "stop at this version; rollback to 0 undoes all" },
    { name: "steps", value: "N", summary: "go this many migrations far" },
    { name: "dry-run", value: null, summary: "show what would be done, and do nothing" },
    {
      name: "commit",
      value: "MODE",
      summary:
        "group: short migrations share a commit; each: one apiece; all: all or nothing (group)",
      values: ["group", "each", "all"],
    },
    {
      name: "allow-out-of-order",
      value: null,
      summary: "apply pending migrations older than the latest applied one",
    },
    { name: "strict", value: null, summary: "refuse a schema that something else has changed" },
    {
      name: "down",
      value: "SOURCE",
      summary: "which down to run: recorded, when it was applied, or catalog (recorded)",
      values: ["recorded", "catalog"],
    },
    { name: "rollback", value: null, summary: "plan a rollback instead of a migrate" },
    { name: "check", value: null, summary: "exit 1 unless all is applied and sound" },
    { name: "data", value: null, summary: "with generated rows, which must come back too" },
    { name: "at", value: "VERSION", summary: "as the migrations up to this version make it" },
    {
      name: "force",
      value: null,
      summary: "even if the schema is not what these migrations make, or the database is broken",
    },
    { name: "backup", value: null, summary: "make a backup first, under the same lock" },
    { name: "keep", value: "N", summary: "leave the latest N backups, and remove older ones" },
    {
      name: "from-db",
      value: null,
      summary: "start from a copy of the database, and prove what is pending there",
    },
    { name: "discard", value: null, summary: "do not keep the database that is replaced" },
    {
      name: "tmp",
      value: "DIR",
      summary: "where the copy is to lie meanwhile (beside the database)",
    },
    { name: "changed", value: "VERSION", summary: "accept an edited file as it is now; or all" },
    { name: "missing", value: "VERSION", summary: "forget a migration whose file is gone; or all" },
    { name: "drift", value: null, summary: "accept the schema as it is now" },
    { name: "settle", value: "VERSION", summary: "settle an interrupted migration, with --as" },
    {
      name: "as",
      value: "STATE",
      summary: "what it counts as from now on: applied or pending",
      values: ["applied", "pending"],
    },
    { name: "ts", value: null, summary: "TypeScript instead of SQL" },
    { name: "timestamp", value: null, summary: "the time as version instead of the next number" },
    { name: "out", value: "FILE", summary: "the executable to write" },
    {
      name: "target",
      value: "PLATFORM",
      summary: "for another platform, such as linux-arm64; fetches its runtime (this platform)",
      values: [
        "linux-x64",
        "linux-arm64",
        "linux-x64-musl",
        "linux-arm64-musl",
        "darwin-x64",
        "darwin-arm64",
        "windows-x64",
      ],
    },
    { name: "name", value: "NAME", summary: "what the new executable calls itself (rung)" },
    { name: "runtime", value: "FILE", summary: "the platform's runtime, instead of fetching it" },
    { name: "no-verify", value: null, summary: "even if a down does not undo its up" },
    { name: "all", value: null, summary: "explain every command" },
  ];
}

/** The options that a command takes besides the common ones; without a command, those of a session. */
export function ownOptions(command: CommandSpec | undefined): readonly OptionSpec[] {
  if (command === undefined) return sessionOptions();
  return commandOptions().filter(({ name }) => command.options.includes(name));
}
