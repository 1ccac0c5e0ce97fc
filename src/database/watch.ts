// Eyes on one step while it runs: what it could lose is noted before each statement, and compared at the end.

import type { Loss } from "../migration/migration.ts";
import type { Statement } from "../migration/statements.ts";
import { touchOf, type Touch } from "../migration/touch.ts";
import type { ReadyStep } from "../plan/step.ts";
import { compilables, compile, type Compiles } from "./compile.ts";
import { textOf, type ForeignKey, type SchemaFacts } from "./facts.ts";
import { foldName } from "../plan/schema.ts";
import { isOwn, quoteName } from "./objects.ts";
import type { Connection } from "./sqlite.ts";
import { newViolations, noViolations, violationsOf, type Violations } from "./violations.ts";

/** Something that a step lost, as a sentence, and the word on the marker line that would allow it. */
export interface Finding {
  readonly loss: Loss;
  readonly sentence: string;
}

/** An index or trigger that must outlive the replacement of its table. */
interface Companion {
  readonly type: string;
  readonly name: string;
  readonly table: string;
}

const rank: Readonly<Record<Compiles, number>> = { not: 0, loosely: 1, strictly: 2 };
const rowidNames = new Set(["rowid", "oid", "_rowid_"]);

const selectCompanions = `SELECT type, name, tbl_name FROM sqlite_schema
  WHERE tbl_name = ? COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL AND rowid <= ?`;
const selectRelation = `SELECT name, rowid FROM sqlite_schema
  WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE`;
const selectCompanion = `SELECT 1 FROM sqlite_schema
  WHERE type = ? AND name = ? COLLATE NOCASE AND tbl_name = ? COLLATE NOCASE`;

function keyName(key: ForeignKey): string {
  return [foldName(key.child), key.parent, ...key.columns].join("\0");
}

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
    if (touch.does === "rename") gone.add(foldName(touch.table)).add(foldName(touch.name));
    if (touch.does === "rename") made.add(foldName(touch.name));
    if (touch.does === "create") made.add(foldName(touch.name));
  }
  return gone.intersection(made);
}

/** The guard's memory of one step. Every call happens inside the step's savepoint. */
export class Watch {
  readonly #connection: Connection;
  readonly #facts: SchemaFacts;
  readonly #lastRowid: number;
  readonly #replaced: ReadonlySet<string> | null;
  readonly #keyCount: number;
  /** The foreign keys before the first DROP or ALTER; until then the new ones are those behind the first. */
  #keysBefore: ReadonlySet<string> | null = null;
  /** Touches that were noted already: a statement in a loop costs its first time only. */
  readonly #noted = new Set<string>();
  readonly #rows = new Map<string, { readonly name: string; readonly count: number }>();
  readonly #gone = new Set<string>();
  readonly #companions: Companion[] = [];
  readonly #droppedByName = new Set<string>();
  readonly #violations = new Map<string, { readonly child: string; before: Violations }>();
  #compiled: Map<string, Compiles> | null = null;

  constructor(connection: Connection, facts: SchemaFacts, step: ReadyStep) {
    this.#connection = connection;
    this.#facts = facts;
    this.#lastRowid = facts.lastRowid();
    this.#replaced = replacedTables(step);
    this.#keyCount = facts.keys().length;
  }

  /** Whether a rename gives a new table the name of one that this step dropped: the last of SQLite's twelve steps. */
  isRebuild(touch: Touch): boolean {
    return touch.does === "rename" && this.#gone.has(foldName(touch.name));
  }

  /** Whether a DROP or an ALTER was among the statements. */
  get hasReshaped(): boolean {
    return this.#keysBefore !== null;
  }

  /** Notes what a statement could lose, before it runs. */
  before(statement: Statement, touch: Touch): void {
    if (this.#noted.has(statement.text)) return;
    switch (touch.does) {
      case "create":
      case "pragma":
      case "nothing":
        return;
      case "drop":
        this.#beforeDrop(touch.type, touch.name);
        break;
      case "rename":
      case "alter":
        this.#countReplaced();
        this.#beforeAlter(touch.table, touch.does === "rename" ? touch.name : null);
        break;
      case "insert":
      case "update":
      case "delete":
        this.#noted.add(statement.text);
        if (touch.does === "delete" || touch.does === "update" || touch.removes)
          this.#countReplaced();
        this.#beforeRows(touch);
    }
    if (touch.does === "drop" || touch.does === "rename" || touch.does === "alter") {
      this.#keysBefore ??= new Set(this.#facts.keys().slice(0, this.#keyCount).map(keyName));
      this.#facts.invalidate();
    }
  }

  /** What is lost, now that the step has run. */
  findings(): Finding[] {
    const rows = this.#lostRows().map((sentence): Finding => ({ loss: "lost-rows", sentence }));
    const objects = [...this.#lostCompanions(), ...this.#brokenObjects()];
    const lost = objects.map((sentence): Finding => ({ loss: "lost-objects", sentence }));
    const keys = this.#brokenKeys().map((sentence): Finding => ({
      loss: "foreign-keys",
      sentence,
    }));
    return [...rows, ...lost, ...keys];
  }

  #beforeDrop(type: string, name: string): void {
    this.#droppedByName.add(`${type} ${foldName(name)}`);
    if (type === "trigger") return;
    this.#noteCompiled();
    if (type === "index") return;
    this.#noteCompanions(name);
    if (type === "view") return;
    this.#countReplaced();
    this.#leave(name);
    this.#noteKeys((key) => this.#isAround(key, name));
  }

  #beforeAlter(table: string, name: string | null): void {
    this.#noteCompiled();
    this.#noteKeys(
      (key) => this.#isAround(key, table) || (name !== null && this.#isAround(key, name)),
    );
    if (name === null) return;
    this.#noteCompanions(table);
    this.#leave(table);
  }

  /** The name of a table is about to be free. */
  #leave(name: string): void {
    const folded = foldName(name);
    if (this.#replaced === null) this.#count(name);
    this.#gone.add(folded);
  }

  #isAround(key: ForeignKey, table: string): boolean {
    const folded = foldName(table);
    return foldName(key.child) === folded || key.parent === folded;
  }

  #countReplaced(): void {
    for (const name of this.#replaced ?? []) this.#count(name);
  }

  #count(name: string): void {
    const folded = foldName(name);
    if (this.#rows.has(folded) || this.#gone.has(folded) || !isOwn(name)) return;
    const relation = this.#connection.get(selectRelation, name);
    // A table that this step itself has made holds nothing that was there before.
    if (relation === null || Number(relation["rowid"]) > this.#lastRowid) return;
    const count = this.#rowCount(name);
    if (count !== null) this.#rows.set(folded, { name: textOf(relation, "name"), count });
  }

  /** Null for a virtual table that cannot be read as a whole. */
  #rowCount(name: string): number | null {
    try {
      const row = this.#connection.get(`SELECT count(*) AS count FROM main.${quoteName(name)}`);
      return Number(row?.["count"] ?? 0);
    } catch {
      return null;
    }
  }

  #noteCompanions(table: string): void {
    if (!isOwn(table)) return;
    const relation = this.#connection.get(selectRelation, table);
    if (relation === null || Number(relation["rowid"]) > this.#lastRowid) return;
    for (const row of this.#connection.all(selectCompanions, table, this.#lastRowid)) {
      const [type, name] = [textOf(row, "type"), textOf(row, "name")];
      if (isOwn(name)) this.#companions.push({ type, name, table: textOf(row, "tbl_name") });
    }
  }

  #noteCompiled(): void {
    if (this.#compiled !== null) return;
    this.#compiled = new Map();
    for (const object of compilables(this.#connection, 0)) {
      const [compiles] = compile(this.#connection, object);
      this.#compiled.set(`${object.type} ${foldName(object.name)}`, compiles);
    }
  }

  #beforeRows(touch: Touch & { does: "insert" | "update" | "delete" }): void {
    if (this.#facts.keys().length === 0) return;
    if (this.#facts.hasTrigger(touch.table)) {
      this.#noteKeys(() => true);
      return;
    }
    const table = foldName(touch.table);
    this.#noteKeys((key) => {
      const isChild = foldName(key.child) === table;
      const isParent = key.parent === table;
      if (touch.does === "insert") return isChild || (isParent && touch.removes);
      if (touch.does === "delete") return isParent;
      return (
        (isChild && this.#setsChild(touch.columns, key)) ||
        (isParent && this.#setsParent(touch.columns, key))
      );
    });
  }

  #setsChild(columns: readonly string[] | null, key: ForeignKey): boolean {
    return columns === null || columns.some((column) => key.columns.includes(foldName(column)));
  }

  #setsParent(columns: readonly string[] | null, key: ForeignKey): boolean {
    if (columns === null) return true;
    const referenced = key.parentColumns ?? this.#primaryKey(key.parent);
    return columns.some((column) => {
      const folded = foldName(column);
      return referenced.includes(folded) || rowidNames.has(folded);
    });
  }

  #primaryKey(table: string): string[] {
    return this.#connection
      .all(`PRAGMA table_info(${quoteName(table)})`)
      .filter((column) => column["pk"] !== 0)
      .map((column) => foldName(textOf(column, "name")));
  }

  #noteKeys(isTouched: (key: ForeignKey) => boolean): void {
    for (const key of this.#facts.keys()) {
      const child = foldName(key.child);
      if (this.#violations.has(child) || !isOwn(key.child) || !isTouched(key)) continue;
      const isClean = this.#facts.clean.has(child);
      const before = isClean ? noViolations : violationsOf(this.#connection, key.child);
      this.#violations.set(child, { child: key.child, before });
    }
  }

  #lostRows(): string[] {
    const sentences: string[] = [];
    for (const [folded, { name, count }] of this.#rows) {
      if (!this.#gone.has(folded)) continue;
      if (this.#connection.get(selectRelation, name) === null) continue;
      const after = this.#rowCount(name) ?? count;
      if (after < count) sentences.push(`table ${name} had ${count} rows and now has ${after}`);
    }
    return sentences;
  }

  #lostCompanions(): string[] {
    const sentences: string[] = [];
    for (const { type, name, table } of this.#companions) {
      if (this.#droppedByName.has(`${type} ${foldName(name)}`)) continue;
      if (this.#connection.get(selectRelation, table) === null) continue;
      if (this.#connection.get(selectCompanion, type, name, table) !== null) continue;
      const sentence = `${type} ${name} on ${table} is gone`;
      if (!sentences.includes(sentence)) sentences.push(sentence);
    }
    return sentences;
  }

  #brokenObjects(): string[] {
    const sentences: string[] = [];
    const present = compilables(this.#connection, this.#compiled === null ? this.#lastRowid : 0);
    for (const object of present) {
      const key = `${object.type} ${foldName(object.name)}`;
      const isNew = this.#droppedByName.has(key) || !this.#compiled?.has(key);
      const before = isNew ? "loosely" : (this.#compiled?.get(key) ?? "loosely");
      const [after, message] = compile(this.#connection, object);
      if (rank[after] < rank[before]) {
        sentences.push(`${object.type} ${object.name} does not compile: ${message}`);
      }
    }
    return sentences;
  }

  #brokenKeys(): string[] {
    const sentences: string[] = [];
    const keys = this.#facts.keys();
    const known = this.#keysBefore;
    const fresh =
      known === null ? keys.slice(this.#keyCount) : keys.filter((key) => !known.has(keyName(key)));
    for (const key of fresh) {
      if (!isOwn(key.child)) continue;
      if (this.#connection.get(selectRelation, key.parent) !== null) continue;
      sentences.push(
        `${key.child} (${key.columns.join(", ")}) references ${key.parent}, a table that does not exist`,
      );
    }
    for (const [folded, { child, before }] of this.#violations) {
      if (this.#connection.get(selectRelation, child) === null) continue;
      const after = violationsOf(this.#connection, child);
      const found = newViolations(child, before, after);
      sentences.push(...found);
      const isClean = after.rows.size === 0 && after.mismatch === null;
      if (isClean) this.#facts.clean.add(folded);
      else this.#facts.clean.delete(folded);
    }
    return sentences;
  }
}
