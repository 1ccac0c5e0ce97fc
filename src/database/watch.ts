// Eyes on one step while it runs: what it could lose is noted before each statement, and compared at the end.

import type { Loss } from "../migration/migration.ts";
import type { Statement } from "../migration/statements.ts";
import type { Touch } from "../migration/touch.ts";
import type { ReadyStep } from "../plan/step.ts";
import { foldName } from "../migration/name.ts";
import type { SchemaFacts } from "./facts.ts";
import { Horizon } from "./horizon.ts";
import type { Connection } from "./sqlite.ts";
import { KeyWatch, type RowTouch } from "./watch-keys.ts";
import { ObjectWatch } from "./watch-objects.ts";
import { RowWatch } from "./watch-rows.ts";

/** Something that a step lost, as a sentence, and the word on the marker line that would allow it. */
export interface Finding {
  readonly loss: Loss;
  readonly sentence: string;
}

type SchemaTouch = Touch & { does: "create" | "drop" | "rename" | "alter" };

/** How many texts are remembered as noted; to note one again costs time and changes nothing. */
const notedStatements = 1024;

/** The guard's memory of one step. Every call happens inside the step's savepoint. */
export class Watch {
  private readonly facts: SchemaFacts;
  private readonly horizon: Horizon;
  private readonly rows: RowWatch;
  private readonly objects: ObjectWatch;
  private readonly keys: KeyWatch;
  /** Statements that were noted already: one in a loop costs its first time only. */
  private readonly noted = new Set<string>();
  /** Names of tables and views that the step has made free. */
  private readonly freed = new Set<string>();
  private sawTemp = false;
  private hasTempTrigger = false;
  private hasDropped = false;

  constructor(connection: Connection, facts: SchemaFacts, step: ReadyStep) {
    this.facts = facts;
    this.horizon = new Horizon(facts.live);
    this.rows = new RowWatch(connection, facts, this.horizon, step);
    this.objects = new ObjectWatch(connection, this.horizon);
    this.keys = new KeyWatch(connection, facts, this.horizon);
  }

  /** Whether a rename gives a new table the name of one that this step dropped: the last of SQLite's twelve steps. */
  isRebuild(touch: Touch): boolean {
    return touch.does === "rename" && this.freed.has(foldName(touch.name));
  }

  /** Whether the step has made temporary objects. */
  get hasTemp(): boolean {
    return this.sawTemp;
  }

  /** Notes what a statement could lose, before it runs. */
  before(statement: Statement, touch: Touch): void {
    switch (touch.does) {
      case "pragma":
      case "nothing":
        return;
      case "insert":
      case "update":
      case "delete":
        if (this.noted.has(statement.text)) return;
        if (this.noted.size === notedStatements) this.noted.clear();
        this.noted.add(statement.text);
        this.beforeRows(touch);
        return;
      default:
        this.beforeSchema(touch);
        // The same text may do more from now on.
        this.noted.clear();
    }
  }

  /** What is lost, now that the step has run. */
  findings(): Finding[] {
    const of = (loss: Loss, sentences: readonly string[]): Finding[] =>
      sentences.map((sentence) => ({ loss, sentence }));
    return [
      ...of("lost-rows", this.rows.findings()),
      ...of("lost-objects", this.objects.findings()),
      ...of("foreign-keys", this.keys.findings()),
    ];
  }

  private beforeSchema(touch: SchemaTouch): void {
    if (this.hasDropped) this.horizon.lower();
    this.hasDropped ||= touch.does === "drop";
    switch (touch.does) {
      case "create":
        // What is temporary hides what it shares its name with, so the schema is looked at first.
        if (touch.isTemp) this.objects.beforeChange();
        this.sawTemp ||= touch.isTemp;
        // A trigger on a temporary table is temporary, too, whether it says so or not.
        this.hasTempTrigger ||= this.sawTemp && touch.type === "trigger";
        break;
      case "drop":
        this.objects.beforeDrop(touch.type, touch.name);
        if (touch.type === "index") this.keys.beforeIndex(touch.name);
        if (touch.type === "table") this.beforeLeaving(touch.name, null);
        if (touch.type === "view") this.freed.add(foldName(touch.name));
        break;
      case "rename":
        this.objects.beforeChange();
        this.objects.beforeLeaving(touch.table);
        this.beforeLeaving(touch.table, touch.name);
        break;
      case "alter":
        this.objects.beforeChange();
        this.keys.beforeTable(touch.table);
    }
    this.facts.live.note(touch);
  }

  /** Before a table is dropped, or renamed to `name`. */
  private beforeLeaving(table: string, name: string | null): void {
    this.rows.beforeLeaving(table);
    this.keys.beforeTable(table, name);
    this.freed.add(foldName(table));
  }

  private beforeRows(touch: RowTouch): void {
    const { table } = touch;
    const removes = touch.does === "delete" || touch.removes || this.facts.replaces(table);
    this.rows.beforeRows(table, removes);
    if (this.hasTempTrigger) this.rows.beforeAnything();
    const setsOff = this.hasTempTrigger || this.facts.triggers(table).length > 0;
    if (setsOff) this.keys.beforeAnything();
    else this.keys.beforeRows(touch, removes);
  }
}
