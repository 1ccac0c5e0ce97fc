// The commands as users write them, each made when it is asked for: a start has one, and help has them all.

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

function migrate(): CommandSpec {
  return {
    name: "migrate",
    aliases: ["up"],
    summary: "apply what is pending, in version order",
    argument: null,
    options: ["to", "steps", "dry-run", "commit", "allow-out-of-order", "strict", "backup", "keep"],
    example: "rung migrate --db app.db --dir db/migrations",
    isBefore: true,
  };
}

function rollback(): CommandSpec {
  return {
    name: "rollback",
    aliases: ["down"],
    summary: "undo the most recently applied migration",
    argument: null,
    options: ["to", "steps", "dry-run", "down"],
    example: "rung rollback --db app.db --to 3",
  };
}

function redo(): CommandSpec {
  return {
    name: "redo",
    aliases: [],
    summary: "undo the most recently applied migration and apply it again",
    argument: null,
    options: ["steps", "dry-run", "down"],
    example: "rung redo --db app.db",
  };
}

function plan(): CommandSpec {
  return {
    name: "plan",
    aliases: [],
    summary: "show what migrate would do, statement by statement",
    argument: null,
    options: ["rollback", "to", "steps", "allow-out-of-order", "down"],
    example: "rung plan --db app.db --rollback --to 0",
  };
}

function status(): CommandSpec {
  return {
    name: "status",
    aliases: [],
    summary: "show what is applied, what is pending, and what is wrong",
    argument: null,
    options: ["check"],
    example: "rung status --json | jq .pending",
  };
}

function verify(): CommandSpec {
  return {
    name: "verify",
    aliases: [],
    summary: "prove on a scratch database that every down undoes its up",
    argument: null,
    options: ["data", "from-db", "tmp"],
    example: "rung verify --dir db/migrations --data",
  };
}

function rehearse(): CommandSpec {
  return {
    name: "rehearse",
    aliases: [],
    summary: "run what is pending on a copy of the database, and report what it would do",
    argument: null,
    options: ["to", "steps", "commit", "allow-out-of-order", "strict", "tmp"],
    example: "rung rehearse --db app.db --tmp /var/tmp",
  };
}

function backup(): CommandSpec {
  return {
    name: "backup",
    aliases: [],
    summary: "make a consistent copy of the database",
    argument: { field: "file", value: "FILE", isOptional: true },
    options: ["keep"],
    example: "rung backup --db app.db --keep 7",
  };
}

function restore(): CommandSpec {
  return {
    name: "restore",
    aliases: [],
    summary: "put a backup in the place of the database",
    argument: { field: "file", value: "FILE", isOptional: false },
    options: ["discard", "force"],
    example: "rung restore app.db.v3.20260423T120000Z.backup --db app.db",
  };
}

function log(): CommandSpec {
  return {
    name: "log",
    aliases: [],
    summary: "show everything that was ever done, oldest first",
    argument: null,
    options: [],
    example: "rung log --db app.db",
  };
}

function schema(): CommandSpec {
  return {
    name: "schema",
    aliases: [],
    summary: "print the schema as SQL",
    argument: null,
    options: ["at"],
    example: "rung schema --at 3 > schema.sql",
  };
}

function newCommand(): CommandSpec {
  return {
    name: "new",
    aliases: [],
    summary: "write the next migration's file",
    argument: { field: "name", value: "NAME", isOptional: false },
    options: ["ts", "timestamp"],
    example: "rung new add_posts --dir db/migrations",
  };
}

function baseline(): CommandSpec {
  return {
    name: "baseline",
    aliases: [],
    summary: "record the migrations up to a version as applied, without running them",
    argument: { field: "version", value: "VERSION", isOptional: false },
    options: ["force", "dry-run"],
    example: "rung baseline 12 --db app.db",
  };
}

function repair(): CommandSpec {
  return {
    name: "repair",
    aliases: [],
    summary: "accept an edited file, a missing one, drift, or settle an interrupted migration",
    argument: null,
    options: ["changed", "missing", "drift", "settle", "as", "dry-run"],
    example: "rung repair --settle 7 --as applied",
  };
}

function bundle(): CommandSpec {
  return {
    name: "bundle",
    aliases: [],
    summary: "make an executable of rung and your migrations",
    argument: null,
    options: ["out", "target", "name", "runtime", "no-verify"],
    example: "rung bundle --dir db/migrations --out app-migrate",
  };
}

function help(): CommandSpec {
  return {
    name: "help",
    aliases: [],
    summary: "explain rung, or one command",
    argument: null,
    options: ["all"],
    example: "rung help migrate",
  };
}

function version(): CommandSpec {
  return {
    name: "version",
    aliases: [],
    summary: "print the versions of rung, SQLite and the embedded migrations",
    argument: null,
    options: [],
    example: "rung version",
  };
}

function completions(): CommandSpec {
  return {
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
  };
}

/** The command of a name or alias. */
export function findCommand(word: string): CommandSpec | undefined {
  switch (word) {
    case "migrate":
    case "up":
      return migrate();
    case "rollback":
    case "down":
      return rollback();
    case "redo":
      return redo();
    case "plan":
      return plan();
    case "status":
      return status();
    case "verify":
      return verify();
    case "rehearse":
      return rehearse();
    case "backup":
      return backup();
    case "restore":
      return restore();
    case "log":
      return log();
    case "schema":
      return schema();
    case "new":
      return newCommand();
    case "baseline":
      return baseline();
    case "repair":
      return repair();
    case "bundle":
      return bundle();
    case "help":
      return help();
    case "version":
      return version();
    case "completions":
      return completions();
    default:
      return undefined;
  }
}

/** Every command, in the order of help. */
export function allCommands(): readonly CommandSpec[] {
  return [
    migrate(),
    rollback(),
    redo(),
    plan(),
    status(),
    verify(),
    rehearse(),
    backup(),
    restore(),
    log(),
    schema(),
    newCommand(),
    baseline(),
    repair(),
    bundle(),
    help(),
    version(),
    completions(),
  ];
}

/** The names and aliases of all commands. */
export function commandWords(): readonly string[] {
  return allCommands().flatMap(({ name, aliases }) => [name, ...aliases]);
}
