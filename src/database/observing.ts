// What is looked at besides while steps run: the rows of a scratch database, or how many a rehearsal's tables have.

import type { Statement } from "../migration/statements.ts";
import type { ReadyStep } from "../plan/step.ts";
import type { Apart, DatabaseEffect, Outcome } from "../run/driver.ts";
import { ContentsReader } from "./contents.ts";
import { databaseSize, integrityOf } from "./copy.ts";
import { RowCounts } from "./counts.ts";
import type { SchemaFacts } from "./facts.ts";
import type { Scope } from "./scope.ts";
import { seed } from "./seed.ts";
import type { Connection } from "./sqlite.ts";

/** An effect that tells of the database as the steps have left it. */
export type ObservingEffect = Extract<
  DatabaseEffect,
  { readonly do: "measure" | "check" | "seed" | "read-rows" }
>;

/** Eyes on one connection. */
export class Observing {
  private readonly connection: Connection;
  private readonly measuring: Apart | undefined;
  /** The rows of a scratch database, once they were asked for. */
  private contents: ContentsReader | null = null;
  private counts: RowCounts | null = null;

  /** `measuring` is given where the rows of every table that a step touches are to be counted: what that runs by. */
  constructor(connection: Connection, measuring: Apart | undefined) {
    this.connection = connection;
    this.measuring = measuring;
  }

  /** Performs an effect; `allowed` is what the latest step has lost and was allowed to lose. Throws what SQLite reports. */
  perform(effect: ObservingEffect, allowed: readonly string[]): Outcome {
    const connection = this.connection;
    switch (effect.do) {
      case "measure": {
        const rows = this.counts?.changes() ?? [];
        return { is: "measured", bytes: databaseSize(connection), rows, allowed };
      }
      case "check":
        return { is: "checked", problems: integrityOf(connection) };
      case "seed":
        return { is: "seeded", notes: seed(connection, this.read()) };
      case "read-rows":
        return { is: "rows-read", tables: this.read().read() };
    }
  }

  /** The scope of a step, under these eyes. */
  watching(scope: Scope, step: ReadyStep, facts: SchemaFacts | null): Scope {
    const counted = this.counting(scope);
    return this.contents?.watching(counted, step, facts) ?? counted;
  }

  private read(): ContentsReader {
    return (this.contents ??= new ContentsReader(this.connection));
  }

  private counting(scope: Scope): Scope {
    const measuring = this.measuring;
    if (measuring === undefined) return scope;
    const counts = (this.counts ??= new RowCounts(this.connection));
    return {
      run: <T>(statement: Statement, action: () => T): T => {
        measuring(() => counts.note(statement));
        return scope.run(statement, action);
      },
    };
  }
}
