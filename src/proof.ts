// The commands that prove a plan before it runs: verify on a scratch database, rehearse on a copy of the real one.

import type { MigrateCommand, RehearseCommand, VerifyCommand } from "./command.ts";
import type { Event } from "./event.ts";
import { failedWith, type Job } from "./job.ts";
import { verdictFailure, type Verdict } from "./plan/verdict.ts";
import type { CopyPlace } from "./run/copied.ts";
import type { Apart, Driver } from "./run/driver.ts";

const asItIs = { dry_run: false, detail: false, backup: false } as const;
const everything: MigrateCommand = {
  type: "migrate",
  commit: "group",
  allow_out_of_order: false,
  strict: false,
  ...asItIs,
};

function copyPlace({ driver, waitMs, place, emit }: Job): CopyPlace {
  const { now, watch } = place;
  const signals = place.signals ?? place.heldSignals();
  return { driver, waitMs, now, signals, emit, watch };
}

/** Performs a verify. */
export async function verifyAll(command: VerifyCommand, job: Job): Promise<void> {
  const { catalog, place, waitMs, emit } = job;
  const endWith = async (verdicts: readonly Verdict[]): Promise<Event> => {
    await emit({ kind: "verified", verdicts });
    const cause = verdictFailure(verdicts);
    return cause === null ? { kind: "finished" } : failedWith(cause);
  };
  const { data: withRows, tmp = null } = command;
  if (command.from_db) {
    const { verifyCopy } = await import("./run/verify-copy.ts");
    const openCopy = (path: string): Promise<Driver> =>
      place.openDriver({ path, mode: "create", readWaitMs: waitMs });
    const request = { command: everything, catalog };
    const wish = { for: "rehearsal", folder: tmp } as const;
    return verifyCopy(request, wish, withRows, { ...copyPlace(job), openCopy, endWith });
  }
  const { verify } = await import("./run/verify.ts");
  const { emptyScratch } = await import("./run/scratch.ts");
  const { migrations } = catalog;
  const scratch = emptyScratch(place);
  const verdicts = await verify(catalog, place, { scratch, migrations, withRows });
  const end = verdicts.ok ? await endWith(verdicts.value) : failedWith(verdicts.failure);
  if (end.kind === "failed") await emit(end);
}

/** Performs a rehearse. */
export async function rehearseAll(command: RehearseCommand, job: Job): Promise<void> {
  const { catalog, waitMs, place } = job;
  const { rehearse } = await import("./run/rehearse.ts");
  const { type: _type, tmp = null, ...options } = command;
  const migrate = { type: "migrate", ...options, ...asItIs } as const;
  const request = { command: migrate, catalog, commit: command.commit, lockTimeoutMs: waitMs };
  const openCopy = (path: string, measuring: Apart): Promise<Driver> =>
    place.openDriver({ path, mode: "create", readWaitMs: waitMs, measuring });
  await rehearse(request, { for: "rehearsal", folder: tmp }, { ...copyPlace(job), openCopy });
}
