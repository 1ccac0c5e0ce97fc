// The guard's eye on foreign keys: the state of each one before the first statement that could break it, and after.

import type { Touch } from "../migration/touch.ts";
import { foldName } from "../migration/name.ts";
import type { ForeignKey, SchemaFacts } from "./facts.ts";
import type { Horizon } from "./horizon.ts";
import { quoteName } from "./objects.ts";
import type { Connection } from "./sqlite.ts";
import { keyId, newOrphans, primaryKey, standingOf, stateOf, type KeyState } from "./violations.ts";

/** The touches that change rows. */
export type RowTouch = Touch & { does: "insert" | "update" | "delete" };

/** The keys of one child as they were, by their identity. */
type Before = ReadonlyMap<string, KeyState>;

const rowidNames = new Set(["rowid", "oid", "_rowid_"]);
const soundState: KeyState = { standing: "sound", orphans: new Map() };

function nameOf(key: ForeignKey): string {
  return `${foldName(key.child)}\0${keyId(key)}`;
}

/** The foreign keys of one step. */
export class KeyWatch {
  private readonly connection: Connection;
  private readonly facts: SchemaFacts;
  private readonly horizon: Horizon;
  private readonly keyCount: number;
  /** All keys before the first DROP or ALTER; until then the new ones are those behind the first `keyCount`. */
  private known: ReadonlySet<string> | null = null;
  private readonly before = new Map<string, Before>();
  /** Renamed tables: from the name they have now to the one they had. */
  private readonly origins = new Map<string, { readonly name: string; readonly isOld: boolean }>();

  constructor(connection: Connection, facts: SchemaFacts, horizon: Horizon) {
    this.connection = connection;
    this.facts = facts;
    this.horizon = horizon;
    this.keyCount = facts.keys().length;
  }

  /** Before a table is dropped or altered, or renamed to `name`. */
  beforeTable(table: string, name: string | null = null): void {
    this.known ??= new Set(this.facts.keys().slice(0, this.keyCount).map(nameOf));
    this.note(table);
    this.noteWhere((key) => this.isParent(key, table));
    if (name === null) return;
    this.note(name);
    this.noteWhere((key) => this.isParent(key, name));
    const origin = this.origins.get(foldName(table));
    const isOld = this.horizon.relation(table)?.isOld ?? false;
    this.origins.delete(foldName(table));
    this.origins.set(foldName(name), origin ?? { name: foldName(table), isOld });
  }

  /** Before an index is dropped: a foreign key may rest on it. */
  beforeIndex(index: string): void {
    for (const { type, table } of this.horizon.live.named(index)) {
      if (type !== "index") continue;
      this.noteWhere((key) => key.parentColumns !== null && this.isParent(key, table));
    }
  }

  /** Before a statement that can set off triggers of any kind. */
  beforeAnything(): void {
    this.noteWhere(() => true);
  }

  /** Before a statement that changes rows of one table and sets off no trigger. */
  beforeRows(touch: RowTouch, removes: boolean): void {
    if (this.facts.keys().length === 0) return;
    const table = foldName(touch.table);
    const columns = touch.does === "update" && !removes ? this.columnsOf(touch) : null;
    this.noteWhere((key) => {
      const isChild = foldName(key.child) === table;
      const isParent = foldName(key.parent) === table;
      if (touch.does === "insert") return isChild || (isParent && removes);
      if (touch.does === "delete") return isParent;
      return (
        (isChild && this.sets(columns, key.columns)) ||
        (isParent && this.sets(columns, this.referenced(key)))
      );
    });
  }

  /** What is violated now and was not before. */
  findings(): string[] {
    const sentences: string[] = [];
    const known = this.known;
    const unseen = new Map<string, ForeignKey[]>();
    const all = this.facts.keys();
    // Where nothing was noted, only the new ones count: with many keys, that makes a plain CREATE cheap.
    const from = known === null && this.before.size === 0 ? this.keyCount : 0;
    for (let at = from; at < all.length; at++) {
      const key = all[at];
      if (key === undefined) continue;
      const isFresh = known === null ? at >= this.keyCount : !known.has(nameOf(key));
      const keys = unseen.get(key.child) ?? [];
      if (this.connection.isOwn(key.child) && (isFresh || this.beforeOf(key.child) !== null)) {
        unseen.set(key.child, [...keys, key]);
      }
    }
    for (const [child, keys] of unseen) {
      const before = this.beforeOf(child);
      sentences.push(...(before === null ? this.misfits(keys) : this.compare(before, keys)));
    }
    return sentences;
  }

  /** Of the keys of a new table that no statement has put a row into. */
  private misfits(keys: readonly ForeignKey[]): string[] {
    return keys.flatMap((key) => this.misfit(key, "sound") ?? []);
  }

  private misfit(key: ForeignKey, before: KeyState["standing"]): string | null {
    const standing = standingOf(this.connection, this.horizon, key);
    if (before !== "sound" || standing === "sound") return null;
    const head = `${key.child} (${key.columns.join(", ")}) references ${key.parent}`;
    if (standing === "missing") return `${head}, a table that does not exist`;
    const columns = key.parentColumns === null ? "" : ` (${key.parentColumns.join(", ")})`;
    return `${head}${columns}, which is no primary key and not unique there (foreign key mismatch)`;
  }

  private compare(before: Before, keys: readonly ForeignKey[]): string[] {
    const present = new Set(keys.map(keyId));
    // A key that is gone may stand again under the new name of its column or parent, with the orphans that it had.
    const gone = [...before].filter(([id]) => !present.has(id)).map(([, state]) => state);
    const sentences: string[] = [];
    let isClean = true;
    for (const key of keys) {
      const same = before.get(keyId(key));
      const base = same ?? pooled(gone);
      const standing = standingOf(this.connection, this.horizon, key);
      // A parent that was dropped is no matter to a child without rows.
      const isMatter = same === undefined || standing === "mismatched";
      const misfit = isMatter ? this.misfit(key, base.standing) : null;
      const found = newOrphans(this.connection, key, standing, base.orphans);
      if (misfit !== null) sentences.push(misfit);
      // What a mismatch hid until now is not of this step's making.
      else if (base.standing !== "mismatched") sentences.push(...found.sentences);
      isClean &&= found.isClean && standing === "sound";
    }
    const [first] = keys;
    if (first !== undefined && isClean) this.facts.clean.add(foldName(first.child));
    else if (first !== undefined) this.facts.clean.delete(foldName(first.child));
    return sentences;
  }

  /** What was noted of a child, under its present name or the one that it had; null where nothing was. */
  private beforeOf(child: string): Before | null {
    const folded = foldName(child);
    const origin = this.origins.get(folded);
    if (origin === undefined) return this.before.get(folded) ?? null;
    // A new table that took an old one's name is measured by the old one.
    const names = origin.isOld ? [origin.name, folded] : [folded, origin.name];
    for (const name of names) {
      const before = this.before.get(name);
      if (before !== undefined) return before;
    }
    return null;
  }

  private isParent(key: ForeignKey, table: string): boolean {
    return foldName(key.parent) === foldName(table);
  }

  /** The columns that an UPDATE sets; null where others can change with them. */
  private columnsOf(touch: Touch & { does: "update" }): readonly string[] | null {
    const generated = this.connection
      .all(`PRAGMA main.table_xinfo(${quoteName(touch.table)})`)
      .some((column) => column["hidden"] === 2 || column["hidden"] === 3);
    return generated ? null : touch.columns;
  }

  private sets(columns: readonly string[] | null, watched: readonly string[]): boolean {
    if (columns === null) return true;
    return columns.some((column) => {
      const folded = foldName(column);
      return watched.includes(folded) || rowidNames.has(folded);
    });
  }

  private referenced(key: ForeignKey): readonly string[] {
    return key.parentColumns ?? primaryKey(this.connection, key.parent);
  }

  private noteWhere(isTouched: (key: ForeignKey) => boolean): void {
    const children = new Set<string>();
    for (const key of this.facts.keys()) if (isTouched(key)) children.add(key.child);
    for (const child of children) this.note(child);
  }

  private note(child: string): void {
    const folded = foldName(child);
    if (this.before.has(folded) || this.origins.has(folded) || !this.connection.isOwn(child))
      return;
    const states = new Map<string, KeyState>();
    // What the step itself has made had no violation before it.
    if (this.horizon.relation(child)?.isOld === true) {
      const isClean = this.facts.clean.has(folded);
      for (const key of this.facts.keysOf(child)) {
        states.set(keyId(key), stateOf(this.connection, this.horizon, key, isClean));
      }
    }
    this.before.set(folded, states);
  }
}

function pooled(states: readonly KeyState[]): KeyState {
  if (states.length === 0) return soundState;
  const orphans = new Map<string, number>();
  for (const state of states) {
    for (const [found, count] of state.orphans)
      orphans.set(found, (orphans.get(found) ?? 0) + count);
  }
  const broken = states.find(({ standing }) => standing !== "sound");
  return { standing: broken?.standing ?? "sound", orphans };
}
