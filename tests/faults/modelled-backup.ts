// Of a modelled database: the backup that a run can be asked to make before it changes anything.

import type { Effect, Outcome } from "../../src/run/driver.ts";
import { ModelledOutside } from "./modelled-outside.ts";
import { done, lost } from "./ways.ts";

const target = { path: "copy", bytes: 1 };

/** A database that is copied under the lock of the run. */
export class ModelledBackup extends ModelledOutside {
  #isDiscarded = false;
  #stage: "none" | "prepared" | "filled" | "published" = "none";

  /** Whether the one backup that was asked for is there. */
  get isBackedUp(): boolean {
    return this.#stage === "published";
  }

  protected prepare(effect: Effect): Outcome {
    const { ran, starts, current } = this.open(effect);
    if (ran.length > 0 || starts !== null || current !== null || this.commits.length > 0) {
      throw new Error("a backup after something has changed");
    }
    if (this.#stage === "published") throw new Error("a second backup");
    return this.#answer(effect, "prepared", { is: "prepared", target });
  }

  protected fill(effect: Effect): Outcome {
    this.open(effect);
    if (this.#stage !== "prepared") throw new Error(`filled when ${this.#stage}`);
    return this.#answer(effect, "filled", done);
  }

  protected publish(effect: Effect): Outcome {
    this.open(effect);
    if (this.#stage !== "filled") throw new Error(`published when ${this.#stage}`);
    const backup = { path: "backup", bytes: 1, removed: [] };
    return this.#answer(effect, "published", { is: "published", backup });
  }

  /** Takes away what there is of a backup that was not made. */
  protected discard(effect: Effect): Outcome {
    this.open(effect);
    if (this.#stage === "none" || this.#isDiscarded)
      throw new Error(`discarded when ${this.#stage}`);
    this.#isDiscarded = true;
    const way = this.way(effect, ["done", "io", "lost", "dropped"]);
    if (way === "io") return this.failed("database.copy-failed");
    return way === "done" ? done : lost;
  }

  /** To be called before the first change: what is to be backed up must be. */
  protected checkBackup(): void {
    if (this.#isDiscarded) throw new Error("goes on without its backup");
    // What the run itself has made of an empty database needs none.
    const isFirst = this.commits.length === 0 && this.outside === null;
    if (isFirst && this.beginning.hasBackup && !this.isVacant && !this.isBackedUp) {
      throw new Error("a change without a backup");
    }
  }

  #answer(effect: Effect, stage: "prepared" | "filled" | "published", good: Outcome): Outcome {
    const way = this.way(effect, ["done", "io", "lost", "dropped"]);
    if (way === "io") return this.failed("database.copy-failed");
    if (way !== "dropped") this.#stage = stage;
    return way === "done" ? good : lost;
  }
}
