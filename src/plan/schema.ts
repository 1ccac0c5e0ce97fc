// Schemas as lists of objects: their canonical form, and what differs between two of them. Pure.

import { foldName } from "../migration/name.ts";
import { pattern } from "../migration/pattern.ts";
import {
  hidingPattern,
  identifierOf,
  spaceSigns,
  tokenAt,
  unquoted,
  wordPattern,
} from "../migration/tokens.ts";
import type { ObjectType } from "../migration/touch.ts";
import type { Difference } from "./difference.ts";

/** An object of a schema, with the SQL that makes it. */
export interface SchemaObject {
  readonly type: ObjectType;
  readonly name: string;
  /** The table that it belongs to; a table's own name. */
  readonly table: string;
  readonly sql: string;
}

/**
 * Quotes, comments and what begins like one, and what stands between. A doubled quote ends one stretch and begins the next:
 * a pattern that steps over them gives up after half a million.
 */
const stretches = pattern(() => `${hidingPattern}|[/-]|[^'"\`/[-]+`, "g");
const wordsAndSigns = pattern(() => `${wordPattern}|[^${spaceSigns}]`, "g");
const quoteOrComment = /['"`[]|--|\/\*/;
const onlyName = /^(?:table|index|view|trigger|references)$/;

/** The stretches of SQL, a quote with a doubled one in it as one. */
function stretchesOf(sql: string): readonly string[] {
  const found = sql.match(stretches()) ?? [];
  if (!/''|""|``/.test(sql)) return found;
  const joined: string[] = [];
  for (let at = 0, end = 1; at < found.length; at = end++) {
    const first = found[at] ?? "";
    if (/^['"`]/.test(first)) while (found[end]?.[0] === first[0]) end++;
    joined.push(end === at + 1 ? first : found.slice(at, end).join(""));
  }
  return joined;
}

/**
 * The tokens of a statement without white space, comments, identifier quotes and letter case. Its quotes are closed: SQLite
 * keeps no other.
 */
function canonicalTokens(sql: string): readonly string[] {
  // As long as the SQL, letter by letter.
  const folded = foldName(sql);
  if (!quoteOrComment.test(folded)) return folded.match(wordsAndSigns()) ?? [];
  const tokens: string[] = [];
  let previous = "";
  let at = 0;
  for (const stretch of stretchesOf(folded)) {
    const start = at;
    at += stretch.length;
    switch (stretch[0]) {
      case "'":
        // SQLite takes a string for a name where only a name can stand.
        tokens.push(onlyName.test(previous) ? unquoted(stretch) : sql.slice(start, at));
        previous = stretch;
        break;
      case '"':
      case "`":
      case "[":
        tokens.push(unquoted(stretch));
        previous = stretch;
        break;
      default: {
        const isComment = stretch.startsWith("--") || stretch.startsWith("/*");
        const found = isComment ? null : stretch.match(wordsAndSigns());
        for (const token of found ?? []) tokens.push(token);
        previous = found?.at(-1) ?? previous;
      }
    }
  }
  if (at !== sql.length) throw new Error("SQL of the schema was not read to its end");
  return tokens;
}

const separator = "\u001f";

/** What two statements share that differ in white space, comments, identifier quoting or letter case only. */
export function canonicalSql(sql: string): string {
  return canonicalTokens(sql).join(separator);
}

/** Identifies an object within a schema. */
export function objectKey(object: { readonly type: string; readonly name: string }): string {
  return `${object.type} ${foldName(object.name)}`;
}

/** The words around a table's outer parentheses, and the columns and constraints between them. */
function partsOf(tokens: readonly string[]): readonly string[] {
  const parts: string[] = [];
  let part: string[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (token === ")") depth--;
    const isBreak = (token === "," && depth === 1) || (depth === 0 && part.length > 0);
    if (isBreak) {
      parts.push(part.join(separator));
      part = [];
    }
    if (!isBreak || token !== ",") part.push(token);
    if (token === "(") depth++;
    if (token === "(" && depth === 1) {
      parts.push(part.join(separator));
      part = [];
    }
  }
  return [...parts, part.join(separator)];
}

/** The parts of a table's definition in an order of their own. */
function unordered(sql: string): string {
  return partsOf(canonicalTokens(sql)).toSorted().join("\n");
}

/** Whether a table is another one under a new name, as far as the two texts tell: no part of it is gone. */
export function isRenamed(before: SchemaObject, after: SchemaObject): boolean {
  const name = foldName(before.name);
  const renamed = canonicalTokens(before.sql).map((token) =>
    token === name ? foldName(after.name) : token,
  );
  const parts = new Set(partsOf(canonicalTokens(after.sql)));
  return partsOf(renamed).every((part) => parts.has(part));
}

function changeOf(before: SchemaObject, after: SchemaObject): Difference | null {
  const isSame =
    foldName(before.table) === foldName(after.table) &&
    (before.sql === after.sql || canonicalSql(before.sql) === canonicalSql(after.sql));
  if (isSame) return null;
  const isOrderOnly = before.type === "table" && unordered(before.sql) === unordered(after.sql);
  const { type, name } = after;
  return { kind: "changed", type, name, before: before.sql, after: after.sql, isOrderOnly };
}

/** What differs between two schemas, object by object, by type and name. */
export function differences(
  before: readonly SchemaObject[],
  after: readonly SchemaObject[],
): readonly Difference[] {
  const found: Difference[] = [];
  const old = new Map(before.map((object) => [objectKey(object), object]));
  for (const object of after) {
    const key = objectKey(object);
    const known = old.get(key);
    old.delete(key);
    const { type, name, sql } = object;
    const change =
      known === undefined
        ? ({ kind: "added", type, name, before: null, after: sql, isOrderOnly: false } as const)
        : changeOf(known, object);
    if (change !== null) found.push(change);
  }
  for (const { type, name, sql } of old.values()) {
    found.push({ kind: "gone", type, name, before: sql, after: null, isOrderOnly: false });
  }
  return found.sort((a, b) => (objectKey(a) < objectKey(b) ? -1 : 1));
}

const typeOrder: readonly ObjectType[] = ["table", "index", "view", "trigger"];
const beforeName = /^(TABLE|REFERENCES|ON|EXISTS|INTO|INDEX|VIEW|TRIGGER)$/i;
const plainName = /^[a-z_][a-z0-9_]*$/i;

/**
 * The SQL with names freed of quotes that a RENAME has put around them, where they can be nothing but names, and with
 * a semicolon that doesn't fall into a comment at its end. `kept` are the names that need their quotes.
 */
function dumped(sql: string, kept: ReadonlySet<string>): string {
  const parts: string[] = [];
  let previous = "";
  let end = ";";
  for (let at = 0; at < sql.length;) {
    const token = tokenAt(sql, at);
    at = token.end;
    const raw = sql.slice(token.start, token.end);
    const name = identifierOf(sql, token);
    const isName = token.kind === "quoted" && !raw.startsWith("'") && beforeName.test(previous);
    const isNeedless = isName && plainName.test(name) && !kept.has(name.toUpperCase());
    parts.push(isNeedless ? name : raw);
    if (token.kind !== "space" && token.kind !== "comment") previous = raw;
    if (token.kind !== "space") end = raw.startsWith("--") && !raw.endsWith("\n") ? "\n;" : ";";
  }
  return `${parts.join("")}${end}\n`;
}

/** SQLite's keywords, which need their quotes as names (SQLite, "SQLite Keywords"), with white space between them. */
const keywords = `ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN BY CASCADE
  CASE CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME
  CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE
  EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB GROUP
  GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL JOIN KEY
  LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER OTHERS OUTER
  OVER PARTITION PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME
  REPLACE RESTRICT RETURNING RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO
  TRANSACTION TRIGGER UNBOUNDED UNION UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH
  WITHOUT`;

/** A schema as SQL, ready to be committed and compared: tables, indexes, views, triggers, each by name. */
export function schemaText(objects: readonly SchemaObject[]): string {
  const rank = ({ type, name }: SchemaObject): string =>
    `${typeOrder.indexOf(type)} ${foldName(name)}`;
  const kept = new Set(keywords.split(/\s+/));
  return objects
    .toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .map(({ sql }) => dumped(sql, kept))
    .join("\n");
}
