// The schema as it is, in memory: read whole once, then kept up from what statements can have done to it.

import type { Row } from "../migration/migration.ts";
import { namesOurs } from "../migration/statements.ts";
import type { ObjectType, Touch } from "../migration/touch.ts";
import { foldName } from "../migration/name.ts";
import { schemaVersion, type Connection } from "./sqlite.ts";

/** A row of sqlite_schema. As long as nothing in it changes it is the same object. */
export interface LiveObject {
  /** Where it stands in the schema: what is created goes to the end, and an ALTER leaves it where it is. */
  readonly rowid: number;
  readonly type: ObjectType;
  readonly name: string;
  readonly table: string;
  /** The names by which these are compared: folded once, as they are asked for again and again. */
  readonly folded: string;
  readonly foldedTable: string;
  /** Empty for an index that belongs to a constraint. */
  readonly sql: string;
}

/** A text column of a row; empty where it holds anything else. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  return typeof value === "string" ? value : "";
}

// Every name is an alias and the order is given, as a migration may have set full_column_names, case_sensitive_like
// or reverse_unordered_selects.
const selectTail = `SELECT rowid AS rowid, type AS type, name AS name, tbl_name AS "table", sql AS sql
  FROM main.sqlite_schema WHERE rowid > ? ORDER BY rowid`;
const selectOne = "SELECT 1 FROM main.sqlite_schema WHERE rowid = ? AND type = ? AND name = ?";

/** The type of an object: a text of ours in place of the row's, as what is one and the same compares faster. */
function typeOf(kind: Row[string] | undefined): ObjectType {
  switch (kind) {
    case "index":
      return "index";
    case "view":
      return "view";
    case "trigger":
      return "trigger";
    default:
      return "table";
  }
}

function objectOf(row: Row): LiveObject {
  const type = typeOf(row["type"]);
  const rowid = Number(row["rowid"]);
  const name = textOf(row, "name");
  const table = textOf(row, "table");
  const sql = textOf(row, "sql");
  const folded = foldName(name);
  const foldedTable = table === name ? folded : foldName(table);
  return { rowid, type, name, table, folded, foldedTable, sql };
}

function isSame(left: LiveObject, right: LiveObject): boolean {
  return (
    left.sql === right.sql &&
    left.name === right.name &&
    left.table === right.table &&
    left.type === right.type
  );
}

/** Whether an object is a virtual table, by its SQL, which SQLite begins like this itself (sqlite3VtabFinishParse). */
export function isVirtual({ type, sql }: Pick<LiveObject, "type" | "sql">): boolean {
  return type === "table" && sql.startsWith("CREATE VIRTUAL");
}

function addTo(index: Map<string, LiveObject[]>, key: string, object: LiveObject): void {
  const known = index.get(key);
  if (known === undefined) index.set(key, [object]);
  else known.push(object);
}

function removeFrom(index: Map<string, LiveObject[]>, key: string, object: LiveObject): void {
  const known = index.get(key);
  if (known === undefined) return;
  takeOut(known, object);
  if (known.length === 0) index.delete(key);
}

/** Of objects in the order of their rowids, those after one. */
function tailOf(objects: readonly LiveObject[], afterRowid: number): readonly LiveObject[] {
  return objects.slice(objects.findLastIndex(({ rowid }) => rowid <= afterRowid) + 1);
}

/** Objects by their own names, and by those of their tables. */
interface Names {
  readonly own: Map<string, LiveObject[]>;
  readonly tables: Map<string, LiveObject[]>;
}

function addNames({ own, tables }: Names, object: LiveObject): void {
  addTo(own, object.folded, object);
  addTo(tables, object.foldedTable, object);
}

function removeNames({ own, tables }: Names, object: LiveObject): void {
  removeFrom(own, object.folded, object);
  removeFrom(tables, object.foldedTable, object);
}

function takeOut(objects: LiveObject[], object: LiveObject): void {
  const at = objects.indexOf(object);
  if (at >= 0) objects.splice(at, 1);
}

const none: readonly LiveObject[] = [];

/**
 * All rows of sqlite_schema. To ask SQLite for one by its name is to scan them all, and any statement that reads them
 * is compiled anew after each change: at a thousand tables, that is what costs. What a statement can do to the schema is
 * to be noted before it runs; what nobody has noted shows by SQLite's counter when the schema is looked at afresh.
 */
export class LiveSchema {
  private readonly connection: Connection;
  /** By rowid, in ascending order. */
  private rows = new Map<number, LiveObject>();
  /** Made when somebody asks by name: of what only creates, nobody does. */
  private names: Names | null = null;
  private allPrograms: LiveObject[] = [];
  private allChildren: LiveObject[] = [];
  private lastRowid = 0;
  private version: number;
  private lossCount = 0;
  /** What is no more, and what is new, since the changes were taken. */
  private gone = new Set<LiveObject>();
  private fresh = new Set<LiveObject>();
  /** What was noted since the schema was last looked at. */
  private hasGrown = false;
  private isUnknown = false;
  private readonly dropped = new Set<string>();
  /** Whether anything was noted since SQLite's counter was last looked at. */
  private isExpected = false;
  /** Virtual tables make tables behind them whenever they see fit, which nobody notes. */
  private readonly virtual = new Set<LiveObject>();
  /** The views and triggers that read our own tables. */
  private readonly readers = new Set<LiveObject>();

  constructor(connection: Connection) {
    this.connection = connection;
    this.version = schemaVersion(connection);
    for (const row of connection.all(selectTail, 0)) this.add(objectOf(row));
  }

  /** Before a statement: what it can do to the schema. */
  note(touch: Touch): void {
    if (touch.does === "create") this.hasGrown = true;
    else if (touch.does === "drop") this.dropped.add(foldName(touch.name));
    else if (touch.does === "alter" || touch.does === "rename") this.isUnknown = true;
    else return;
    this.isExpected = true;
  }

  /** Looks at what has changed, noted or not. */
  refresh(): void {
    const version = schemaVersion(this.connection);
    if (version !== this.version && !this.isExpected) this.readAll();
    if (version === this.version) this.settle();
    else this.sync();
    this.version = version;
    this.isExpected = false;
  }

  /** Whether nothing in the schema rests on a table but its indexes, as far as was looked at. */
  get isBare(): boolean {
    return (
      this.allPrograms.length === 0 && this.allChildren.length === 0 && this.virtual.size === 0
    );
  }

  /** Whether a view or trigger reads our own tables, as far as was looked at. */
  get hasReaders(): boolean {
    return this.readers.size > 0;
  }

  /** A number that stands still while the schema only grows. */
  get losses(): number {
    this.sync();
    return this.lossCount;
  }

  /** The highest rowid. */
  get last(): number {
    this.sync();
    return this.lastRowid;
  }

  /** All objects, in the order in which they were created. */
  all(): Iterable<LiveObject> {
    this.sync();
    return this.rows.values();
  }

  /** What is gone, and what is there instead, since this was asked last. */
  takeChanges(): { readonly gone: readonly LiveObject[]; readonly fresh: readonly LiveObject[] } {
    this.refresh();
    const changes = { gone: [...this.gone], fresh: [...this.fresh] };
    this.gone = new Set();
    this.fresh = new Set();
    return changes;
  }

  /** Those of a name, whatever they are. */
  named(name: string): readonly LiveObject[] {
    this.sync();
    return this.byName().own.get(foldName(name)) ?? none;
  }

  /** Those that belong to a table or view, itself included. */
  on(table: string): readonly LiveObject[] {
    this.sync();
    return this.byName().tables.get(foldName(table)) ?? none;
  }

  /** The views and triggers that were created after a rowid. */
  programs(afterRowid: number): readonly LiveObject[] {
    this.sync();
    return tailOf(this.allPrograms, afterRowid);
  }

  /** The tables whose SQL speaks of references, and that were created after a rowid. */
  children(afterRowid: number): readonly LiveObject[] {
    this.sync();
    return tailOf(this.allChildren, afterRowid);
  }

  /** Looks at what was noted. */
  private sync(): void {
    const hasLost = this.dropped.size > 0;
    if (!this.hasGrown && !this.isUnknown && !hasLost) return;
    // A rowid that a DROP has freed can be taken again by what is created after it.
    if (this.isUnknown || (this.hasGrown && hasLost)) this.readAll();
    else if (this.hasGrown) this.readTail();
    else this.forgetDropped();
    this.settle();
    if (this.virtual.size === 0) return;
    this.version = schemaVersion(this.connection);
    this.isExpected = false;
  }

  private settle(): void {
    this.hasGrown = false;
    this.isUnknown = false;
    this.dropped.clear();
  }

  private byName(): Names {
    if (this.names !== null) return this.names;
    const names: Names = { own: new Map(), tables: new Map() };
    for (const object of this.rows.values()) addNames(names, object);
    return (this.names = names);
  }

  private add(object: LiveObject): void {
    const { rowid, type, sql } = object;
    this.rows.set(rowid, object);
    if (this.names !== null) addNames(this.names, object);
    if (type !== "table" && type !== "index") {
      this.allPrograms.push(object);
      if (namesOurs(sql)) this.readers.add(object);
    }
    if (type === "table" && /references/i.test(sql)) this.allChildren.push(object);
    if (isVirtual(object)) this.virtual.add(object);
    if (rowid > this.lastRowid) this.lastRowid = rowid;
  }

  private remove(object: LiveObject): void {
    this.lose(object);
    this.rows.delete(object.rowid);
    if (this.names !== null) removeNames(this.names, object);
    takeOut(this.allPrograms, object);
    takeOut(this.allChildren, object);
    this.virtual.delete(object);
    this.readers.delete(object);
  }

  private lose(object: LiveObject): void {
    if (!this.fresh.delete(object)) this.gone.add(object);
    this.lossCount++;
  }

  private readTail(): void {
    for (const row of this.connection.all(selectTail, this.lastRowid)) {
      const object = objectOf(row);
      this.add(object);
      this.fresh.add(object);
    }
  }

  private readAll(): void {
    const before = this.rows;
    this.rows = new Map();
    this.names = null;
    this.allPrograms = [];
    this.allChildren = [];
    this.virtual.clear();
    this.readers.clear();
    this.lastRowid = 0;
    for (const row of this.connection.all(selectTail, 0)) {
      const object = objectOf(row);
      const known = before.get(object.rowid);
      const isKept = known !== undefined && isSame(known, object);
      if (isKept) before.delete(object.rowid);
      else this.fresh.add(object);
      this.add(isKept ? known : object);
    }
    for (const object of before.values()) this.lose(object);
  }

  /** A DROP takes with it what belongs to the object, unless it was a temporary one of the same name. */
  private forgetDropped(): void {
    const { own, tables } = this.byName();
    const named = [...this.dropped].flatMap((name) => [...(own.get(name) ?? none)]);
    // Its shadow tables go with a virtual table.
    if (named.some(isVirtual)) return this.readAll();
    for (const object of named) {
      const { rowid, type, name, folded } = object;
      if (this.connection.get(selectOne, rowid, type, name) !== null) continue;
      this.remove(object);
      const isTable = type === "table" || type === "view";
      const attached = isTable ? tables.get(folded) : undefined;
      for (const other of [...(attached ?? none)]) this.remove(other);
    }
    while (this.lastRowid > 0 && !this.rows.has(this.lastRowid)) this.lastRowid--;
  }
}
