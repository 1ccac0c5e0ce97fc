// A step's stay on the connection outside any transaction: what it makes and drops by name is its own.

import { touchOf } from "../migration/touch.ts";
import type { Statement } from "../migration/statements.ts";
import { canonicalSql, objectKey, type SchemaObject } from "../plan/schema.ts";
import type { SchemaTracker } from "./tracker.ts";

/** An object that a step has made as this canonical SQL says, or dropped. */
interface Named extends Pick<SchemaObject, "type" | "name"> {
  readonly canonical: string | null;
}

const ifNotExists =
  /^(create(?:\u001funique)?\u001f\w+\u001f)(?:if\u001fnot\u001fexists\u001f)?(?:main\u001f\.\u001f)?/;

/** What SQLite keeps of the statement that makes an object: its text without the schema and the condition. */
function keptAs(sql: string): string {
  return canonicalSql(sql).replace(ifNotExists, "$1");
}

/** The connection while one step runs on it outside any transaction. */
export class OutsideScope {
  /** Whether the schema had drifted before the step. */
  readonly hasDrifted: boolean;
  private readonly tracker: SchemaTracker;
  private readonly named = new Map<string, Named>();

  /** `tracker` knows the schema as it was before the step. */
  constructor(tracker: SchemaTracker, hasDrifted: boolean) {
    this.tracker = tracker;
    this.hasDrifted = hasDrifted;
  }

  /** Runs a statement of the step. */
  run<T>(statement: Statement, action: () => T): T {
    const result = action();
    const touch = touchOf(statement);
    const isMade = touch.does === "create" && !touch.isTemp;
    if ((!isMade && touch.does !== "drop") || touch.type === null) return result;
    const { type, name } = touch;
    const canonical = isMade ? keptAs(statement.text) : null;
    this.named.set(objectKey({ type, name }), { type, name, canonical });
    return result;
  }

  /**
   * Takes in all that the step has changed, whatever was read in between. A step that runs once more after it was
   * interrupted finds made, and dropped, what it had done before: that is its own too.
   */
  follow(): SchemaTracker {
    this.tracker.follow();
    for (const { type, name, canonical } of this.named.values()) {
      this.tracker.own(type, name, canonical);
    }
    return this.tracker;
  }
}
