// The line in a schema between what stood before a step and what the step itself has made.

import { textOf } from "./facts.ts";
import type { Connection } from "./sqlite.ts";

/** A table or view as it is now. */
export interface Relation {
  /** As the schema writes it. */
  readonly name: string;
  readonly type: "table" | "view";
  /** Whether it stood before the step. */
  readonly isOld: boolean;
}

const selectLast = "SELECT max(rowid) AS last FROM main.sqlite_schema";
const selectRelation = `SELECT name AS name, type AS type, rowid AS rowid FROM main.sqlite_schema
  WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE`;

/** Knows old objects from new ones by their place in the schema: what is created goes to its end. */
export class Horizon {
  readonly #connection: Connection;
  #last: number;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#last = this.#end();
  }

  /** The highest rowid that an old object can have. */
  get last(): number {
    return this.#last;
  }

  /** To be called between a DROP and the next CREATE: the rowids that it has freed at the end go to what is created next. */
  lower(): void {
    this.#last = Math.min(this.#last, this.#end());
  }

  /** The table or view of a name; null where there is none. */
  relation(name: string): Relation | null {
    const row = this.#connection.get(selectRelation, name);
    if (row === null) return null;
    const type = row["type"] === "view" ? "view" : "table";
    return { name: textOf(row, "name"), type, isOld: Number(row["rowid"]) <= this.#last };
  }

  #end(): number {
    return Number(this.#connection.get(selectLast)?.["last"] ?? 0);
  }
}
