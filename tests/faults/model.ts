// A database in memory that answers the effects of a run as badly as it is told to, and objects to those that make no sense.

import { failure, type Failure, type FailureCode } from "../../src/failure.ts";
import type { Catalog, Direction, StepOptions } from "../../src/migration/migration.ts";
import type { History } from "../../src/plan/history.ts";
import type { ReadyStep, Step } from "../../src/plan/step.ts";
import type { Effect, Outcome } from "../../src/run/driver.ts";
import { Content, marksOf, pieces } from "./content.ts";
import { Rivals, type Choose } from "./rivals.ts";

/** A step as far as a test tells one from another. */
export interface Done {
  readonly version: number;
  readonly direction: Direction;
}

interface Current {
  readonly step: ReadyStep;
  readonly before: Content;
  done: number;
  isGuarded: boolean;
  isRecorded: boolean;
}

interface Transaction {
  content: Content;
  current: Current | null;
  readonly foreignKeys: boolean;
  /** The step outside any transaction that it records the start of. */
  starts: ReadyStep | null;
  readonly ran: (Done & { readonly options: StepOptions })[];
}

/** How an effect can go. */
export type Way =
  | "done"
  /** Nothing happened, and that is said. */
  | "failed"
  /** Nothing happened, as the file cannot be used. */
  | "io"
  /** A part of it happened, and that is said. */
  | "failed-part"
  /** It failed, and SQLite gave up the transaction. */
  | "gone"
  | "io-gone"
  /** It happened, and is said to have failed. */
  | "failed-after"
  | "busy"
  /** No answer, and it did not happen. */
  | "dropped"
  /** No answer, and it happened. */
  | "lost"
  /** No answer, and the transaction is gone. */
  | "lost-gone";

/** An answer that was not the good one. */
export interface Trouble {
  readonly effect: Effect["do"];
  readonly version: number | null;
  readonly way: Way;
  /** How many commits there had been. */
  readonly commits: number;
  /** Whether it was about a step outside any transaction, whose work cannot be taken back. */
  readonly isOutside: boolean;
}

/** Ways that tell of the database itself, not of a migration. */
const unusable: readonly Way[] = ["io", "io-gone", "lost", "lost-gone", "dropped"];

const lost: Outcome = { is: "lost" };
const done: Outcome = { is: "done" };

/** What a modelled database begins with. */
export interface Beginning {
  readonly catalog: Catalog;
  /** How many of its migrations are applied. */
  readonly applied: number;
  readonly founded: boolean;
  readonly hasDrifted: boolean;
  /** The options of each step: of TypeScript, only its module tells them. */
  readonly optionsOf: (version: number) => StepOptions;
}

/** The database, and all that happened to it. */
export class Model {
  durable = new Content();
  readonly rivals: Rivals;
  /** Steps that became durable through the run under test, and how many each commit made so. */
  readonly committed: Done[] = [];
  readonly commits: number[] = [];
  readonly troubles: Trouble[] = [];
  readonly trace: string[] = [];
  /** The step outside any transaction that the run under test has started and not brought to its end. */
  outside: ReadyStep | null = null;
  readonly #beginning: Beginning;
  readonly #versions: readonly number[];
  readonly #choose: Choose;
  #transaction: Transaction | null = null;
  /** Whether `undo` could come too late for the step: its savepoint is gone. */
  #isLeft = false;
  /** Whether the database has failed: what is durable may be kept, but nothing may be begun again. */
  #isUnusable = false;
  #version = 1;
  #seen: number | null = null;

  constructor(beginning: Beginning, choose: Choose) {
    const { catalog, applied, founded, hasDrifted } = beginning;
    this.#beginning = beginning;
    this.#versions = catalog.migrations.map(({ version }) => version);
    this.#choose = choose;
    this.rivals = new Rivals(catalog, hasDrifted, choose);
    this.durable.founded = founded || applied > 0;
    for (const version of this.#versions.slice(0, applied)) this.durable.apply(version);
  }

  /** Throws where what is durable is not what is recorded. */
  check(content = this.durable): void {
    content.check(this.#versions);
  }

  perform(effect: Effect): Outcome {
    const outcome = this.#perform(effect);
    const version = "step" in effect ? ` ${effect.step.version}` : "";
    this.trace.push(`${effect.do}${version}: ${outcome.is}`);
    return outcome;
  }

  #history(): History {
    this.#seen = this.#version;
    const { rows, founded } = this.durable;
    const read = this.#beginning.catalog.migrations.flatMap((migration) => {
      const { version, name, checksum, kind } = migration;
      const row = rows.get(version);
      if (row === undefined) return [];
      const { transaction } = this.#beginning.optionsOf(version);
      const marker = `-- migrate:down${transaction ? "" : " transaction:false"}`;
      return [
        {
          version,
          name,
          checksum,
          kind,
          state: row.started === null ? ("applied" as const) : ("started" as const),
          direction: row.started?.direction ?? null,
          done: row.started?.done ?? null,
          isRunning: this.rivals.running === version,
          seq: row.seq,
          down: kind === "sql" ? `${marker}\nSELECT 1;\nSELECT 2;\n` : null,
          appliedAt: "",
          durationMs: 0,
          appliedBy: "",
        },
      ];
    });
    const drift = { kind: "added", type: "table", name: "x", before: null, after: "" } as const;
    return {
      rows: read,
      founded,
      drift: this.rivals.hasDrifted ? [{ ...drift, isOrderOnly: false }] : [],
      vacant: read.length === 0,
    };
  }

  #way(effect: Effect, ways: readonly [Way, ...Way[]], isOutside = false): Way {
    const way = this.#choose(ways);
    const version = "step" in effect ? effect.step.version : null;
    if (way === ways[0]) return way;
    const commits = this.commits.length;
    this.troubles.push({ effect: effect.do, version, way, commits, isOutside });
    const isMadeGood = ["commit", "undo", "settle"].includes(effect.do);
    if (!isMadeGood && unusable.includes(way)) this.#isUnusable = true;
    return way;
  }

  #open(effect: Effect): Transaction {
    if (this.#transaction === null) throw new Error(`${effect.do} without a transaction`);
    return this.#transaction;
  }

  #current(effect: Effect & { readonly step: ReadyStep }): Current {
    const { current } = this.#open(effect);
    if (current === null) throw new Error(`${effect.do} without a savepoint`);
    if (current.step.version !== effect.step.version) throw new Error(`${effect.do} of another`);
    return current;
  }

  #closed(effect: Effect): void {
    if (this.#transaction !== null) throw new Error(`${effect.do} inside a transaction`);
  }

  #perform(effect: Effect): Outcome {
    const isAfterLeave = this.#isLeft;
    this.#isLeft = false;
    switch (effect.do) {
      case "look":
        return this.#look(effect);
      case "wait":
        this.#closed(effect);
        return done;
      case "load":
        return this.#load(effect);
      case "begin":
        return this.#begin(effect);
      case "found":
        return this.#found(effect);
      case "enter":
        return this.#enter(effect);
      case "execute":
      case "call":
        return effect.step.options.transaction ? this.#work(effect) : this.#workOutside(effect);
      case "guard":
        return this.#guard(effect);
      case "record":
        return effect.step.options.transaction ? this.#record(effect) : this.#recordOutside(effect);
      case "leave":
        return this.#leave(effect);
      case "start":
        return this.#start(effect);
      case "mark":
        return this.#mark(effect);
      case "abandon":
        return this.#abandon(effect);
      case "commit":
        return this.#commit(effect);
      case "undo":
        if (effect.scope === "step" && isAfterLeave) throw new Error("undo of a step that is left");
        return this.#undo(effect);
      case "settle":
        return this.#settle(effect);
      case "amend":
      case "survey":
      case "read-log":
        throw new Error(`${effect.do} in a run`);
    }
  }

  #act(): void {
    const did = this.rivals.act(this.durable);
    if (did === null) return;
    this.#version++;
    this.trace.push(did);
  }

  #look(effect: Effect): Outcome {
    this.#closed(effect);
    if (this.rivals.running !== null) this.#act();
    const way = this.#way(effect, ["done", "io", "lost"]);
    if (way === "done") return { is: "looked", history: this.#history() };
    return way === "io" ? this.#failed("database.io") : lost;
  }

  #load(effect: { readonly do: "load"; readonly steps: readonly Step[] }): Outcome {
    this.#closed(effect);
    if (this.#way(effect, ["done", "failed"]) === "failed") return this.#failed("catalog.module");
    const steps = effect.steps.map((step): ReadyStep => {
      const { work } = step;
      if (work.kind !== "module") return { ...step, work };
      const options = this.#beginning.optionsOf(step.version);
      return { ...step, options, work: { kind: "call", call: () => undefined } };
    });
    return { is: "loaded", steps };
  }

  #failed(code: FailureCode, changed: Failure["changed"] = "nothing"): Outcome {
    const cause: Failure = failure(code, "Chosen.", "None.", { changed });
    return { is: "failed", failure: cause };
  }

  #begin(effect: Effect & { readonly do: "begin" }): Outcome {
    this.#closed(effect);
    if (this.#isUnusable) throw new Error("begins again though the database has failed");
    if (!(effect.waitMs >= 0 && effect.waitMs <= 1000)) throw new Error(`waits ${effect.waitMs}`);
    this.#act();
    const way = this.#way(effect, ["done", "busy", "io", "failed-after", "lost", "dropped"]);
    if (way === "busy") return { is: "busy" };
    if (way === "io") return this.#failed("database.io");
    if (way === "dropped") return lost;
    const { foreignKeys } = effect;
    const content = new Content(this.durable);
    this.#transaction = { content, current: null, foreignKeys, starts: null, ran: [] };
    if (way === "lost") return lost;
    if (way === "failed-after") return this.#failed("history.format");
    if (this.#seen === this.#version) return { is: "begun", history: null };
    return { is: "begun", history: this.#history() };
  }

  #found(effect: Effect): Outcome {
    const transaction = this.#open(effect);
    if (transaction.content.founded) throw new Error("found twice");
    if (transaction.current !== null) throw new Error("found inside a savepoint");
    return this.#simple(effect, () => {
      transaction.content.founded = true;
    });
  }

  /** An effect that either happens or not, with no more to say. */
  #simple(effect: Effect, act: () => void): Outcome {
    const way = this.#way(effect, ["done", "failed", "io", "io-gone", "lost", "dropped"]);
    if (way === "failed") return this.#failed("step.failed");
    if (way === "io") return this.#failed("database.io");
    if (way === "io-gone") {
      this.#transaction = null;
      return this.#failed("database.full");
    }
    if (way !== "dropped") act();
    return way === "done" ? done : lost;
  }

  /** What is needed of history and transaction for a step to begin, in whichever way. */
  #checkNext({ do: name, step }: { readonly do: string; readonly step: ReadyStep }): Transaction {
    const transaction = this.#transaction;
    if (transaction === null || transaction.current !== null) throw new Error(`${name} misplaced`);
    if (!transaction.content.founded) throw new Error(`${name} before our tables are there`);
    if (transaction.content.started !== null) throw new Error(`${name} on top of a started step`);
    const isUp = step.direction === "up";
    if (transaction.content.rows.has(step.version) === isUp) throw new Error("it is so already");
    const { options } = step;
    if (options.foreignKeys !== transaction.foreignKeys) throw new Error("foreign keys");
    const isAlone = options.foreignKeys || !options.transaction;
    const hasLoner = transaction.ran.some((ran) => ran.options.foreignKeys);
    if (hasLoner || (isAlone && transaction.ran.length > 0)) throw new Error("not alone");
    return transaction;
  }

  #enter(effect: Effect & { readonly do: "enter" }): Outcome {
    const transaction = this.#checkNext(effect);
    const { step } = effect;
    return this.#simple(effect, () => {
      const before = new Content(transaction.content);
      transaction.current = { step, before, done: 0, isGuarded: false, isRecorded: false };
    });
  }

  #work(
    effect: (Effect & { readonly do: "execute" }) | (Effect & { readonly do: "call" }),
  ): Outcome {
    const current = this.#current(effect);
    const transaction = this.#open(effect);
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
    const way = this.#way(effect, [
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
        return this.#failed("step.failed");
      case "io":
        return this.#failed("database.io");
      case "gone":
        this.#transaction = null;
        return this.#failed("step.transaction-lost");
      case "io-gone":
        this.#transaction = null;
        return this.#failed("database.full");
      case "lost-gone":
        this.#transaction = null;
        return lost;
      case "dropped":
        return lost;
      default:
        act();
        return way === "done" ? done : lost;
    }
  }

  #finishedWork(effect: Effect & { readonly step: ReadyStep }): Current {
    const current = this.#current(effect);
    if (current.done !== pieces) throw new Error(`${effect.do} before the work is done`);
    return current;
  }

  #guard(effect: Effect & { readonly do: "guard" }): Outcome {
    const current = this.#finishedWork(effect);
    if (current.isRecorded) throw new Error("guard after record");
    return this.#simple(effect, () => {
      current.isGuarded = true;
    });
  }

  #record(effect: Effect & { readonly do: "record" }): Outcome {
    const current = this.#finishedWork(effect);
    const { content } = this.#open(effect);
    if (!current.isGuarded || current.isRecorded) throw new Error("record out of order");
    const { seq, step } = effect;
    if (step.direction === "up" && seq <= content.lastSeq) {
      throw new Error(`seq ${seq} does not follow ${content.lastSeq}`);
    }
    return this.#simple(effect, () => {
      if (step.direction === "up") content.rows.set(step.version, { seq, started: null });
      else content.rows.delete(step.version);
      current.isRecorded = true;
    });
  }

  #leave(effect: Effect & { readonly do: "leave" }): Outcome {
    const current = this.#finishedWork(effect);
    const transaction = this.#open(effect);
    if (!current.isRecorded) throw new Error("leave before record");
    return this.#simple(effect, () => {
      transaction.current = null;
      const { version, direction, options } = current.step;
      transaction.ran.push({ version, direction, options });
      this.#isLeft = true;
    });
  }

  #start(effect: Effect & { readonly do: "start" }): Outcome {
    const transaction = this.#checkNext(effect);
    const { step, seq } = effect;
    if (step.options.transaction) throw new Error("start of a step with a transaction");
    const { content } = transaction;
    const known = content.rows.get(step.version)?.seq;
    const isInOrder = known === undefined ? seq > content.lastSeq : seq === known;
    if (!isInOrder) throw new Error(`seq ${seq} does not follow ${content.lastSeq}`);
    return this.#simple(effect, () => {
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
    this.#closed(effect);
    if (this.outside?.version !== step.version)
      throw new Error(`${effect.do} of what is not started`);
    const started = this.durable.rows.get(step.version)?.started ?? null;
    if (started === null) throw new Error(`${effect.do} without a row`);
    return started.done;
  }

  #workOutside(
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
    const way = this.#way(effect, ways, true);
    const whole = isScript ? 1 : pieces;
    if (way === "done" || way === "lost") act(whole);
    // An I/O error while a statement is committed may come after all that matters.
    if (way === "io" && this.#choose([false, true])) act(whole);
    if (way === "failed-part" && !isScript) act(1);
    switch (way) {
      case "done":
        return done;
      case "failed":
        return this.#failed("step.failed");
      case "failed-part":
        return this.#failed("step.failed", "some");
      case "io":
        return this.#failed("database.io");
      default:
        return lost;
    }
  }

  /** An effect that is durable at once. */
  #atOnce(effect: Effect, act: () => void): Outcome {
    const way = this.#way(effect, ["done", "io", "failed-after", "lost", "dropped"], true);
    if (way !== "io" && way !== "dropped") act();
    if (way === "io" || way === "failed-after") return this.#failed("database.io");
    return way === "done" ? done : lost;
  }

  #mark(effect: Effect & { readonly do: "mark" }): Outcome {
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

  #abandon(effect: Effect & { readonly do: "abandon" }): Outcome {
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

  #recordOutside(effect: Effect & { readonly do: "record" }): Outcome {
    const transaction = this.#open(effect);
    const { content } = transaction;
    const { step, seq } = effect;
    const row = content.rows.get(step.version);
    if (row?.started?.done !== marksOf(step) || row.seq !== seq)
      throw new Error("record too early");
    return this.#simple(effect, () => {
      if (step.direction === "up") content.rows.set(step.version, { seq, started: null });
      else content.rows.delete(step.version);
      const { version, direction, options } = step;
      transaction.ran.push({ version, direction, options });
    });
  }

  #commit(effect: Effect & { readonly do: "commit" }): Outcome {
    const transaction = this.#open(effect);
    const { ran, starts } = transaction;
    if (!(effect.waitMs >= 0 && effect.waitMs <= 1000)) throw new Error(`waits ${effect.waitMs}`);
    if (transaction.current !== null) throw new Error("commit inside a savepoint");
    if (ran.length === 0 && starts === null) throw new Error("commit of nothing");
    const ways = ["done", "busy", "io", "io-gone", "failed-after", "lost", "dropped"] as const;
    const way = this.#way(effect, ways, starts !== null);
    if (way === "busy") return { is: "busy" };
    if (way === "io") return this.#failed("database.io");
    if (way === "dropped") return lost;
    this.#transaction = null;
    if (way === "io-gone") return this.#failed("database.full");
    this.check(transaction.content);
    this.durable = transaction.content;
    this.outside = starts;
    // What such a step has set goes with its connection, and history is read anew.
    if (ran.some(({ options }) => !options.transaction)) this.#seen = null;
    this.committed.push(...ran.map(({ version, direction }) => ({ version, direction })));
    if (ran.length > 0) this.commits.push(ran.length);
    if (way === "failed-after") return this.#failed("database.io");
    return way === "done" ? done : lost;
  }

  #undo(effect: { readonly do: "undo"; readonly scope: "step" | "group" }): Outcome {
    const way = this.#way(effect, ["done", "io", "lost", "dropped"]);
    if (way === "io") return this.#failed("database.io");
    if (way === "dropped") return lost;
    const transaction = this.#transaction;
    if (effect.scope === "group") this.#transaction = null;
    else if (transaction !== null && transaction.current !== null) {
      transaction.content = transaction.current.before;
      transaction.current = null;
    }
    if (way === "lost") return lost;
    return { is: "undone", transaction: this.#transaction === null ? "gone" : "open" };
  }

  #settle(effect: Effect): Outcome {
    // Whatever comes of the reading: the old connection is gone.
    this.#transaction = null;
    this.#seen = null;
    const way = this.#way(effect, ["done", "io", "lost"]);
    if (way === "done") return { is: "settled", history: this.#history() };
    return way === "io" ? this.#failed("database.io") : lost;
  }
}
