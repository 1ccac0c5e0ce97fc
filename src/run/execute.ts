// The only loop with effects: state -> effect -> outcome -> state, until the run has come to its end.

import type { Event } from "../event.ts";
import type { Driver, Effect, Outcome } from "./driver.ts";
import { advance } from "./machine.ts";
import { effectOf, start, type RunRequest } from "./state.ts";

/** What the loop needs of the world. */
export interface World {
  readonly driver: Driver;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly emit: (event: Event) => void;
}

async function perform(effect: Effect, driver: Driver): Promise<Outcome> {
  if (effect.do === "wait") {
    await new Promise((resolve) => setTimeout(resolve, effect.ms));
    return { is: "done" };
  }
  if (effect.do !== "load") return driver.perform(effect);
  const { load } = await import("./load.ts");
  return load(effect.steps);
}

/** Runs a request to its end. Every outcome, failures included, arrives as an event; nothing is thrown but bugs. */
export async function execute(request: RunRequest, world: World): Promise<void> {
  let state = start(request, world.now());
  for (let effect = effectOf(state); effect !== null; effect = effectOf(state)) {
    const outcome = await perform(effect, world.driver);
    const next = advance(state, outcome, world.now());
    for (const event of next.events) world.emit(event);
    state = next.state;
  }
}
