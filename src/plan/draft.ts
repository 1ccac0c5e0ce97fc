// The shape of a table -> rows to try in it, each mended by what was refused of the one before. Pure.

import type { SqlValue } from "../migration/migration.ts";
import { conditionedValues, plainValue } from "./candidates.ts";
import type { TableContents } from "./contents.ts";
import { foldName } from "../migration/name.ts";
import { checksOf, type Check, type KeyShape, type TableShape } from "./shape.ts";

/** One row to make: its number, which sets it apart from the others, and whether it holds NULL where it can. */
export interface WantedRow {
  readonly n: number;
  readonly prefersNull: boolean;
}

/** How many rows a table should have at least. */
const fewRows = 3;

/**
 * The rows to add to a table: a few to an empty one, one with NULL wherever that may be; and one more to a table with
 * a column that holds the same everywhere, which is how a column that was added begins.
 */
export function wantedRows({ columns, rows }: TableContents): readonly WantedRow[] {
  const wanted: WantedRow[] = [];
  for (let n = rows.length + 1; n <= fewRows; n++) wanted.push({ n, prefersNull: n === 2 });
  if (wanted.length > 0) return wanted;
  const isUniform = columns.some((_, place) =>
    rows.every((row) => row[place] === rows[0]?.[place]),
  );
  return isUniform ? [{ n: rows.length + 1, prefersNull: false }] : [];
}

/** Columns that take their values together, and what they can be. */
interface Slot {
  readonly places: readonly number[];
  readonly options: readonly (readonly SqlValue[])[];
}

/** How many rows of a parent are tried. */
const triedParents = 12;
const plainOptions = 24;
/** How many rows are tried in place of one, and how many where nothing tells what is wrong with it. */
const triesInAll = 1500;
const triesInTheDark = 60;

/** Places in lists of such lengths: all together first, then every combination of the earlier ones before the later. */
function* combinations(lengths: readonly number[]): Generator<readonly number[]> {
  const most = Math.max(...lengths);
  for (let at = 1; at < most; at++) yield lengths.map((length) => Math.min(at, length - 1));
  for (let bound = 2; bound <= most; bound++) {
    const limits = lengths.map((length) => Math.min(length, bound));
    const count = limits.reduce((product, limit) => product * limit, 1);
    for (let index = 1; index < count; index++) {
      let rest = index;
      const picks = limits.map((limit) => {
        const pick = rest % limit;
        rest = Math.floor(rest / limit);
        return pick;
      });
      if (picks.includes(bound - 1)) yield picks;
    }
  }
}

/** One row in the making. */
export class Draft {
  private readonly shape: TableShape;
  private readonly checks: readonly Check[];
  private readonly slots: readonly Slot[];
  private readonly picks: number[];
  private readonly turns = new Map<string, Iterator<readonly number[]>>();
  private tries = 0;
  private triesInTheDark = 0;

  /** `parents` are rows that each foreign key can refer to, in the order of the keys and of their columns. */
  constructor(
    shape: TableShape,
    wanted: WantedRow,
    parents: readonly (readonly (readonly SqlValue[])[])[],
  ) {
    this.shape = shape;
    this.checks = checksOf(shape);
    const keys = shape.keys.map((key, at) => this.keySlot(key, parents[at] ?? [], wanted));
    const taken = new Set(keys.flatMap(({ places }) => places));
    const others = shape.columns
      .map((_, place) => place)
      .filter((place) => !taken.has(place))
      .map((place) => this.columnSlot(place, wanted));
    this.slots = [...others, ...keys];
    this.picks = this.slots.map(() => 0);
  }

  /** The values to try next, in the order of the columns. */
  values(): readonly SqlValue[] {
    const row: SqlValue[] = this.shape.columns.map(() => null);
    const isSet = new Set<number>();
    for (const [at, { places, options }] of this.slots.entries()) {
      const pick = this.picks[at] ?? 0;
      // Two keys may share a column: the second one follows the first.
      const agreeing = options.filter((option) =>
        places.every((place, index) => !isSet.has(place) || row[place] === option[index]),
      );
      const option = agreeing[pick] ?? agreeing[0] ?? options[pick] ?? [];
      for (const [index, place] of places.entries()) {
        row[place] = option[index] ?? null;
        isSet.add(place);
      }
    }
    return row;
  }

  /** Takes in what SQLite said of the values; false where there is nothing more to try. */
  refuse(message: string): boolean {
    const places = this.blamed(message);
    this.tries++;
    if (places === null) this.triesInTheDark++;
    if (this.tries > triesInAll || this.triesInTheDark > triesInTheDark) return false;
    const slots = [...this.slots.keys()].filter((at) => {
      const { places: own, options } = this.slots[at] ?? { places: [], options: [] };
      return options.length > 1 && (places === null || own.some((place) => places.includes(place)));
    });
    if (slots.length === 0) return false;
    const id = slots.join(" ");
    const turns =
      this.turns.get(id) ?? combinations(slots.map((at) => this.slots[at]?.options.length ?? 1));
    this.turns.set(id, turns);
    const next = turns.next();
    if (next.done === true) return false;
    for (const [index, at] of slots.entries()) this.picks[at] = next.value[index] ?? 0;
    return true;
  }

  private columnSlot(place: number, { n, prefersNull }: WantedRow): Slot {
    const { type = "", mayBeNull = true } = this.shape.columns[place] ?? {};
    const conditions = this.checks.filter(({ places }) => places.includes(place));
    const values =
      conditions.length === 0
        ? Array.from({ length: plainOptions }, (_, at) => plainValue(type, n + at * fewRows))
        : conditionedValues(
            type,
            conditions.map(({ text }) => text),
            n,
          );
    const some = values.map((value) => [value]);
    const none = mayBeNull ? [[null]] : [];
    return { places: [place], options: prefersNull ? [...none, ...some] : [...some, ...none] };
  }

  private keySlot(
    { columns, parentTypes }: KeyShape,
    parents: readonly (readonly SqlValue[])[],
    { n, prefersNull }: WantedRow,
  ): Slot {
    const names = this.shape.columns.map(({ name }) => foldName(name));
    const places = columns.map((column) => names.indexOf(foldName(column)));
    // Of tables that refer to each other, one must come first: the other's row will have these values.
    const expected = parentTypes.map((type) => plainValue(type, n));
    const nulls = places.map((place, at) => {
      return this.shape.columns[place]?.mayBeNull === true ? null : (expected[at] ?? null);
    });
    const none = nulls.includes(null) ? [nulls] : [];
    const turn = n % Math.max(1, Math.min(parents.length, triedParents));
    const some = [...parents.slice(turn, triedParents), ...parents.slice(0, turn)];
    const isFirst = prefersNull || some.length === 0;
    const options = isFirst ? [...none, ...some, expected] : [...some, ...none, expected];
    // A column that is generated cannot be written.
    const isWhole = !places.includes(-1);
    return isWhole ? { places, options } : { places: [], options: [[]] };
  }

  /** The places of the columns that a refusal is about; null where it doesn't tell. */
  private blamed(message: string): readonly number[] | null {
    const [, failed] = /^CHECK constraint failed: (.*)$/s.exec(message) ?? [];
    if (failed !== undefined) {
      const found = this.checks.filter(({ name, text }) => name === failed || text === failed);
      const checks = found.length > 0 ? found : this.checks;
      const places = checks.flatMap((check) => check.places);
      return places.length > 0 ? places : null;
    }
    const places = [...this.shape.columns.entries()]
      .filter(([, { name }]) => `${message}, `.includes(`${this.shape.table}.${name}, `))
      .map(([place]) => place);
    return places.length > 0 ? places : null;
  }
}
