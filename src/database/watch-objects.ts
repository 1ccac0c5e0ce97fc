// The guard's eye on indexes, triggers and views: what goes with its table, and what no longer compiles.

import type { ObjectType } from "../migration/touch.ts";
import { foldName } from "../migration/name.ts";
import { compile, type Compiled } from "./compile.ts";
import type { Horizon, Relation } from "./horizon.ts";
import type { LiveObject } from "./live.ts";
import type { Connection } from "./sqlite.ts";

/** An index or trigger that must outlive the replacement of its table, or view. */
interface Companion {
  readonly type: string;
  readonly name: string;
  readonly relation: Relation;
}

function keyOf(type: string, name: string): string {
  return `${type} ${foldName(name)}`;
}

/** The indexes, triggers and views of one step. */
export class ObjectWatch {
  private readonly connection: Connection;
  private readonly horizon: Horizon;
  private readonly companions = new Map<string, Companion>();
  private readonly droppedByName = new Set<string>();
  /** How each view and trigger compiled before the first statement that could change that. */
  private compiled: Map<string, Compiled> | null = null;

  constructor(connection: Connection, horizon: Horizon) {
    this.connection = connection;
    this.horizon = horizon;
  }

  /** Before a DROP by name. */
  beforeDrop(type: ObjectType, name: string): void {
    this.droppedByName.add(keyOf(type, name));
    if (type === "trigger") return;
    this.beforeChange();
    if (type !== "index") this.beforeLeaving(name);
  }

  /** Before anything that can keep views and triggers from compiling. */
  beforeChange(): void {
    if (this.compiled !== null) return;
    this.compiled = new Map();
    for (const object of this.programs(0)) {
      this.compiled.set(keyOf(object.type, object.name), compile(this.connection, object));
    }
  }

  /** Before the name of a table or view becomes free. */
  beforeLeaving(name: string): void {
    const relation = this.horizon.relation(name);
    if (relation === null || !relation.isOld || !this.connection.isOwn(name)) return;
    for (const { type, name: written, sql, rowid } of this.horizon.live.on(name)) {
      const isCompanion = (type === "index" && sql !== "") || type === "trigger";
      if (!isCompanion || rowid > this.horizon.last) continue;
      const companion = { type, name: written, relation };
      const key = keyOf(companion.type, companion.name);
      if (this.connection.isOwn(companion.name) && !this.companions.has(key))
        this.companions.set(key, companion);
    }
  }

  /** What is gone or broken, one sentence each. */
  findings(): string[] {
    return [...this.gone(), ...this.broken()];
  }

  private gone(): string[] {
    const sentences: string[] = [];
    for (const [key, { type, name, relation }] of this.companions) {
      if (this.droppedByName.has(key)) continue;
      // A table that has become a view can have no index, and a view that has become a table no INSTEAD OF.
      if (this.horizon.relation(relation.name)?.type !== relation.type) continue;
      if (this.isOn(type, name, relation.name)) continue;
      sentences.push(`${type} ${name} on ${relation.name} is gone`);
    }
    return sentences;
  }

  private isOn(type: string, name: string, table: string): boolean {
    return [...this.horizon.live.named(name)].some(
      (object) => object.type === type && foldName(object.table) === foldName(table),
    );
  }

  /** The views and triggers of the user that were created after the given rowid; 0 for all. */
  private programs(afterRowid: number): readonly LiveObject[] {
    return this.horizon.live.programs(afterRowid).filter(({ name }) => this.connection.isOwn(name));
  }

  private broken(): string[] {
    const sentences: string[] = [];
    const from = this.compiled === null ? this.horizon.last : 0;
    for (const object of this.programs(from)) {
      const key = keyOf(object.type, object.name);
      const before = this.droppedByName.has(key) ? undefined : this.compiled?.get(key);
      if (before !== undefined && !before.compiles) continue;
      const after = compile(this.connection, object);
      const head = `${object.type} ${object.name} does not compile`;
      if (!after.compiles) sentences.push(`${head}: ${after.message}`);
      else if (before !== undefined) {
        for (const [word, message] of after.loose) {
          if (!before.loose.has(word)) sentences.push(`${head}: ${message}`);
        }
      }
    }
    return sentences;
  }
}
