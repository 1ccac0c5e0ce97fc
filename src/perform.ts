// One command on one database: catalog and driver are brought together, and events come out.

import type {
  BackupCommand,
  BaselineCommand,
  Command,
  LogCommand,
  MigrateCommand,
  PlanCommand,
  RehearseCommand,
  RepairCommand,
  RestoreCommand,
  SchemaCommand,
  StatusCommand,
  VerifyCommand,
} from "./command.ts";
import type { Emit } from "./event.ts";
import { failure, ok, type Result } from "./failure.ts";
import { failedWith, type Job, type Workplace } from "./job.ts";
import type { Catalog } from "./migration/migration.ts";
import { countOf, isUpToDate, type History } from "./plan/history.ts";
import type { SteppingCommand } from "./plan/plan.ts";
import { refuseSample, statusRows, type StatusRow } from "./plan/status.ts";
import type { BackupWish, Outcome } from "./run/driver.ts";

/** Only these may make a database where there is none; those that only look get no more than they need. */
function modeOf(command: Command): "read" | "write" | "create" {
  if ("dry_run" in command && command.dry_run) return "read";
  switch (command.type) {
    case "migrate":
    case "baseline":
    case "restore":
      return "create";
    case "rollback":
    case "redo":
    case "repair":
      return "write";
    case "status":
    case "verify":
    case "rehearse":
    case "backup":
    case "plan":
    case "log":
    case "schema":
      return "read";
  }
}

const noAnswer = failure(
  "database.io",
  "The database gave no answer.",
  "Run the command again: it only reads.",
);

function rowsOf(
  catalog: Catalog,
  history: History,
): readonly StatusRow[] | Promise<readonly StatusRow[]> {
  for (const { state } of history.rows)
    if (state === "started") return rowsOfStep(catalog, history);
  return statusRows(catalog, history);
}

/** The rows of a history with a step under way. */
async function rowsOfStep(catalog: Catalog, history: History): Promise<readonly StatusRow[]> {
  const { interruptionOf } = await import("./plan/interruption.ts");
  return statusRows(catalog, history, interruptionOf);
}

async function status(_command: StatusCommand, { driver, catalog, emit }: Job): Promise<void> {
  const outcome = await driver.perform({ do: "look", catalog, wantsRows: true });
  if (outcome.is === "lost") return emit(failedWith(noAnswer));
  const allowed = outcome.is === "looked" ? refuseSample(catalog, outcome.history) : outcome;
  if ("failure" in allowed) return emit(failedWith(allowed.failure));
  if (outcome.is !== "looked") throw new Error(`a look came to ${outcome.is}`);
  const { drift } = outcome.history;
  const rows = await rowsOf(catalog, outcome.history);
  emit({ kind: "status", catalog: catalog.label, rows, drift });
}

async function log(_command: LogCommand, { driver, emit }: Job): Promise<void> {
  const outcome = await driver.perform({ do: "read-log" });
  if (outcome.is === "failed") return emit(failedWith(outcome.failure));
  if (outcome.is !== "log-read") throw new Error(`reading the log came to ${outcome.is}`);
  emit({ kind: "log", entries: outcome.entries });
}

async function schema(command: SchemaCommand, job: Job): Promise<void> {
  if (command.at !== undefined) {
    const { schemaAt } = await import("./run/scratch.ts");
    const made = await schemaAt(job.catalog, command.at, job.place);
    return job.emit(made.ok ? { kind: "schema", objects: made.value } : failedWith(made.failure));
  }
  const outcome = await job.driver.perform({ do: "survey" });
  if (outcome.is === "failed") return job.emit(failedWith(outcome.failure));
  if (outcome.is !== "surveyed") throw new Error(`a survey came to ${outcome.is}`);
  job.emit({ kind: "schema", objects: outcome.objects });
}

async function repair(
  command: RepairCommand,
  { driver, catalog, waitMs, emit }: Job,
): Promise<void> {
  const { amend } = await import("./run/amend.ts");
  const { planRepair } = await import("./plan/amend.ts");
  const settings = { driver, waitMs, isDryRun: command.dry_run };
  emit(await amend((history) => planRepair(command, catalog, history), settings));
}

async function baseline(command: BaselineCommand, job: Job): Promise<void> {
  const { catalog, driver, waitMs, place, emit } = job;
  const { amend } = await import("./run/amend.ts");
  const { planBaseline } = await import("./plan/amend.ts");
  const { schemaAt } = await import("./run/scratch.ts");
  const made = command.force ? null : await schemaAt(catalog, command.version, place);
  if (made !== null && !made.ok) return emit(failedWith(made.failure));
  const wanted = made === null ? null : made.value;
  const settings = { driver, waitMs, isDryRun: command.dry_run };
  emit(
    await amend((history, live) => planBaseline(command, catalog, history, wanted, live), settings),
  );
}

function steppingOf(command: PlanCommand): SteppingCommand {
  const { lock_timeout, to, steps, down, allow_out_of_order } = command;
  const common = {
    dry_run: true,
    detail: false,
    ...(lock_timeout === undefined ? {} : { lock_timeout }),
    ...(to === undefined ? {} : { to }),
    ...(steps === undefined ? {} : { steps }),
  };
  if (command.rollback) return { type: "rollback", down, ...common };
  const flags = { commit: "group", strict: false, backup: false } as const;
  return { type: "migrate", allow_out_of_order, ...flags, ...common };
}

/** The first look of a run that applies what is pending. */
async function look({ to }: MigrateCommand, { place, catalog, driver }: Job): Promise<Outcome> {
  place.watch?.({ is: "reading" });
  const willWrite = to === undefined && countOf(catalog) > 0;
  return driver.perform({ do: "look", catalog, wantsRows: false, willWrite });
}

async function foresee(command: SteppingCommand, { catalog, driver, emit }: Job): Promise<void> {
  const { preview } = await import("./run/preview.ts");
  for (const event of await preview({ command, catalog }, driver)) emit(event);
}

async function run(command: SteppingCommand, job: Job, looked: Outcome | null): Promise<void> {
  const { catalog, driver, waitMs, place, emit } = job;
  const { execute } = await import("./run/execute.ts");
  const commit = command.type === "migrate" ? command.commit : "group";
  const request = { command, catalog, commit, lockTimeoutMs: waitMs, ...backupFor(command) };
  const { now, signals, watch, expectLongWork } = place;
  await execute(request, { driver, now, signals, emit, watch, expectLongWork }, looked);
}

async function step(command: SteppingCommand, job: Job): Promise<void> {
  if (command.dry_run) return foresee(command, job);
  const { catalog, place, emit } = job;
  place.signals?.hold();
  if (command.type !== "migrate") return run(command, job, null);
  const looked = await look(command, job);
  const isDone = looked.is === "looked" && isUpToDate(catalog, looked.history);
  // A version to stop at is still to be found. Else nearly every start of a server ends here, without what runs steps.
  if (!isDone || command.to !== undefined) return run(command, job, looked);
  place.signals?.release();
  return emit({ kind: "finished" });
}

function backupFor(command: SteppingCommand): { readonly backup?: BackupWish } {
  if (command.type !== "migrate" || !command.backup) return {};
  return { backup: { for: "backup", file: null, keep: command.keep ?? null } };
}

async function backup(command: BackupCommand, { driver, waitMs, place, emit }: Job): Promise<void> {
  const { backup: make } = await import("./run/backup.ts");
  const { file = null, keep = null } = command;
  await make({ for: "backup", file, keep }, driver, { waitMs, emit, watch: place.watch });
}

async function restore(command: RestoreCommand, job: Job): Promise<void> {
  const { driver, waitMs, place, emit } = job;
  const { restore: put } = await import("./run/restore.ts");
  const { file, force, discard } = command;
  const { now, watch } = place;
  const events = await put({ file, force, discard }, { driver, waitMs, now, watch });
  for (const event of events) await emit(event);
}

async function verify(command: VerifyCommand, job: Job): Promise<void> {
  const { verifyAll } = await import("./proof.ts");
  return verifyAll(command, job);
}

async function rehearse(command: RehearseCommand, job: Job): Promise<void> {
  const { rehearseAll } = await import("./proof.ts");
  return rehearseAll(command, job);
}

function dispatch(command: Command, job: Job): Promise<void> {
  switch (command.type) {
    case "status":
      return status(command, job);
    case "verify":
      return verify(command, job);
    case "rehearse":
      return rehearse(command, job);
    case "backup":
      return backup(command, job);
    case "restore":
      return restore(command, job);
    case "log":
      return log(command, job);
    case "schema":
      return schema(command, job);
    case "repair":
      return repair(command, job);
    case "baseline":
      return baseline(command, job);
    case "plan":
      return step(steppingOf(command), job);
    case "migrate":
    case "rollback":
    case "redo":
      return step(command, job);
  }
}

const noCatalog: Catalog = { origin: "directory", label: "", migrations: [] };

/** What only reads the database needs no migrations, and is not stopped by broken ones. */
function catalogFor(
  command: Command,
  place: Workplace,
): Result<Catalog> | Promise<Result<Catalog>> {
  const { type } = command;
  const isOnFile = type === "log" || type === "backup" || type === "restore";
  const isReading = isOnFile || (type === "schema" && command.at === undefined);
  return isReading ? ok(noCatalog) : place.catalog();
}

/** Runs a command; all that comes of it, failures included, is emitted as events. */
export async function perform(command: Command, place: Workplace, emit: Emit): Promise<void> {
  const catalog = await catalogFor(command, place);
  if (!catalog.ok) return emit(failedWith(catalog.failure));
  const waitMs = command.lock_timeout ?? place.lockTimeoutMs;
  const mode = modeOf(command);
  const driver = await place.openDriver({ path: place.path, mode, readWaitMs: waitMs });
  try {
    await dispatch(command, { place, catalog: catalog.value, driver, waitMs, emit });
  } finally {
    driver.close();
  }
}
