// The one table of commands and options: the command line is read by it, and help is written from it.

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

/** A word that a command takes besides options. */
export interface Argument {
  readonly field: string;
  /** What stands for it in help. */
  readonly value: string;
  readonly isOptional: boolean;
  /** The words that there are, where they can be counted. */
  readonly values?: readonly string[];
}

/** A command as users write it. */
export interface CommandSpec {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  /** The word that it takes besides options; null for none. */
  readonly argument: Argument | null;
  /** The names of the options that only some commands take. */
  readonly options: readonly string[];
  readonly example: string;
  /** Whether an application can follow it behind `--`, which the process becomes on success. */
  readonly isBefore?: boolean;
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
export const sessionOptions: readonly OptionSpec[] = [
  {
    name: "reply",
    value: "FORM",
    summary: "form of replies: body, envelope or auto (auto)",
    values: ["body", "envelope", "auto"],
  },
  { name: "events", value: null, summary: "send what happens as lines before the reply" },
  { name: "max-line", value: "BYTES", summary: "the longest line that is read (16777216)" },
];

/** Options that only some commands take. */
export const commandOptions: readonly OptionSpec[] = [
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

/** Every command, in the order of help. */
export const commands: readonly CommandSpec[] = [
  {
    name: "migrate",
    aliases: ["up"],
    summary: "apply what is pending, in version order",
    argument: null,
    options: ["to", "steps", "dry-run", "commit", "allow-out-of-order", "strict", "backup", "keep"],
    example: "rung migrate --db app.db --dir db/migrations",
    isBefore: true,
  },
  {
    name: "rollback",
    aliases: ["down"],
    summary: "undo the most recently applied migration",
    argument: null,
    options: ["to", "steps", "dry-run", "down"],
    example: "rung rollback --db app.db --to 3",
  },
  {
    name: "redo",
    aliases: [],
    summary: "undo the most recently applied migration and apply it again",
    argument: null,
    options: ["steps", "dry-run", "down"],
    example: "rung redo --db app.db",
  },
  {
    name: "plan",
    aliases: [],
    summary: "show what migrate would do, statement by statement",
    argument: null,
    options: ["rollback", "to", "steps", "allow-out-of-order", "down"],
    example: "rung plan --db app.db --rollback --to 0",
  },
  {
    name: "status",
    aliases: [],
    summary: "show what is applied, what is pending, and what is wrong",
    argument: null,
    options: ["check"],
    example: "rung status --json | jq .pending",
  },
  {
    name: "verify",
    aliases: [],
    summary: "prove on a scratch database that every down undoes its up",
    argument: null,
    options: ["data", "from-db", "tmp"],
    example: "rung verify --dir db/migrations --data",
  },
  {
    name: "rehearse",
    aliases: [],
    summary: "run what is pending on a copy of the database, and report what it would do",
    argument: null,
    options: ["to", "steps", "commit", "allow-out-of-order", "strict", "tmp"],
    example: "rung rehearse --db app.db --tmp /var/tmp",
  },
  {
    name: "backup",
    aliases: [],
    summary: "make a consistent copy of the database",
    argument: { field: "file", value: "FILE", isOptional: true },
    options: ["keep"],
    example: "rung backup --db app.db --keep 7",
  },
  {
    name: "restore",
    aliases: [],
    summary: "put a backup in the place of the database",
    argument: { field: "file", value: "FILE", isOptional: false },
    options: ["discard", "force"],
    example: "rung restore app.db.v3.20260423T120000Z.backup --db app.db",
  },
  {
    name: "log",
    aliases: [],
    summary: "show everything that was ever done, oldest first",
    argument: null,
    options: [],
    example: "rung log --db app.db",
  },
  {
    name: "schema",
    aliases: [],
    summary: "print the schema as SQL",
    argument: null,
    options: ["at"],
    example: "rung schema --at 3 > schema.sql",
  },
  {
    name: "new",
    aliases: [],
    summary: "write the next migration's file",
    argument: { field: "name", value: "NAME", isOptional: false },
    options: ["ts", "timestamp"],
    example: "rung new add_posts --dir db/migrations",
  },
  {
    name: "baseline",
    aliases: [],
    summary: "record the migrations up to a version as applied, without running them",
    argument: { field: "version", value: "VERSION", isOptional: false },
    options: ["force", "dry-run"],
    example: "rung baseline 12 --db app.db",
  },
  {
    name: "repair",
    aliases: [],
    summary: "accept an edited file, a missing one, drift, or settle an interrupted migration",
    argument: null,
    options: ["changed", "missing", "drift", "settle", "as", "dry-run"],
    example: "rung repair --settle 7 --as applied",
  },
  {
    name: "bundle",
    aliases: [],
    summary: "make an executable of rung and your migrations",
    argument: null,
    options: ["out", "target", "name", "runtime", "no-verify"],
    example: "rung bundle --dir db/migrations --out app-migrate",
  },
  {
    name: "help",
    aliases: [],
    summary: "explain rung, or one command",
    argument: null,
    options: ["all"],
    example: "rung help migrate",
  },
  {
    name: "version",
    aliases: [],
    summary: "print the versions of rung, SQLite and the embedded migrations",
    argument: null,
    options: [],
    example: "rung version",
  },
  {
    name: "completions",
    aliases: [],
    summary: "print what a shell needs to complete these words",
    argument: {
      field: "shell",
      value: "SHELL",
      isOptional: false,
      values: ["bash", "zsh", "fish"],
    },
    options: [],
    example: "rung completions bash",
  },
];

/** The command of a name or alias. */
export function findCommand(word: string): CommandSpec | undefined {
  for (const command of commands) {
    if (command.name === word || command.aliases.includes(word)) return command;
  }
  return undefined;
}
