// The line in a schema between what stood before a step and what the step itself has made.

import type { LiveSchema } from "./live.ts";

/** A table or view as it is now. */
export interface Relation {
  /** As the schema writes it. */
  readonly name: string;
  readonly type: "table" | "view";
  /** Whether it stood before the step. */
  readonly isOld: boolean;
}

/** Knows old objects from new ones by their place in the schema: what is created goes to its end. */
export class Horizon {
  readonly live: LiveSchema;
  private lastRowid: number;

  constructor(live: LiveSchema) {
    this.live = live;
    this.lastRowid = live.last;
  }

  /** The highest rowid that an old object can have. */
  get last(): number {
    return this.lastRowid;
  }

  /** To be called between a DROP and the next CREATE: the rowids that it has freed at the end go to what is created next. */
  lower(): void {
    this.lastRowid = Math.min(this.lastRowid, this.live.last);
  }

  /** The table or view of a name; null where there is none. */
  relation(name: string): Relation | null {
    for (const { name: written, type, rowid } of this.live.named(name)) {
      if (type !== "table" && type !== "view") continue;
      return { name: written, type, isOld: rowid <= this.lastRowid };
    }
    return null;
  }
}
