// The schema as steps change it -> fingerprints, and what of it is to be kept.

import type { Difference } from "../plan/difference.ts";
import { foldName } from "../migration/name.ts";
import {
  canonicalSql,
  differences,
  isRenamed,
  objectKey,
  type SchemaObject,
} from "../plan/schema.ts";
import type { Direction } from "../migration/migration.ts";
import type { ObjectType } from "../migration/touch.ts";
import type { Ledger } from "./ledger.ts";
import { fingerprintText, hashOf, recordedFingerprint, sumOf } from "./fingerprint.ts";
import { isVirtual, type LiveObject, type LiveSchema } from "./live.ts";
import type { PlainChange } from "./plain.ts";
import { keptObject, ownOf } from "./schema.ts";
import type { Connection } from "./sqlite.ts";

const upsert = `INSERT INTO rung_schema (type, name, "table", sql) VALUES (?, ?, ?, ?)
  ON CONFLICT (type, name) DO UPDATE SET "table" = excluded."table", sql = excluded.sql`;
const remove = "DELETE FROM rung_schema WHERE type = ? AND name = ?";
const removeOn = `DELETE FROM rung_schema WHERE type <> 'view' AND "table" = ? COLLATE NOCASE`;

/** A plain step whose doing was not looked at yet. */
interface Unseen {
  readonly change: PlainChange;
  readonly direction: Direction;
  fingerprint: string;
}

/** Objects by the place of the step that has to do with them: where no step has, it is the last one's. */
function grouped(
  objects: readonly LiveObject[],
  steps: number,
  placeOf: (object: LiveObject) => number | undefined,
): readonly (readonly LiveObject[])[] {
  const groups: LiveObject[][] = [];
  for (let at = 0; at < steps; at++) groups.push([]);
  for (const object of objects) groups[placeOf(object) ?? steps - 1]?.push(object);
  return groups;
}

/** The first step that names each of the objects, by its place. */
function doersOf(changes: readonly { readonly change: PlainChange }[]): Map<string, number> {
  const doers = new Map<string, number>();
  let at = 0;
  for (const { change } of changes) {
    for (const name of change.names) if (!doers.has(name)) doers.set(name, at);
    at++;
  }
  return doers;
}

/**
 * The schema while steps change it: after each, what it changed, and nothing else, is written to the kept list, so that
 * a change by somebody else is never taken for ours.
 */
export class SchemaTracker {
  private readonly connection: Connection;
  private readonly live: LiveSchema;
  private readonly ledger: Ledger;
  private readonly tracked: Set<LiveObject>;
  /** The fingerprint as a number; null as long as nobody has asked for it: to hash every object takes its time. */
  private sum: bigint | null = null;
  private hasVirtual = false;
  /** Plain steps whose doing was not looked at yet; all of them make, or all drop. */
  private unseen: Unseen[] = [];

  /** `live` is the schema as the steps find it; nobody else takes its changes. */
  constructor(connection: Connection, live: LiveSchema, ledger: Ledger) {
    this.connection = connection;
    this.live = live;
    this.ledger = ledger;
    live.takeChanges();
    this.tracked = new Set(this.ownOf(live.all()));
  }

  /**
   * Before a step whose fingerprint will be recorded. As long as this transaction has entered nothing, that of the step
   * before may be the schema's: then only what changes has to be hashed.
   */
  anticipate(): void {
    if (this.sum !== null || !this.ledger.isEmpty || this.connection.ignored.length > 0) return;
    this.sum = recordedFingerprint(this.connection, this.tracked.size);
  }

  /** The schema; an object that stands as it was is the same one as before. */
  get objects(): readonly SchemaObject[] {
    this.settle();
    return [...this.tracked];
  }

  /** The fingerprint of the schema, as it is recorded. */
  get fingerprint(): string {
    this.settle();
    return this.digits();
  }

  private digits(): string {
    this.sum ??= sumOf(this.tracked);
    return fingerprintText(this.sum, this.connection.ignored);
  }

  /** Before a step: looks at what those before it have done, unless the next one is of their kind. */
  await(change: PlainChange | null): void {
    const [first] = this.unseen;
    if (first !== undefined && first.change.does !== change?.does) this.settle();
  }

  /**
   * Takes in what a plain step has done, once there is a reason to look; gives its fingerprint then, if it is an up. To
   * look after each of many steps takes longer than the steps.
   */
  expect(change: PlainChange, direction: Direction): () => string {
    const step = { change, direction, fingerprint: "" };
    this.unseen.push(step);
    return () => {
      this.settle();
      return step.fingerprint;
    };
  }

  /** Looks at what plain steps have done that was not looked at yet. */
  settle(): void {
    const steps = this.unseen;
    if (steps.length === 0) return;
    this.unseen = [];
    const doers = doersOf(steps);
    const { gone, fresh } = this.live.takeChanges();
    // An index goes with its table, unless it was dropped before.
    const lost = grouped(gone, steps.length, ({ folded, foldedTable }) => {
      const own = doers.get(folded);
      const tables = doers.get(foldedTable);
      return own === undefined || (tables !== undefined && tables < own) ? tables : own;
    });
    const made = grouped(this.ownOf(fresh), steps.length, ({ folded }) => doers.get(folded));
    let at = 0;
    for (const step of steps) {
      for (const object of lost[at] ?? []) this.lose(object);
      for (const object of made[at] ?? []) {
        this.add(object);
        this.keep(object, object.folded);
      }
      if (step.direction === "up") step.fingerprint = this.digits();
      at++;
    }
  }

  private lose(object: LiveObject): void {
    if (!this.tracked.has(object)) return;
    this.remove(object);
    this.ledger.add(remove, [object.type, object.folded]);
  }

  /** Takes in what a step has changed. */
  follow(): void {
    this.settle();
    const { gone, fresh } = this.live.takeChanges();
    const lost = gone.filter((object) => this.tracked.has(object));
    for (const object of lost) this.remove(object);
    const made = this.ownOf(fresh);
    for (const object of made) this.add(object);
    if (lost.length === 0) {
      for (const object of made) this.keep(object);
      return;
    }
    const found = differences(lost, made);
    const altered = found.map((change) => this.keptAs(change, lost));
    for (const { kind, type, name } of found) {
      if (kind === "gone") this.ledger.add(remove, [type, foldName(name)]);
    }
    for (const kept of altered) if (kept !== null) this.keep(kept);
  }

  /** What is to be kept of an object that a step has made or altered; null for what stays, or is not, in the list. */
  private keptAs(
    { kind, type, name }: Difference,
    lost: readonly LiveObject[],
  ): SchemaObject | null {
    const object = this.find(type, name);
    if (kind === "gone" || object === undefined) return null;
    const origin = lost.find(({ rowid }) => rowid === object.rowid);
    const isAltered =
      origin !== undefined &&
      (kind === "changed"
        ? objectKey(origin) === objectKey(object)
        : this.isRenamed(origin, object));
    if (!isAltered) return object;
    this.ledger.write();
    const kept = keptObject(this.connection, origin.type, origin.name);
    // Altering an object that something else had changed, or made, does not make that change ours.
    if (kept === undefined) return null;
    const wasOurs = differences([kept], [origin]).length === 0;
    return wasOurs ? object : { ...kept, name: object.name, table: object.table };
  }

  private isRenamed(origin: LiveObject, object: LiveObject): boolean {
    const isGone = this.find(origin.type, origin.name) === undefined;
    return object.type === "table" && isGone && isRenamed(origin, object);
  }

  /** Takes in an object that a step names: one that is as its canonical SQL says, or, with null, one that is gone. */
  own(type: ObjectType, name: string, canonical: string | null): void {
    const object = this.find(type, name);
    if (canonical === null && object === undefined) {
      this.ledger.add(remove, [type, foldName(name)]);
      // Its indexes and triggers went with it.
      if (type === "table") this.ledger.add(removeOn, [name]);
    }
    if (object !== undefined && canonicalSql(object.sql) === canonical) this.keep(object);
  }

  /** Writes the whole live schema to the kept list. */
  keepAll(): void {
    this.ledger.add("DELETE FROM rung_schema", []);
    for (const object of this.tracked) this.keep(object);
  }

  private keep({ type, name, table, sql }: SchemaObject, folded = foldName(name)): void {
    this.ledger.add(upsert, [type, folded, table, sql]);
  }

  private ownOf(objects: Iterable<LiveObject>): readonly LiveObject[] {
    const own = ownOf(this.connection, objects, this.hasVirtual);
    for (const object of own) this.hasVirtual ||= isVirtual(object);
    return own;
  }

  private find(type: ObjectType, name: string): LiveObject | undefined {
    return this.live.named(name).find((each) => each.type === type && this.tracked.has(each));
  }

  private add(object: LiveObject): void {
    this.tracked.add(object);
    if (this.sum !== null) this.sum ^= hashOf(object);
  }

  /** Of an object that is tracked. */
  private remove(object: LiveObject): void {
    this.tracked.delete(object);
    if (this.sum !== null) this.sum ^= hashOf(object);
  }
}
