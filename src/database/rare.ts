// What only some steps need to run: loaded when the first effect comes that cannot do without it.

import type { DatabaseEffect } from "../run/driver.ts";
import type { ObservingEffect } from "./observing.ts";

/** An effect for which more is to be loaded than for most. */
export type RareEffect =
  ObservingEffect | Extract<DatabaseEffect, { readonly do: "call" | "start" }>;

function loaded<T>(part: T | null): T {
  if (part === null) throw new Error("an effect was performed that was not prepared");
  return part;
}

/** The parts for TypeScript, for steps outside any transaction, and for looking at a database while steps run. */
export class RareParts {
  #calling: (typeof import("./function.ts") & typeof import("./handle.ts")) | null = null;
  #outside: typeof import("./outside.ts") | null = null;
  #observing: typeof import("./observing.ts") | null = null;

  /** What calls the functions of a TypeScript migration. */
  get calling(): typeof import("./function.ts") & typeof import("./handle.ts") {
    return loaded(this.#calling);
  }

  /** What follows a step outside any transaction. */
  get outside(): typeof import("./outside.ts") {
    return loaded(this.#outside);
  }

  /** What tells of the database as the steps have left it. */
  get observing(): typeof import("./observing.ts") {
    return loaded(this.#observing);
  }

  /** Loads what an effect needs. */
  async prepare(effect: RareEffect["do"]): Promise<void> {
    if (effect === "start") this.#outside ??= await import("./outside.ts");
    else if (effect !== "call") this.#observing ??= await import("./observing.ts");
    else this.#calling ??= { ...(await import("./function.ts")), ...(await import("./handle.ts")) };
  }
}
