// What others do to a modelled database while nobody holds the lock.

import type { Catalog } from "../../src/migration/migration.ts";
import type { Content } from "./content.ts";

/** Picks one of some ways for things to go; the first is the good one. */
export type Choose = <T>(ways: readonly [T, ...T[]]) => T;

/** An application that writes rows, another migrator, and a hand that changes the schema. */
export class Rivals {
  /** Whether another migrator has changed the history. */
  hasMigrated = false;
  /** Whether something that is no migrator has changed the schema. */
  hasDrifted: boolean;
  /** The version that another migrator is running outside any transaction. */
  running: number | null = null;
  readonly #catalog: Catalog;
  readonly #choose: Choose;

  constructor(catalog: Catalog, hasDrifted: boolean, choose: Choose) {
    this.#catalog = catalog;
    this.hasDrifted = hasDrifted;
    this.#choose = choose;
  }

  /** Lets the others act; what they did, or null where it was nothing. */
  act(content: Content): string | null {
    // Nobody migrates while a step is on its way; its own process goes on with it, or dies.
    if (this.running !== null) return this.#goOn(content, this.running);
    if (content.started !== null) return this.#choose([null, "application"]);
    const did = this.#choose([null, "application", "up", "down", "start", "drift"]);
    const next = this.#catalog.migrations.find(({ version }) => !content.rows.has(version));
    const { latest } = content;
    if (did === "drift") this.hasDrifted = true;
    if (did === "up" && next !== undefined) content.apply(next.version);
    if (did === "down" && latest !== null) content.remove(latest);
    if (did === "start" && next !== undefined) {
      content.founded = true;
      const started = { direction: "up", done: 0 } as const;
      content.rows.set(next.version, { seq: content.lastSeq + 1, started });
      this.running = next.version;
    }
    this.hasMigrated ||= did === "up" || did === "down" || did === "start";
    return did === null ? null : `rival: ${did}`;
  }

  #goOn(content: Content, version: number): string | null {
    const did = this.#choose(["ends", "goes on", "dies"]);
    if (did === "goes on") return null;
    this.running = null;
    if (did === "ends") content.apply(version);
    return `rival: ${did}`;
  }
}
