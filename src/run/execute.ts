// The only loop with effects: state -> effect -> outcome -> state, until the run has come to its end.

import type { Watch } from "../activity.ts";
import type { Emit } from "../event.ts";
import { failure } from "../failure.ts";
import type { ReadyStep, Step } from "../plan/step.ts";
import { activityOf } from "./activity.ts";
import type { Driver, Effect, Outcome } from "./driver.ts";
import { advance } from "./machine.ts";
import { canStop, effectOf, start, type Queue, type RunRequest, type State } from "./state.ts";

const codes = {
  SIGHUP: "interrupted.sighup",
  SIGINT: "interrupted.sigint",
  SIGTERM: "interrupted.sigterm",
} as const;

/** How a run learns that a signal has asked it to end. */
export interface Signals {
  /** From now on a signal is kept for `received`; before, and after `release`, it ends the process at once. */
  hold(): void;
  release(): void;
  received(): Promise<keyof typeof codes | null>;
}

/** What the loop needs of the world. */
export interface World {
  readonly driver: Driver;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  readonly emit: Emit;
  /** Signals that ask to end; null where a signal ends the process by itself. */
  readonly signals: Signals | null;
  /** Told of what takes time, where somebody watches. */
  readonly watch?: Watch | undefined;
  /** Told before the first step where so many statements follow that code which runs once for each runs often. */
  readonly expectLongWork?: (() => void) | undefined;
}

/** From how many statements on it pays to compile code: 2,000 take 0.94 of the time then, 20,000 half, and 200 1.2. */
const many = 1000;

/** Nobody knows what the function of a TypeScript migration will do. */
function isLong(steps: readonly ReadyStep[]): boolean {
  let statements = 0;
  for (const { work } of steps) {
    if (work.kind === "call") return true;
    statements += work.statements.length;
  }
  return statements >= many;
}

function hurry({ steps, from }: Queue, { expectLongWork }: World): void {
  if (from === 0 && isLong(steps)) expectLongWork?.();
}

function announce(state: State, watch: Watch): void {
  const activity = activityOf(state);
  if (activity !== null) watch(activity);
}

/** In place of the next effect, where the run can be taken back without a trace: the failure of being asked to end. */
async function interruption(state: State, signals: Signals): Promise<Outcome | null> {
  if (!canStop(state)) return null;
  const signal = await signals.received();
  if (signal === null) return null;
  const text = `The run was ended by ${signal}.`;
  const hint = "Run the command again: it goes on where this one stopped.";
  return { is: "failed", failure: failure(codes[signal], text, hint) };
}

async function wait(milliseconds: number): Promise<Outcome> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return { is: "done" };
}

async function loadSteps(steps: readonly Step[]): Promise<Outcome> {
  const { load } = await import("./load.ts");
  return load(steps);
}

/** An outcome where the driver has it at once: to wait for each of many thousands takes its time. */
function perform(effect: Effect, driver: Driver): Outcome | Promise<Outcome> {
  if (effect.do === "wait") return wait(effect.ms);
  return effect.do === "load" ? loadSteps(effect.steps) : driver.perform(effect);
}

/**
 * Runs a request to its end. Every outcome, failures included, arrives as an event; nothing is thrown but bugs. `looked`
 * is what the first look came to, where somebody has looked already.
 */
export async function execute(
  request: RunRequest,
  world: World,
  looked: Outcome | null = null,
): Promise<void> {
  return run(start(request, world.now()), world, looked);
}

/** Runs what a state begins to its end, as `execute` does. */
export async function executeFrom(first: State, world: World): Promise<void> {
  return run(first, world, null);
}

/** `known` is the outcome of the first effect, where somebody has performed that already. */
async function run(first: State, world: World, known: Outcome | null): Promise<void> {
  const { driver } = world;
  let { signals } = world;
  let state = first;
  let ahead = known;
  signals?.hold();
  for (let effect = effectOf(state); effect !== null; effect = effectOf(state)) {
    const stop = signals === null ? null : await interruption(state, signals);
    if (stop !== null) signals = null;
    if (world.watch !== undefined && ahead === null) announce(state, world.watch);
    if (state.at === "beginning") hurry(state.queue, world);
    const given = stop ?? ahead ?? perform(effect, driver);
    ahead = null;
    const outcome = given instanceof Promise ? await given : given;
    const next = advance(state, outcome, world.now());
    let said: ReturnType<Emit> = undefined;
    for (const event of next.events) said = world.emit(event);
    if (said !== undefined) await said;
    state = next.state;
  }
  world.signals?.release();
}
