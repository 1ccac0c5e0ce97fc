// One object that differs between two schemas, as plain data and in words. Pure.

import type { ObjectType } from "../migration/touch.ts";

/** What became of one object between two schemas. */
export interface Difference {
  readonly kind: "added" | "gone" | "changed";
  readonly type: ObjectType;
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
  /** True where the columns, or constraints, of a table stand in another order and nothing else differs. */
  readonly isOrderOnly: boolean;
}

/** The differences that count: another order of columns is worth a note, and no failure. */
export function withoutOrder(found: readonly Difference[]): readonly Difference[] {
  return found.length === 0 ? found : found.filter((difference) => !difference.isOrderOnly);
}

/** A difference in one sentence. */
export function differenceText({ kind, type, name, isOrderOnly }: Difference): string {
  const verbs = { added: "has been added", gone: "is gone", changed: "has changed" } as const;
  const only = isOrderOnly ? " (the order of its columns only)" : "";
  return `${type} ${name} ${verbs[kind]}${only}`;
}
