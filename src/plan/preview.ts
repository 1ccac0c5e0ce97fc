// Steps -> what a person wants to know of them before they run. Pure.

import type { Direction, StepOptions } from "../migration/migration.ts";
import type { Position } from "../failure.ts";
import { placeOf, type Statement } from "../migration/statements.ts";
import { touchOf } from "../migration/touch.ts";
import type { Step } from "./step.ts";

/** A step as a dry run shows it. */
export interface PlannedStep {
  readonly direction: Direction;
  readonly version: number;
  readonly name: string;
  readonly file: string;
  readonly options: StepOptions;
  /** Empty for TypeScript, whose statements are known when they run. */
  readonly statements: readonly { readonly text: string; readonly at: Position }[];
  /** What the guard will hold against what was there before. */
  readonly watches: readonly string[];
  readonly note: string | null;
}

function watchesOf(statements: readonly Statement[]): readonly string[] {
  const watches = new Set<string>();
  for (const touch of statements.map(touchOf)) {
    switch (touch.does) {
      case "create":
        if (touch.type === "view" || touch.type === "trigger")
          watches.add(`${touch.name} compiles`);
        if (touch.type === "table") watches.add(`foreign keys of ${touch.name}`);
        break;
      case "rename":
        watches.add(`rows, indexes and triggers of ${touch.table}`);
        watches.add("views and triggers compile");
        break;
      case "alter":
        watches.add("views and triggers compile");
        break;
      case "drop":
        if (touch.type === "table") watches.add(`rows, indexes and triggers of ${touch.name}`);
        if (touch.type === "table") watches.add(`foreign keys to ${touch.name}`);
        if (touch.type !== "trigger") watches.add("views and triggers compile");
        break;
      case "insert":
      case "update":
      case "delete":
        watches.add(`foreign keys around ${touch.table}`);
        break;
      case "pragma":
      case "nothing":
        break;
    }
  }
  return [...watches];
}

/** A step as a dry run shows it. Outside a transaction nothing is guarded, as nothing could be taken back. */
export function previewOf(step: Step): PlannedStep {
  const { direction, version, name, file, options, note, work } = step;
  const script = work.kind === "script" ? work.statements : [];
  const statements = script.map((each) => ({ text: each.text, at: placeOf(each) }));
  const isCall = work.kind !== "script";
  const guarded = isCall ? ["what its statements touch"] : watchesOf(script);
  const watches = options.transaction ? guarded : [];
  return { direction, version, name, file, options, statements, watches, note };
}
