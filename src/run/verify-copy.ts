// Verification that starts from a copy of the real database: what is pending there is tried on copies of that copy.

import type { Event } from "../event.ts";
import { ok, type Result } from "../failure.ts";
import { lastSeq } from "../plan/history.ts";
import { plan, type PlanRequest } from "../plan/plan.ts";
import type { Verdict } from "../plan/verdict.ts";
import { failedWith, onCopy, type CopyPlace } from "./copied.ts";
import type { CopyTarget, DatabaseEffect, Driver, Outcome, RehearsalWish } from "./driver.ts";
import { causeOf } from "./moves.ts";
import { verify } from "./verify.ts";

/** What such a verification needs of the world. */
export interface VerifyCopyPlace extends CopyPlace {
  readonly openCopy: (path: string) => Promise<Driver>;
  /** What the verdicts come to. */
  readonly endWith: (verdicts: readonly Verdict[]) => Promise<Event>;
}

const beside: RehearsalWish = { for: "rehearsal", folder: null };

/** The driver of a copy, which is gone when it is closed. */
class CopyDriver implements Driver {
  private readonly driver: Driver;
  private readonly origin: Driver;
  private readonly target: CopyTarget;

  constructor(driver: Driver, origin: Driver, target: CopyTarget) {
    this.driver = driver;
    this.origin = origin;
    this.target = target;
  }

  perform(effect: DatabaseEffect): Outcome | Promise<Outcome> {
    return this.driver.perform(effect);
  }

  close(): void {
    this.driver.close();
    void this.origin.perform({ do: "discard-copy", target: this.target });
  }
}

/** Opens a copy of what a driver works on. */
async function openAnother(origin: Driver, place: VerifyCopyPlace): Promise<Result<Driver>> {
  const { waitMs } = place;
  const room = await origin.perform({ do: "prepare-copy", wish: beside, waitMs });
  if (room.is !== "prepared") return { ok: false, failure: causeOf(room) };
  const { target } = room;
  const filled = await origin.perform({ do: "fill-copy", wish: beside, target, waitMs });
  const driver = new CopyDriver(await place.openCopy(target.path), origin, target);
  if (filled.is === "done") return ok(driver);
  driver.close();
  return { ok: false, failure: causeOf(filled) };
}

async function verifyFrom(
  origin: Driver,
  request: PlanRequest,
  withRows: boolean,
  place: VerifyCopyPlace,
): Promise<Event> {
  const { catalog } = request;
  const looked = await origin.perform({ do: "look" });
  if (looked.is !== "looked") return failedWith(causeOf(looked));
  const { history } = looked;
  const steps = plan(request, history, []);
  if (!steps.ok) return failedWith(steps.failure);
  const pending = new Set(steps.value.map(({ version }) => version));
  const migrations = catalog.migrations.filter(({ version }) => pending.has(version));
  const standing = { founded: history.founded, seq: lastSeq(history) };
  const scratch = { open: () => openAnother(origin, place), standing };
  const verdicts = await verify(catalog, place, { scratch, migrations, withRows });
  return verdicts.ok ? place.endWith(verdicts.value) : failedWith(verdicts.failure);
}

/** Verifies what is pending in the database, on copies of it; these are gone when it is over. */
export async function verifyCopy(
  request: PlanRequest,
  wish: RehearsalWish,
  withRows: boolean,
  place: VerifyCopyPlace,
): Promise<void> {
  await onCopy(wish, place, async ({ path }) => {
    const origin = await place.openCopy(path);
    try {
      return await verifyFrom(origin, request, withRows, place);
    } finally {
      origin.close();
    }
  });
}
