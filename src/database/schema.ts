// The live schema as a list of objects, and the list that was kept of it after our latest change.

import { sha256 } from "../platform/hash.ts";
import {
  canonicalSql,
  differences,
  foldName,
  isRenamed,
  objectKey,
  type Difference,
  type SchemaObject,
} from "../plan/schema.ts";
import { textOf } from "./facts.ts";
import type { Row } from "../migration/migration.ts";
import type { ObjectType } from "../migration/touch.ts";
import type { Connection } from "./sqlite.ts";
import type { DroppedObject, SchemaChange } from "./watch.ts";

const selectLive = `SELECT rowid, type, name, tbl_name AS "table", sql FROM sqlite_schema
  WHERE sql IS NOT NULL AND rowid > ?`;
const selectShadows =
  "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'";
const selectKept = `SELECT type, name, "table", sql FROM rung_schema`;
const selectLiveOne = "SELECT 1 FROM sqlite_schema WHERE type = ? AND name = ?";
const selectKeptOne = `${selectKept} WHERE type = ? AND name = ?`;

/** An object of the live schema, with the row of sqlite_schema that holds it: an ALTER leaves it where it is. */
interface LiveObject extends SchemaObject {
  readonly rowid: number;
}

function objectOf(row: Row): SchemaObject {
  const type = textOf(row, "type");
  return {
    type: type === "index" || type === "view" || type === "trigger" ? type : "table",
    name: textOf(row, "name"),
    table: textOf(row, "table"),
    sql: textOf(row, "sql"),
  };
}

function isVirtual({ sql }: SchemaObject): boolean {
  return /^CREATE\s+VIRTUAL/i.test(sql);
}

/**
 * The user's objects of the live schema that were created after a rowid; 0 for all. A virtual table makes shadow tables
 * when it is created, and some later, when it is written to.
 */
function liveObjects(connection: Connection, afterRowid: number, hasVirtual = false): LiveObject[] {
  const objects = connection
    .all(selectLive, afterRowid)
    .map((row): LiveObject => ({ ...objectOf(row), rowid: Number(row["rowid"]) }))
    .filter(({ name, table }) => connection.isOwn(name) && connection.isOwn(table));
  if (objects.length === 0 || !(hasVirtual || objects.some(isVirtual))) return objects;
  // Shadow tables belong to their virtual table and come and go with it.
  const shadows = new Set(
    connection.all(selectShadows).map((row) => foldName(textOf(row, "name"))),
  );
  return objects.filter(({ name }) => !shadows.has(foldName(name)));
}

/** The live schema. */
export function liveSchema(connection: Connection): readonly SchemaObject[] {
  return liveObjects(connection, 0);
}

/** The schema as our latest change left it. */
export function keptSchema(connection: Connection): readonly SchemaObject[] {
  return connection
    .all(selectKept)
    .map(objectOf)
    .filter(({ name, table }) => connection.isOwn(name) && connection.isOwn(table));
}

/** SQLite's counter of schema changes: as long as it stands still, there is nothing to compare. */
export function schemaVersion(connection: Connection): number {
  return Number(connection.get("PRAGMA schema_version")?.["schema_version"] ?? 0);
}

/** What something else has changed since our latest change; `kept` is SQLite's counter after it, if it was known. */
export function driftOf(connection: Connection, kept: number | null): readonly Difference[] {
  if (kept !== null && kept === schemaVersion(connection)) return [];
  return differences(keptSchema(connection), liveSchema(connection));
}

/** The hash of one object: those of a schema, in any order, make its fingerprint by exclusive or. */
function hashOf({ type, name, table, sql }: SchemaObject): bigint {
  const hash = sha256(type, "\0", foldName(name), "\0", foldName(table), "\0", canonicalSql(sql));
  return BigInt(`0x${hash}`);
}

const upsert = `INSERT INTO rung_schema (type, name, "table", sql) VALUES (?, ?, ?, ?)
  ON CONFLICT (type, name) DO UPDATE SET "table" = excluded."table", sql = excluded.sql`;
const remove = "DELETE FROM rung_schema WHERE type = ? AND name = ?";
const removeOn = `DELETE FROM rung_schema WHERE type <> 'view' AND "table" = ? COLLATE NOCASE`;

/**
 * The schema while steps change it: after each, what it changed, and nothing else, is written to the kept list, so that
 * a change by somebody else is never taken for ours.
 */
export class SchemaTracker {
  readonly #connection: Connection;
  #objects = new Map<string, LiveObject>();
  /** The same by the folded name of the table that they belong to. */
  #byTable = new Map<string, Set<LiveObject>>();
  #fingerprint = 0n;
  #lastRowid = 0;
  #hasVirtual = false;
  /** Hashes by what they are of: after a DROP or an ALTER nearly all objects are what they were. */
  readonly #hashes = new Map<string, bigint>();

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#read(0);
  }

  /** The schema; an object that stands as it was is the same one as before. */
  get objects(): readonly SchemaObject[] {
    return [...this.#objects.values()];
  }

  /** The fingerprint of the schema, as 64 hexadecimal digits. */
  get fingerprint(): string {
    return this.#fingerprint.toString(16).padStart(64, "0");
  }

  /** Takes in what a step has changed, and reads no more of the schema than that takes. */
  follow(change: SchemaChange): void {
    switch (change.does) {
      case "create":
        for (const object of this.#read(this.#lastRowid)) this.#keep(object);
        return;
      case "drop":
        this.#forget(change.dropped);
        return;
      case "any":
        this.#followAll();
    }
  }

  /** Takes out what is gone of the objects that were dropped by name, and of what belongs to them. */
  #forget(dropped: readonly DroppedObject[]): void {
    const found = dropped.flatMap((each) => [
      ...(this.#byTable.get(foldName(each.name)) ?? []),
      this.#objects.get(objectKey(each)) ?? [],
    ]);
    for (const object of new Set(found.flat())) {
      const { type, name } = object;
      // A temporary object can have had the name.
      if (this.#connection.get(selectLiveOne, type, name) !== null) continue;
      this.#objects.delete(objectKey(object));
      this.#byTable.get(foldName(object.table))?.delete(object);
      this.#fingerprint ^= this.#hashOf(object);
      this.#connection.all(remove, type, foldName(name));
    }
    this.#lastRowid = this.#newestRowid();
  }

  #followAll(): void {
    const before = this.#objects;
    this.#objects = new Map();
    this.#byTable = new Map();
    this.#fingerprint = 0n;
    this.#read(0);
    const found = differences([...before.values()], [...this.#objects.values()]);
    const altered = found.map((change) => this.#keptAs(change, before));
    for (const { kind, type, name } of found) {
      if (kind === "gone") this.#connection.all(remove, type, foldName(name));
    }
    for (const kept of altered) if (kept !== null) this.#keep(kept);
  }

  /** What is to be kept of an object that a step has made or altered; null for what stays, or is not, in the list. */
  #keptAs(
    { kind, type, name }: Difference,
    before: ReadonlyMap<string, LiveObject>,
  ): SchemaObject | null {
    const object = this.#objects.get(objectKey({ type, name }));
    if (kind === "gone" || object === undefined) return null;
    const origin =
      kind === "changed" ? before.get(objectKey(object)) : this.#renamedFrom(object, before);
    if (origin === undefined || origin.rowid !== object.rowid) return object;
    const [kept] = this.#connection
      .all(selectKeptOne, origin.type, foldName(origin.name))
      .map(objectOf);
    // Altering an object that something else had changed, or made, does not make that change ours.
    if (kept === undefined) return null;
    const wasOurs = differences([kept], [origin]).length === 0;
    return wasOurs ? object : { ...kept, name: object.name, table: object.table };
  }

  #renamedFrom(
    object: LiveObject,
    before: ReadonlyMap<string, LiveObject>,
  ): LiveObject | undefined {
    if (object.type !== "table") return undefined;
    const at = [...before.values()].find(({ rowid }) => rowid === object.rowid);
    const isGone = at !== undefined && !this.#objects.has(objectKey(at));
    return isGone && isRenamed(at, object) ? at : undefined;
  }

  /** Takes in an object that a step names: one that is as its canonical SQL says, or, with null, one that is gone. */
  own(type: ObjectType, name: string, canonical: string | null): void {
    const object = this.#objects.get(objectKey({ type, name }));
    if (canonical === null && object === undefined) {
      this.#connection.all(remove, type, foldName(name));
      // Its indexes and triggers went with it.
      if (type === "table") this.#connection.all(removeOn, name);
    }
    if (object !== undefined && canonicalSql(object.sql) === canonical) this.#keep(object);
  }

  /** Writes the whole live schema to the kept list. */
  keepAll(): void {
    this.#connection.run("DELETE FROM rung_schema");
    for (const object of this.#objects.values()) this.#keep(object);
  }

  #keep({ type, name, table, sql }: SchemaObject): void {
    this.#connection.all(upsert, type, foldName(name), table, sql);
  }

  #hashOf(object: LiveObject): bigint {
    const { name, table, sql } = object;
    const key = [name, table, sql].join("\0");
    const known = this.#hashes.get(key) ?? hashOf(object);
    this.#hashes.set(key, known);
    return known;
  }

  #read(afterRowid: number): readonly LiveObject[] {
    const last = this.#newestRowid();
    const objects = liveObjects(this.#connection, afterRowid, this.#hasVirtual);
    this.#hasVirtual ||= objects.some(isVirtual);
    for (const object of objects) {
      this.#objects.set(objectKey(object), object);
      const table = foldName(object.table);
      this.#byTable.set(table, (this.#byTable.get(table) ?? new Set()).add(object));
      this.#fingerprint ^= this.#hashOf(object);
    }
    this.#lastRowid = last;
    return objects;
  }

  #newestRowid(): number {
    const row = this.#connection.get("SELECT max(rowid) AS last FROM sqlite_schema");
    return Number(row?.["last"] ?? 0);
  }
}
