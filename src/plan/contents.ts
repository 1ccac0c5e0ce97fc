// The rows of tables at two moments -> what did not come back, or came besides. Pure.

import { foldName } from "../migration/name.ts";

/** The rows of one table at one moment. */
export interface TableContents {
  readonly table: string;
  /** Without those that are generated. */
  readonly columns: readonly string[];
  /** The columns of the primary key; none where the table has no other than the rowid. */
  readonly key: readonly string[];
  /** Each value as an SQL literal, in the order of the columns; rows are in no order. */
  readonly rows: readonly (readonly string[])[];
}

/** How the rows of a table differ from what they were. */
export interface ContentLoss {
  readonly table: string;
  /** Columns with other values than before, in rows that are there before and after. */
  readonly columns: readonly string[];
  /** How many rows are gone, and how many are there that were not. */
  readonly gone: number;
  readonly added: number;
  /** A few of the rows behind these numbers, by their key, or by all their values where there is none. */
  readonly rows: readonly string[];
}

type Row = readonly string[];

/** How many rows a loss names before it only counts. */
const namedRows = 3;
const separator = "\u001f";

function pick(row: Row, places: readonly number[]): Row {
  return places.map((place) => row[place] ?? "");
}

function placesOf(columns: readonly string[], all: readonly string[]): number[] {
  const folded = all.map(foldName);
  return columns.map((column) => folded.indexOf(foldName(column)));
}

/** The rows of each that the other does not have; a row that is there twice is two rows. */
function unmatched(before: readonly Row[], after: readonly Row[]): readonly [Row[], Row[]] {
  const left = new Map<string, Row[]>();
  for (const row of before) {
    const key = row.join(separator);
    const same = left.get(key);
    if (same === undefined) left.set(key, [row]);
    else same.push(row);
  }
  const added = after.filter((row) => left.get(row.join(separator))?.pop() === undefined);
  return [[...left.values()].flat(), added];
}

/** A table before and after, in the columns that it has both times. */
interface Pair {
  readonly columns: readonly string[];
  /** The places of the primary key's columns among these; none where it isn't whole. */
  readonly key: readonly number[];
  readonly before: readonly Row[];
  readonly after: readonly Row[];
}

function pairOf(before: TableContents, after: TableContents): Pair {
  const later = new Set(after.columns.map(foldName));
  const columns = before.columns.filter((column) => later.has(foldName(column)));
  const from = placesOf(columns, before.columns);
  const to = placesOf(columns, after.columns);
  const key = placesOf(before.key, columns);
  return {
    columns,
    key: key.includes(-1) ? [] : key,
    before: before.rows.map((row) => pick(row, from)),
    after: after.rows.map((row) => pick(row, to)),
  };
}

function everywhere({ columns }: Pair): number[] {
  return columns.map((_, place) => place);
}

/** Of rows without a key, the columns that alone make the difference; none where whole rows do. */
function changedColumns(pair: Pair, before: readonly Row[], after: readonly Row[]): number[] {
  if (before.length !== after.length) return [];
  const differs = (places: readonly number[]): boolean => {
    const [gone] = unmatched(
      before.map((row) => pick(row, places)),
      after.map((row) => pick(row, places)),
    );
    return gone.length > 0;
  };
  const changed = everywhere(pair).filter((place) => differs([place]));
  const others = everywhere(pair).filter((place) => !changed.includes(place));
  return others.length > 0 && !differs(others) ? changed : [];
}

function named(pair: Pair, row: Row): string {
  const places = pair.key.length > 0 ? pair.key : everywhere(pair);
  const parts = places.map((place) => `${pair.columns[place] ?? ""} ${row[place] ?? ""}`);
  return parts.join(", ");
}

function lossOf(
  table: string,
  pair: Pair,
  gone: readonly Row[],
  added: readonly Row[],
): ContentLoss {
  const byKey = new Map(added.map((row) => [pick(row, pair.key).join(separator), row]));
  const changed = new Set<number>();
  const lost: Row[] = [];
  const met = new Set<Row>();
  for (const row of gone) {
    const same = pair.key.length === 0 ? undefined : byKey.get(pick(row, pair.key).join(separator));
    if (same === undefined) lost.push(row);
    else {
      met.add(same);
      for (const place of everywhere(pair)) if (row[place] !== same[place]) changed.add(place);
    }
  }
  const more = added.filter((row) => !met.has(row));
  const alone = pair.key.length === 0 ? changedColumns(pair, lost, more) : [];
  const whole = alone.length > 0 ? [] : [...lost, ...more];
  return {
    table,
    columns: pair.columns.filter((_, place) => changed.has(place) || alone.includes(place)),
    gone: alone.length > 0 ? 0 : lost.length,
    added: alone.length > 0 ? 0 : more.length,
    rows: whole.slice(0, namedRows).map((row) => named(pair, row)),
  };
}

/** What differs, table by table, in those that are there both times; the order of rows is no difference. */
export function contentLosses(
  before: readonly TableContents[],
  after: readonly TableContents[],
): readonly ContentLoss[] {
  // What was not touched in between is the very same.
  const same = new Set(after);
  const touched = before.filter((was) => !same.has(was));
  if (touched.length === 0) return [];
  const later = new Map(after.map((each) => [foldName(each.table), each]));
  return touched.flatMap((was) => {
    const is = later.get(foldName(was.table));
    if (is === undefined) return [];
    const pair = pairOf(was, is);
    const [gone, added] = unmatched(pair.before, pair.after);
    return gone.length + added.length === 0 ? [] : [lossOf(was.table, pair, gone, added)];
  });
}

/** A loss as a person reads it. */
export function contentLossText({ table, columns, gone, added, rows }: ContentLoss): string {
  const counted = (count: number): string => (count === 1 ? "1 row" : `${count} rows`);
  const parts: string[] = [];
  if (columns.length > 0) {
    const what = columns.length === 1 ? "column" : "columns";
    parts.push(`other values in ${what} ${columns.join(", ")}`);
  }
  if (gone > 0) parts.push(`${counted(gone)} gone`);
  if (added > 0) parts.push(`${counted(added)} too many`);
  const more = gone + added > rows.length ? "; …" : "";
  const examples = rows.length === 0 ? "" : ` (${rows.join("; ")}${more})`;
  return `table ${table}: ${parts.join(", ")}${examples}`;
}
