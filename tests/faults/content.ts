// What a modelled database holds: how many pieces of work of each version are there, and what is recorded.

import type { Direction } from "../../src/migration/migration.ts";
import type { ReadyStep } from "../../src/plan/step.ts";

/** Two statements, or two pieces of a function's work. */
export const pieces = 2;

/** A row of the modelled history. */
export interface Row {
  readonly seq: number;
  /** Of a step outside any transaction that is started: which way it goes, and how many of its marks are made. */
  readonly started: { readonly direction: Direction; readonly done: number } | null;
}

/** How many marks a step outside any transaction makes. */
export function marksOf({ work }: ReadyStep): number {
  return work.kind === "call" ? 1 : work.statements.length;
}

/** The content of a database at one moment. */
export class Content {
  founded = false;
  readonly work: Map<number, number>;
  readonly rows: Map<number, Row>;

  constructor(from?: Content) {
    this.founded = from?.founded ?? false;
    this.work = new Map(from?.work);
    this.rows = new Map(from?.rows);
  }

  get lastSeq(): number {
    return Math.max(0, ...[...this.rows.values()].map(({ seq }) => seq));
  }

  /** The version that is started; null where none is. */
  get started(): number | null {
    const found = [...this.rows].find(([, row]) => row.started !== null);
    return found?.[0] ?? null;
  }

  /** The version that was applied last; null where none is. */
  get latest(): number | null {
    const [latest] = [...this.rows].toSorted(([, a], [, b]) => b.seq - a.seq);
    return latest?.[0] ?? null;
  }

  workOf(version: number): number {
    return this.work.get(version) ?? 0;
  }

  add(version: number, count: number): void {
    this.work.set(version, this.workOf(version) + count);
  }

  apply(version: number): void {
    this.founded = true;
    this.work.set(version, pieces);
    this.rows.set(version, { seq: this.lastSeq + 1, started: null });
  }

  remove(version: number): void {
    this.rows.delete(version);
    this.work.delete(version);
  }

  /** Throws where a version is not wholly there and recorded, wholly absent and not, or as far as its marks say. */
  check(versions: readonly number[]): void {
    for (const version of versions) {
      const work = this.workOf(version);
      const row = this.rows.get(version);
      if (!isTrue(work, row)) {
        throw new Error(`version ${version} has ${work} pieces and is recorded otherwise`);
      }
    }
    const seqs = [...this.rows.values()].map(({ seq }) => seq);
    if (new Set(seqs).size !== seqs.length) throw new Error(`seqs are not unique: ${seqs}`);
    if (seqs.length > 0 && !this.founded) throw new Error("rows without a table");
    const started = [...this.rows.values()].filter((row) => row.started !== null);
    if (started.length > 1) throw new Error("two steps are started at once");
  }
}

function isTrue(work: number, row: Row | undefined): boolean {
  if (row === undefined) return work === 0;
  if (row.started === null) return work === pieces;
  const { direction, done } = row.started;
  const executed = direction === "up" ? work : pieces - work;
  // Only what comes after the last mark is in doubt; a function is one piece of work for its mark.
  return executed >= done && executed <= pieces && (executed - done <= 1 || done === 0);
}
