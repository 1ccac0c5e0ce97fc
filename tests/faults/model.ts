// A database in memory that answers the effects of a run as badly as it is told to, and objects to those that make no sense.

import type { ReadyStep, Step } from "../../src/plan/step.ts";
import type { Effect, Outcome } from "../../src/run/driver.ts";
import { Content } from "./content.ts";
import { ModelledBackup } from "./modelled-backup.ts";
import { done, lost } from "./ways.ts";

/** The database, and all that happened to it. */
export class Model extends ModelledBackup {
  perform(effect: Effect): Outcome {
    const outcome = this.#perform(effect);
    const version = "step" in effect ? ` ${effect.step.version}` : "";
    this.trace.push(`${effect.do}${version}: ${outcome.is}`);
    return outcome;
  }
  #perform(effect: Effect): Outcome {
    const isAfterLeave = this.isLeft;
    this.isLeft = false;
    switch (effect.do) {
      case "look":
        return this.#look(effect);
      case "wait":
        this.closed(effect);
        return done;
      case "load":
        return this.#load(effect);
      case "begin":
        return this.#begin(effect);
      case "found":
        this.checkBackup();
        return this.#found(effect);
      case "enter":
        this.checkBackup();
        return this.enter(effect);
      case "execute":
      case "call":
        return effect.step.options.transaction ? this.work(effect) : this.workOutside(effect);
      case "guard":
        return this.guard(effect);
      case "record":
        return effect.step.options.transaction ? this.record(effect) : this.recordOutside(effect);
      case "leave":
        return this.leave(effect);
      case "start":
        this.checkBackup();
        return this.start(effect);
      case "mark":
        return this.mark(effect);
      case "abandon":
        return this.abandon(effect);
      case "commit":
        return this.#commit(effect);
      case "undo":
        if (effect.scope === "step" && isAfterLeave) throw new Error("undo of a step that is left");
        return this.#undo(effect);
      case "settle":
        return this.#settle(effect);
      case "prepare-copy":
        return this.prepare(effect);
      case "fill-copy":
        return this.fill(effect);
      case "publish-backup":
        return this.publish(effect);
      case "discard-copy":
        return this.discard(effect);
      case "amend":
      case "survey":
      case "read-log":
      case "recall":
      case "seed":
      case "read-rows":
      case "restore":
      case "measure":
      case "check":
        throw new Error(`${effect.do} in a run`);
    }
  }

  #act(): void {
    const did = this.rivals.act(this.durable);
    if (did === null) return;
    this.version++;
    this.trace.push(did);
  }

  #look(effect: Effect): Outcome {
    this.closed(effect);
    if (this.rivals.running !== null) this.#act();
    const way = this.way(effect, ["done", "io", "lost"]);
    if (way === "done") return { is: "looked", history: this.history() };
    return way === "io" ? this.failed("database.io") : lost;
  }

  #load(effect: { readonly do: "load"; readonly steps: readonly Step[] }): Outcome {
    this.closed(effect);
    if (this.way(effect, ["done", "failed"]) === "failed") return this.failed("catalog.module");
    const steps = effect.steps.map((step): ReadyStep => {
      const { work } = step;
      if (work.kind !== "module") return { ...step, work };
      const options = this.beginning.optionsOf(step.version);
      return { ...step, options, work: { kind: "call", call: () => undefined } };
    });
    return { is: "loaded", steps };
  }

  #begin(effect: Effect & { readonly do: "begin" }): Outcome {
    this.closed(effect);
    if (this.isUnusable) throw new Error("begins again though the database has failed");
    if (!(effect.waitMs >= 0 && effect.waitMs <= 1000)) throw new Error(`waits ${effect.waitMs}`);
    this.#act();
    const way = this.way(effect, ["done", "busy", "io", "failed-after", "lost", "dropped"]);
    if (way === "busy") return { is: "busy" };
    if (way === "io") return this.failed("database.io");
    if (way === "dropped") return lost;
    const { foreignKeys } = effect;
    const content = new Content(this.durable);
    this.transaction = { content, current: null, foreignKeys, starts: null, ran: [] };
    if (way === "lost") return lost;
    if (way === "failed-after") return this.failed("history.format");
    if (this.seen === this.version) return { is: "begun", history: null };
    return { is: "begun", history: this.history() };
  }

  #found(effect: Effect): Outcome {
    const transaction = this.open(effect);
    if (transaction.content.founded) throw new Error("found twice");
    if (transaction.current !== null) throw new Error("found inside a savepoint");
    return this.simple(effect, () => {
      transaction.content.founded = true;
    });
  }

  #commit(effect: Effect & { readonly do: "commit" }): Outcome {
    const transaction = this.open(effect);
    const { ran, starts } = transaction;
    if (!(effect.waitMs >= 0 && effect.waitMs <= 1000)) throw new Error(`waits ${effect.waitMs}`);
    if (transaction.current !== null) throw new Error("commit inside a savepoint");
    if (ran.length === 0 && starts === null) throw new Error("commit of nothing");
    const ways = ["done", "busy", "io", "io-gone", "failed-after", "lost", "dropped"] as const;
    const way = this.way(effect, ways, starts !== null);
    if (way === "busy") return { is: "busy" };
    if (way === "io") return this.failed("database.io");
    if (way === "dropped") return lost;
    this.transaction = null;
    if (way === "io-gone") return this.failed("database.full");
    this.check(transaction.content);
    this.durable = transaction.content;
    this.outside = starts;
    // What such a step has set goes with its connection, and history is read anew.
    if (ran.some(({ options }) => !options.transaction)) this.seen = null;
    this.committed.push(...ran.map(({ version, direction }) => ({ version, direction })));
    if (ran.length > 0) this.commits.push(ran.length);
    if (way === "failed-after") return this.failed("database.io");
    return way === "done" ? done : lost;
  }

  #undo(effect: { readonly do: "undo"; readonly scope: "step" | "group" }): Outcome {
    const way = this.way(effect, ["done", "io", "lost", "dropped"]);
    if (way === "io") return this.failed("database.io");
    if (way === "dropped") return lost;
    const transaction = this.transaction;
    if (effect.scope === "group") this.transaction = null;
    else if (transaction !== null && transaction.current !== null) {
      transaction.content = transaction.current.before;
      transaction.current = null;
    }
    if (way === "lost") return lost;
    return { is: "undone", transaction: this.transaction === null ? "gone" : "open" };
  }

  #settle(effect: Effect): Outcome {
    // Whatever comes of the reading: the old connection is gone.
    this.transaction = null;
    this.seen = null;
    const way = this.way(effect, ["done", "io", "lost"]);
    if (way === "done") return { is: "settled", history: this.history() };
    return way === "io" ? this.failed("database.io") : lost;
  }
}
