// A request -> what a run would do, with nothing written and no lock held.

import type { Event } from "../event.ts";
import { checkTogether, plan, type PlanRequest } from "../plan/plan.ts";
import { previewOf } from "../plan/preview.ts";
import type { Driver } from "./driver.ts";
import { load } from "./load.ts";
import { causeOf } from "./moves.ts";

/** The events of a dry run: the drift, if there is any, and the plan with every module loaded; or the failure. */
export async function preview(request: PlanRequest, driver: Driver): Promise<readonly Event[]> {
  const looked = await driver.perform({ do: "look" });
  if (looked.is !== "looked")
    return [{ kind: "failed", failure: causeOf(looked), migration: null }];
  const { history } = looked;
  const steps = plan(request, history, []);
  if (!steps.ok) return [{ kind: "failed", failure: steps.failure, migration: null }];
  const loaded = await load(steps.value);
  if (loaded.is !== "loaded")
    return [{ kind: "failed", failure: causeOf(loaded), migration: null }];
  const together = checkTogether(request.command, loaded.steps);
  if (!together.ok) return [{ kind: "failed", failure: together.failure, migration: null }];
  const planned: Event = { kind: "planned", steps: loaded.steps.map(previewOf) };
  return history.drift.length === 0
    ? [planned]
    : [{ kind: "drift", differences: history.drift }, planned];
}
