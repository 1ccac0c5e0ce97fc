// The entry of an executable for the benchmark alone: the whole app, which tells at its end how long each effect has taken.

import type { DatabaseEffect, Driver, Outcome } from "../../src/run/driver.ts";
import { processIo, runProcess } from "../../src/process.ts";

/** How often an effect was performed, and for how many milliseconds in all. */
interface Spent {
  count: number;
  ms: number;
}

const effects: Record<string, Spent> = {};
/** When the first effect began, in milliseconds since the process did. */
let first: number | null = null;

class TimedDriver implements Driver {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  perform(effect: DatabaseEffect): Outcome | Promise<Outcome> {
    const begin = performance.now();
    first ??= begin;
    const outcome = this.#driver.perform(effect);
    const end = (): void => {
      const spent = (effects[effect.do] ??= { count: 0, ms: 0 });
      spent.count++;
      spent.ms += performance.now() - begin;
    };
    if (outcome instanceof Promise) return outcome.finally(end);
    end();
    return outcome;
  }

  close(): void {
    this.#driver.close();
  }
}

await runProcess({
  ...processIo,
  openDriver: async (request) => new TimedDriver(await processIo.openDriver(request)),
});
console.error(JSON.stringify({ first, effects, total: performance.now() }));
