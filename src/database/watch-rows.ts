// The guard's eye on rows: how many each table had whose name is taken by another table before the step ends.

import { Cursor } from "../migration/cursor.ts";
import { touchOf } from "../migration/touch.ts";
import type { ReadyStep } from "../plan/step.ts";
import { foldName } from "../migration/name.ts";
import type { SchemaFacts } from "./facts.ts";
import type { Horizon } from "./horizon.ts";
import { quoteName } from "./objects.ts";
import type { Connection } from "./sqlite.ts";

/**
 * The tables of a script that are dropped or renamed away and whose names are taken again: the only ones that can lose
 * rows by being replaced. Null where the statements aren't known beforehand.
 */
function replacedTables(step: ReadyStep): ReadonlySet<string> | null {
  if (step.work.kind === "call") return null;
  const gone = new Set<string>();
  const made = new Set<string>();
  for (const touch of step.work.statements.map(touchOf)) {
    if (touch.does === "drop" && touch.type === "table") gone.add(foldName(touch.name));
    if (touch.does === "rename") gone.add(foldName(touch.table));
    if (touch.does === "rename" || touch.does === "create") made.add(foldName(touch.name));
  }
  return gone.intersection(made);
}

/** All names that a trigger's text mentions, folded. */
function wordsOf(sql: string): Set<string> {
  const words = new Set<string>();
  for (const cursor = new Cursor(sql); cursor.token !== null;) words.add(foldName(cursor.name()));
  return words;
}

/** The rows of one step's replaced tables. */
export class RowWatch {
  private readonly connection: Connection;
  private readonly facts: SchemaFacts;
  private readonly horizon: Horizon;
  private readonly isKnown: boolean;
  private readonly cascades: boolean;
  private readonly counts = new Map<string, { readonly name: string; readonly count: number }>();
  private readonly gone = new Set<string>();

  constructor(connection: Connection, facts: SchemaFacts, horizon: Horizon, step: ReadyStep) {
    this.connection = connection;
    this.facts = facts;
    this.horizon = horizon;
    const replaced = replacedTables(step);
    this.isKnown = replaced !== null;
    this.cascades = step.options.foreignKeys;
    for (const name of replaced ?? []) this.count(name);
  }

  /** Before the name of a table becomes free. */
  beforeLeaving(name: string): void {
    if (!this.isKnown) this.count(name);
    this.gone.add(foldName(name));
  }

  /** Before a statement that can remove rows of this table, or sets off triggers that can remove any. */
  beforeRows(table: string, removes: boolean): void {
    if (this.isKnown) return;
    if (removes) this.count(table);
    for (const name of this.reached(table)) this.count(name);
    if (this.cascades) for (const key of this.facts.keys()) this.count(key.child);
  }

  /** Before a statement that can remove rows of any table. */
  beforeAnything(): void {
    if (this.isKnown) return;
    for (const { type, name } of this.horizon.live.all()) if (type === "table") this.count(name);
  }

  /** The tables that came out smaller, each in a sentence. */
  findings(): string[] {
    const sentences: string[] = [];
    for (const [folded, { name, count }] of this.counts) {
      if (!this.gone.has(folded) || this.horizon.relation(name)?.type !== "table") continue;
      const after = this.rowCount(name) ?? count;
      if (after < count) sentences.push(`table ${name} had ${count} rows and now has ${after}`);
    }
    return sentences;
  }

  /** The tables that the triggers of a table name, and those that these tables' triggers name. */
  private reached(table: string): ReadonlySet<string> {
    const reached = new Set<string>();
    const open = [foldName(table)];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const sql of this.facts.triggers(next)) {
        for (const word of wordsOf(sql)) {
          if (reached.has(word) || this.horizon.relation(word)?.isOld !== true) continue;
          reached.add(word);
          open.push(word);
        }
      }
    }
    return reached;
  }

  private count(name: string): void {
    const folded = foldName(name);
    if (this.counts.has(folded) || this.gone.has(folded) || !this.connection.isOwn(name)) return;
    const relation = this.horizon.relation(name);
    // A table that this step itself has made holds nothing that was there before.
    if (relation === null || relation.type === "view" || !relation.isOld) return;
    const count = this.rowCount(name);
    if (count !== null) this.counts.set(folded, { name: relation.name, count });
  }

  /** Null for a virtual table that cannot be read as a whole. */
  private rowCount(name: string): number | null {
    try {
      const row = this.connection.get(`SELECT count(*) AS count FROM main.${quoteName(name)}`);
      return Number(row?.["count"] ?? 0);
    } catch {
      return null;
    }
  }
}
