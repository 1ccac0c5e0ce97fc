// What a modelled database is, and what every effect on it needs.

import { failure, type Failure, type FailureCode } from "../../src/failure.ts";
import type { Catalog, StepOptions } from "../../src/migration/migration.ts";
import type { History } from "../../src/plan/history.ts";
import type { ReadyStep } from "../../src/plan/step.ts";
import type { Effect, Outcome } from "../../src/run/driver.ts";
import { Content } from "./content.ts";
import { Rivals, type Choose } from "./rivals.ts";
import {
  done,
  lost,
  unusable,
  type Current,
  type Done,
  type Transaction,
  type Trouble,
  type Way,
} from "./ways.ts";

/** What a modelled database begins with. */
export interface Beginning {
  readonly catalog: Catalog;
  /** How many of its migrations are applied. */
  readonly applied: number;
  readonly founded: boolean;
  readonly hasDrifted: boolean;
  /** Whether the run is to make a backup first. */
  readonly hasBackup: boolean;
  /** The options of each step: of TypeScript, only its module tells them. */
  readonly optionsOf: (version: number) => StepOptions;
}

/** The database, what happened to it, and what its answers are made of. */
export class ModelledDatabase {
  durable = new Content();
  readonly rivals: Rivals;
  /** Steps that became durable through the run under test, and how many each commit made so. */
  readonly committed: Done[] = [];
  readonly commits: number[] = [];
  readonly troubles: Trouble[] = [];
  readonly trace: string[] = [];
  /** The step outside any transaction that the run under test has started and not brought to its end. */
  outside: ReadyStep | null = null;
  protected readonly beginning: Beginning;
  protected readonly versions: readonly number[];
  protected readonly choose: Choose;
  protected transaction: Transaction | null = null;
  /** Whether `undo` could come too late for the step: its savepoint is gone. */
  protected isLeft = false;
  /** Whether the database has failed: what is durable may be kept, but nothing may be begun again. */
  protected isUnusable = false;
  /** Whether the history that was read last was that of an empty database. */
  protected isVacant = true;
  protected version = 1;
  protected seen: number | null = null;

  constructor(beginning: Beginning, choose: Choose) {
    const { catalog, applied, founded, hasDrifted } = beginning;
    this.beginning = beginning;
    this.versions = catalog.migrations.map(({ version }) => version);
    this.choose = choose;
    this.rivals = new Rivals(catalog, hasDrifted, choose);
    this.durable.founded = founded || applied > 0;
    for (const version of this.versions.slice(0, applied)) this.durable.apply(version);
  }

  /** Throws where what is durable is not what is recorded. */
  check(content = this.durable): void {
    content.check(this.versions);
  }

  protected history(): History {
    this.seen = this.version;
    const { rows, founded } = this.durable;
    this.isVacant = rows.size === 0 && !founded;
    const read = this.beginning.catalog.migrations.flatMap((migration) => {
      const { version, name, checksum, kind } = migration;
      const row = rows.get(version);
      if (row === undefined) return [];
      const { transaction } = this.beginning.optionsOf(version);
      const marker = `-- migrate:down${transaction ? "" : " transaction:false"}`;
      return [
        {
          version,
          name,
          checksum,
          kind,
          state: row.started === null ? ("applied" as const) : ("started" as const),
          ...(row.started === null
            ? {}
            : { progress: { ...row.started, isRunning: this.rivals.running === version } }),
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

  protected way(effect: Effect, ways: readonly [Way, ...Way[]], isOutside = false): Way {
    const way = this.choose(ways);
    const version = "step" in effect ? effect.step.version : null;
    if (way === ways[0]) return way;
    const commits = this.commits.length;
    this.troubles.push({ effect: effect.do, version, way, commits, isOutside });
    const isMadeGood = ["commit", "undo", "settle"].includes(effect.do);
    if (!isMadeGood && unusable.includes(way)) this.isUnusable = true;
    return way;
  }

  protected open(effect: Effect): Transaction {
    if (this.transaction === null) throw new Error(`${effect.do} without a transaction`);
    return this.transaction;
  }

  protected current(effect: Effect & { readonly step: ReadyStep }): Current {
    const { current } = this.open(effect);
    if (current === null) throw new Error(`${effect.do} without a savepoint`);
    if (current.step.version !== effect.step.version) throw new Error(`${effect.do} of another`);
    return current;
  }

  protected closed(effect: Effect): void {
    if (this.transaction !== null) throw new Error(`${effect.do} inside a transaction`);
  }

  protected failed(code: FailureCode, changed: Failure["changed"] = "nothing"): Outcome {
    const cause: Failure = failure(code, "Chosen.", "None.", { changed });
    return { is: "failed", failure: cause };
  }

  /** An effect that either happens or not, with no more to say. */
  protected simple(effect: Effect, act: () => void): Outcome {
    const way = this.way(effect, ["done", "failed", "io", "io-gone", "lost", "dropped"]);
    if (way === "failed") return this.failed("step.failed");
    if (way === "io") return this.failed("database.io");
    if (way === "io-gone") {
      this.transaction = null;
      return this.failed("database.full");
    }
    if (way !== "dropped") act();
    return way === "done" ? done : lost;
  }

  /** What is needed of history and transaction for a step to begin, in whichever way. */
  protected checkNext({
    do: name,
    step,
  }: {
    readonly do: string;
    readonly step: ReadyStep;
  }): Transaction {
    const transaction = this.transaction;
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
}
