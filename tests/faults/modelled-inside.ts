// The effects of a step inside its savepoint, on a modelled database.

import type { ReadyStep } from "../../src/plan/step.ts";
import type { Effect, Outcome } from "../../src/run/driver.ts";
import { Content, pieces } from "./content.ts";
import { ModelledDatabase } from "./modelled-database.ts";
import { done, lost, type Current } from "./ways.ts";

/** A modelled database with steps in transactions. */
export class ModelledInside extends ModelledDatabase {
  protected enter(effect: Effect & { readonly do: "enter" }): Outcome {
    const transaction = this.checkNext(effect);
    const { step } = effect;
    return this.simple(effect, () => {
      const before = new Content(transaction.content);
      transaction.current = { step, before, done: 0, isGuarded: false, isRecorded: false };
    });
  }

  protected work(
    effect: (Effect & { readonly do: "execute" }) | (Effect & { readonly do: "call" }),
  ): Outcome {
    const current = this.current(effect);
    const transaction = this.open(effect);
    const { work, version, direction } = current.step;
    if (effect.do === "execute") {
      const next = work.kind === "script" ? work.statements[current.done] : undefined;
      if (effect.statement !== next) throw new Error("a statement out of order");
    } else if (work !== effect.work || current.done > 0) throw new Error("a call out of order");
    const act = (): void => {
      const count = effect.do === "execute" ? 1 : pieces;
      current.done += count;
      transaction.content.add(version, direction === "up" ? count : -count);
    };
    const way = this.way(effect, [
      "done",
      "failed",
      "gone",
      "io",
      "io-gone",
      "lost",
      "dropped",
      "lost-gone",
    ]);
    switch (way) {
      case "failed":
        // What a function did before it threw stays until it is undone.
        if (effect.do === "call") act();
        return this.failed("step.failed");
      case "io":
        return this.failed("database.io");
      case "gone":
        this.transaction = null;
        return this.failed("step.transaction-lost");
      case "io-gone":
        this.transaction = null;
        return this.failed("database.full");
      case "lost-gone":
        this.transaction = null;
        return lost;
      case "dropped":
        return lost;
      default:
        act();
        return way === "done" ? done : lost;
    }
  }

  #finishedWork(effect: Effect & { readonly step: ReadyStep }): Current {
    const current = this.current(effect);
    if (current.done !== pieces) throw new Error(`${effect.do} before the work is done`);
    return current;
  }

  protected guard(effect: Effect & { readonly do: "guard" }): Outcome {
    const current = this.#finishedWork(effect);
    if (current.isRecorded) throw new Error("guard after record");
    return this.simple(effect, () => {
      current.isGuarded = true;
    });
  }

  protected record(effect: Effect & { readonly do: "record" }): Outcome {
    const current = this.#finishedWork(effect);
    const { content } = this.open(effect);
    if (!current.isGuarded || current.isRecorded) throw new Error("record out of order");
    const { seq, step } = effect;
    if (step.direction === "up" && seq <= content.lastSeq) {
      throw new Error(`seq ${seq} does not follow ${content.lastSeq}`);
    }
    return this.simple(effect, () => {
      if (step.direction === "up") content.rows.set(step.version, { seq, started: null });
      else content.rows.delete(step.version);
      current.isRecorded = true;
    });
  }

  protected leave(effect: Effect & { readonly do: "leave" }): Outcome {
    const current = this.#finishedWork(effect);
    const transaction = this.open(effect);
    if (!current.isRecorded) throw new Error("leave before record");
    return this.simple(effect, () => {
      transaction.current = null;
      const { version, direction, options } = current.step;
      transaction.ran.push({ version, direction, options });
      this.isLeft = true;
    });
  }
}
