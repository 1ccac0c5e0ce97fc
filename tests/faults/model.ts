// A database in memory that answers the effects of a run as badly as it is told to, and objects to those that make no sense.

import { failure, type Failure, type FailureCode } from "../../src/failure.ts";
import type { Catalog, Direction } from "../../src/migration/migration.ts";
import type { History } from "../../src/plan/history.ts";
import type { ReadyStep, Step } from "../../src/plan/step.ts";
import type { Effect, Outcome } from "../../src/run/driver.ts";

/** Picks one of some ways for things to go; the first is the good one. */
export type Choose = <T>(ways: readonly [T, ...T[]]) => T;

/** A step as far as a test tells one from another. */
export interface Done {
  readonly version: number;
  readonly direction: Direction;
}

/** What a database holds: how many pieces of work of each version are done, and what is recorded. */
class Content {
  founded = false;
  readonly work: Map<number, number>;
  readonly rows: Map<number, number>;

  constructor(from?: Content) {
    this.founded = from?.founded ?? false;
    this.work = new Map(from?.work);
    this.rows = new Map(from?.rows);
  }

  get lastSeq(): number {
    return Math.max(0, ...this.rows.values());
  }
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
  readonly ran: Done[];
}

/** Two statements, or two pieces of a function's work. */
export const pieces = 2;

type Way =
  | "done"
  /** Nothing happened, and that is said. */
  | "failed"
  /** Nothing happened, as the file cannot be used. */
  | "io"
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
}

/** Ways that tell of the database itself, not of a migration. */
const unusable: readonly Way[] = ["io", "io-gone", "lost", "lost-gone", "dropped"];

const lost: Outcome = { is: "lost" };
const done: Outcome = { is: "done" };

function copyOf(transaction: Transaction): Content {
  return new Content(transaction.content);
}

/** The database, and all that happened to it. */
export class Model {
  durable = new Content();
  /** Steps that became durable through the run under test, and how many each commit made so. */
  readonly committed: Done[] = [];
  readonly commits: number[] = [];
  readonly troubles: Trouble[] = [];
  readonly trace: string[] = [];
  /** Whether another migrator has changed the history in between. */
  hasRival = false;
  readonly #catalog: Catalog;
  readonly #choose: Choose;
  #transaction: Transaction | null = null;
  /** Whether `undo` could come too late for the step: its savepoint is gone. */
  #isLeft = false;
  /** Whether the database has failed: what is durable may be kept, but nothing may be begun again. */
  #isUnusable = false;
  #version = 1;
  #seen: number | null = null;

  /** Begins with the first so many migrations applied. */
  constructor(catalog: Catalog, applied: number, founded: boolean, choose: Choose) {
    this.#catalog = catalog;
    this.#choose = choose;
    this.durable.founded = founded || applied > 0;
    for (const { version } of catalog.migrations.slice(0, applied)) this.#applyDurably(version);
  }

  /** Whether every version is wholly there and recorded, or wholly absent and not. */
  check(content = this.durable): void {
    for (const { version } of this.#catalog.migrations) {
      const work = content.work.get(version) ?? 0;
      if (work !== (content.rows.has(version) ? pieces : 0)) {
        throw new Error(`version ${version} has ${work} pieces and is recorded otherwise`);
      }
    }
    const seqs = [...content.rows.values()];
    if (new Set(seqs).size !== seqs.length) throw new Error(`seqs are not unique: ${seqs}`);
    if (seqs.length > 0 && !content.founded) throw new Error("rows without a table");
  }

  perform(effect: Effect): Outcome {
    const outcome = this.#perform(effect);
    const version = "step" in effect ? ` ${effect.step.version}` : "";
    this.trace.push(`${effect.do}${version}: ${outcome.is}`);
    return outcome;
  }

  #applyDurably(version: number): void {
    this.durable.founded = true;
    this.durable.work.set(version, pieces);
    this.durable.rows.set(version, this.durable.lastSeq + 1);
  }

  #history(content: Content): History {
    this.#seen = this.#version;
    const rows = this.#catalog.migrations.flatMap((migration) => {
      const { version, name, checksum, kind } = migration;
      const seq = content.rows.get(version);
      if (seq === undefined) return [];
      const down = kind === "sql" ? "-- migrate:down\nSELECT 1;\nSELECT 2;\n" : null;
      const outside = { direction: null, done: null, isRunning: false };
      const audit = { appliedAt: "", durationMs: 0, appliedBy: "", ...outside };
      return [{ version, name, checksum, kind, state: "applied" as const, seq, down, ...audit }];
    });
    return { rows, founded: content.founded, drift: [], vacant: rows.length === 0 };
  }

  #way(effect: Effect, ways: readonly [Way, ...Way[]]): Way {
    const way = this.#choose(ways);
    const version = "step" in effect ? effect.step.version : null;
    if (way === ways[0]) return way;
    this.troubles.push({ effect: effect.do, version, way, commits: this.commits.length });
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
        return this.#work(effect);
      case "guard":
        return this.#guard(effect);
      case "record":
        return this.#record(effect);
      case "leave":
        return this.#leave(effect);
      case "commit":
        return this.#commit(effect);
      case "undo":
        if (effect.scope === "step" && isAfterLeave) throw new Error("undo of a step that is left");
        return this.#undo(effect);
      case "settle":
        return this.#settle(effect);
      default:
        throw new Error(`${effect.do} has no place in these runs`);
    }
  }

  #look(effect: Effect): Outcome {
    this.#closed(effect);
    const way = this.#way(effect, ["done", "io", "lost"]);
    if (way === "done") return { is: "looked", history: this.#history(this.durable) };
    return way === "io" ? this.#failed("database.io") : lost;
  }

  #load(effect: { readonly do: "load"; readonly steps: readonly Step[] }): Outcome {
    this.#closed(effect);
    if (this.#way(effect, ["done", "failed"]) === "failed") return this.#failed("catalog.module");
    const steps = effect.steps.map((step): ReadyStep => {
      const { work } = step;
      if (work.kind !== "module") return { ...step, work };
      return { ...step, work: { kind: "call", call: () => undefined } };
    });
    return { is: "loaded", steps };
  }

  #failed(code: FailureCode): Outcome {
    const cause: Failure = failure(code, "Chosen.", "None.");
    return { is: "failed", failure: cause };
  }

  /** What others do while nobody holds the lock. */
  #intrude(): void {
    const others = ["nobody", "application", "rival up", "rival down"] as const;
    const other = this.#choose(others);
    if (other === "nobody") return;
    this.#version++;
    if (other === "application") return;
    const isUp = other === "rival up";
    const { rows, work } = this.durable;
    const next = this.#catalog.migrations.find(({ version }) => !rows.has(version));
    const [latest] = [...rows].toSorted(([, a], [, b]) => b - a);
    if (isUp && next !== undefined) this.#applyDurably(next.version);
    if (!isUp && latest !== undefined) {
      rows.delete(latest[0]);
      work.delete(latest[0]);
    }
    this.hasRival = true;
    this.trace.push(other);
  }

  #begin(effect: Extract<Effect, { readonly do: "begin" }>): Outcome {
    this.#closed(effect);
    if (effect.foreignKeys) throw new Error("enforces foreign keys though no step asks for it");
    if (this.#isUnusable) throw new Error("begins again though the database has failed");
    if (!(effect.waitMs >= 0 && effect.waitMs <= 1000)) throw new Error(`waits ${effect.waitMs}`);
    this.#intrude();
    const way = this.#way(effect, ["done", "busy", "io", "failed-after", "lost", "dropped"]);
    if (way === "busy") return { is: "busy" };
    if (way === "io") return this.#failed("database.io");
    if (way === "dropped") return lost;
    this.#transaction = { content: new Content(this.durable), current: null, ran: [] };
    if (way === "lost") return lost;
    if (way === "failed-after") return this.#failed("history.format");
    if (this.#seen === this.#version) return { is: "begun", history: null };
    return { is: "begun", history: this.#history(this.durable) };
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

  #enter(effect: { readonly do: "enter"; readonly step: ReadyStep }): Outcome {
    const transaction = this.#open(effect);
    const { step } = effect;
    if (transaction.current !== null) throw new Error("enter inside a savepoint");
    if (!transaction.content.founded) throw new Error("enter before our tables are there");
    const isUp = step.direction === "up";
    if (transaction.content.rows.has(step.version) === isUp) throw new Error("it is so already");
    return this.#simple(effect, () => {
      const before = copyOf(transaction);
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
      const { work: there } = transaction.content;
      there.set(version, (there.get(version) ?? 0) + (direction === "up" ? count : -count));
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
    if (step.direction === "up" && seq !== content.lastSeq + 1) {
      throw new Error(`seq ${seq} does not follow ${content.lastSeq}`);
    }
    return this.#simple(effect, () => {
      if (step.direction === "up") content.rows.set(step.version, seq);
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
      const { version, direction } = current.step;
      transaction.ran.push({ version, direction });
      this.#isLeft = true;
    });
  }

  #commit(effect: { readonly do: "commit"; readonly waitMs: number }): Outcome {
    const transaction = this.#open(effect);
    if (!(effect.waitMs >= 0 && effect.waitMs <= 1000)) throw new Error(`waits ${effect.waitMs}`);
    if (transaction.current !== null) throw new Error("commit inside a savepoint");
    if (transaction.ran.length === 0) throw new Error("commit of nothing");
    const ways = ["done", "busy", "io", "io-gone", "failed-after", "lost", "dropped"] as const;
    const way = this.#way(effect, ways);
    if (way === "busy") return { is: "busy" };
    if (way === "io") return this.#failed("database.io");
    if (way === "dropped") return lost;
    this.#transaction = null;
    if (way === "io-gone") return this.#failed("database.full");
    this.check(transaction.content);
    this.durable = transaction.content;
    this.committed.push(...transaction.ran);
    this.commits.push(transaction.ran.length);
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
    if (way === "done") return { is: "settled", history: this.#history(this.durable) };
    return way === "io" ? this.#failed("database.io") : lost;
  }
}
