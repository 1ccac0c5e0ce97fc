// What is known of a table's rows before one is written: its columns, keys and conditions. Pure.

import { Cursor } from "../migration/cursor.ts";
import { identifierOf } from "../migration/tokens.ts";
import { foldName } from "../migration/name.ts";

/** A column that can be written. */
export interface ColumnShape {
  readonly name: string;
  /** As it is declared; empty where it isn't. */
  readonly type: string;
  readonly mayBeNull: boolean;
}

/** A foreign key of a table, with the types of the columns that it refers to. */
export interface KeyShape {
  readonly columns: readonly string[];
  readonly parent: string;
  readonly parentColumns: readonly string[];
  readonly parentTypes: readonly string[];
}

/** What can be known of a table's rows before one is written. */
export interface TableShape {
  readonly table: string;
  readonly sql: string;
  readonly columns: readonly ColumnShape[];
  readonly keys: readonly KeyShape[];
}

/** A CHECK constraint. */
export interface Check {
  readonly name: string | null;
  readonly text: string;
  /** The places of the columns that it mentions. */
  readonly places: readonly number[];
}

/** The CHECK constraints of a table, from its SQL. */
export function checksOf({ sql, columns }: TableShape): readonly Check[] {
  const checks: Check[] = [];
  const places = new Map(columns.map(({ name }, place) => [foldName(name), place]));
  let name: string | null = null;
  for (const cursor = new Cursor(sql); cursor.token !== null;) {
    const isNaming = cursor.is("CONSTRAINT");
    const isCheck = cursor.is("CHECK");
    cursor.next();
    if (isNaming) {
      name = cursor.name();
      if (cursor.is("CHECK")) continue;
    }
    if (!isCheck || !cursor.is("(")) continue;
    const start = cursor.token.end;
    const mentioned = new Set<number>();
    let end = start;
    for (let depth = 0; cursor.token !== null; cursor.next()) {
      const { token } = cursor;
      const place = places.get(foldName(identifierOf(sql, token)));
      if (place !== undefined) mentioned.add(place);
      if (cursor.is("(")) depth++;
      if (cursor.is(")")) depth--;
      end = token.start;
      if (depth === 0) break;
    }
    checks.push({ name, text: sql.slice(start, end).trim(), places: [...mentioned] });
    name = null;
  }
  return checks;
}
