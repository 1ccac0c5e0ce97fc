// The effects of a step outside any transaction, on a modelled database.

import type { ReadyStep } from "../../src/plan/step.ts";
import type { Effect, Outcome } from "../../src/run/driver.ts";
import { marksOf, pieces } from "./content.ts";
import { ModelledInside } from "./modelled-inside.ts";
import { done, lost } from "./ways.ts";

/** A modelled database with steps in transactions and outside any. */
export class ModelledOutside extends ModelledInside {
  protected start(effect: Effect & { readonly do: "start" }): Outcome {
    const transaction = this.checkNext(effect);
    const { step, seq } = effect;
    if (step.options.transaction) throw new Error("start of a step with a transaction");
    const { content } = transaction;
    const known = content.rows.get(step.version)?.seq;
    const isInOrder = known === undefined ? seq > content.lastSeq : seq === known;
    if (!isInOrder) throw new Error(`seq ${seq} does not follow ${content.lastSeq}`);
    return this.simple(effect, () => {
      const started = { direction: step.direction, done: 0 };
      content.rows.set(step.version, { seq, started });
      transaction.starts = step;
    });
  }

  /** How many marks' worth of the step outside any transaction is done, whether marked or not. */
  #executed({ version, direction, work }: ReadyStep): number {
    const there = this.durable.workOf(version);
    const executed = direction === "up" ? there : pieces - there;
    return work.kind === "call" ? Math.floor(executed / pieces) : executed;
  }

  #checkOutside(effect: Effect & { readonly step: ReadyStep }): number {
    const { step } = effect;
    this.closed(effect);
    if (this.outside?.version !== step.version)
      throw new Error(`${effect.do} of what is not started`);
    const started = this.durable.rows.get(step.version)?.started ?? null;
    if (started === null) throw new Error(`${effect.do} without a row`);
    return started.done;
  }

  protected workOutside(
    effect: (Effect & { readonly do: "execute" }) | (Effect & { readonly do: "call" }),
  ): Outcome {
    const { step } = effect;
    const marked = this.#checkOutside(effect);
    const executed = this.#executed(step);
    if (executed !== marked) throw new Error("goes on over a statement that is not marked");
    const isScript = effect.do === "execute";
    if (isScript && step.work.kind === "script") {
      if (effect.statement !== step.work.statements[executed]) throw new Error("out of order");
    } else if (isScript || step.work !== effect.work) throw new Error("other work");
    const sign = step.direction === "up" ? 1 : -1;
    const act = (count: number): void => this.durable.add(step.version, sign * count);
    const ways = ["done", "failed", "failed-part", "io", "lost", "dropped"] as const;
    const way = this.way(effect, ways, true);
    const whole = isScript ? 1 : pieces;
    if (way === "done" || way === "lost") act(whole);
    // An I/O error while a statement is committed may come after all that matters.
    if (way === "io" && this.choose([false, true])) act(whole);
    if (way === "failed-part" && !isScript) act(1);
    switch (way) {
      case "done":
        return done;
      case "failed":
        return this.failed("step.failed");
      case "failed-part":
        return this.failed("step.failed", "some");
      case "io":
        return this.failed("database.io");
      default:
        return lost;
    }
  }

  /** An effect that is durable at once. */
  #atOnce(effect: Effect, act: () => void): Outcome {
    const way = this.way(effect, ["done", "io", "failed-after", "lost", "dropped"], true);
    if (way !== "io" && way !== "dropped") act();
    if (way === "io" || way === "failed-after") return this.failed("database.io");
    return way === "done" ? done : lost;
  }

  protected mark(effect: Effect & { readonly do: "mark" }): Outcome {
    const marked = this.#checkOutside(effect);
    const { step } = effect;
    const isNext = effect.done === marked + 1 && effect.done === this.#executed(step);
    if (!isNext) throw new Error(`marks ${effect.done} after ${marked}`);
    return this.#atOnce(effect, () => {
      const seq = this.durable.rows.get(step.version)?.seq ?? 0;
      const started = { direction: step.direction, done: effect.done };
      this.durable.rows.set(step.version, { seq, started });
    });
  }

  protected abandon(effect: Effect & { readonly do: "abandon" }): Outcome {
    const { step } = effect;
    const marked = this.#checkOutside(effect);
    const work = this.durable.workOf(step.version);
    const isUntouched = work === (step.direction === "up" ? 0 : pieces);
    if (marked > 0 || !isUntouched) throw new Error("abandons what was begun");
    return this.#atOnce(effect, () => {
      const seq = this.durable.rows.get(step.version)?.seq ?? 0;
      if (step.direction === "up") this.durable.rows.delete(step.version);
      else this.durable.rows.set(step.version, { seq, started: null });
      this.outside = null;
    });
  }

  protected recordOutside(effect: Effect & { readonly do: "record" }): Outcome {
    const transaction = this.open(effect);
    const { content } = transaction;
    const { step, seq } = effect;
    const row = content.rows.get(step.version);
    if (row?.started?.done !== marksOf(step) || row.seq !== seq)
      throw new Error("record too early");
    return this.simple(effect, () => {
      if (step.direction === "up") content.rows.set(step.version, { seq, started: null });
      else content.rows.delete(step.version);
      const { version, direction, options } = step;
      transaction.ran.push({ version, direction, options });
    });
  }
}
