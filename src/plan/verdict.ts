// What a verification found of one migration, and the failure that all verdicts together come to. Pure.

import { failure, type Failure } from "../failure.ts";
import type { MigrationName } from "../migration/migration.ts";
import { differenceText, type Difference } from "./difference.ts";
import type { ContentLoss } from "./contents.ts";

interface VerdictBase extends MigrationName {
  /** Tables whose columns came back in another order: a note, not a failure. */
  readonly orderOnly: readonly Difference[];
  /** What the down did not bring back of the rows; empty where they were not looked at. */
  readonly lost: readonly ContentLoss[];
  /** What else is worth knowing, and fails nothing. */
  readonly notes: readonly string[];
}

/** What became of one migration that went up, down and up again. */
export type Verdict = VerdictBase &
  (
    | { readonly verdict: "reversible" }
    /** The schema comes back, and not all that was in its tables. */
    | { readonly verdict: "lossy" }
    /** It declares no down. */
    | { readonly verdict: "irreversible" }
    | { readonly verdict: "up-fails" | "down-fails"; readonly failure: Failure }
    /** The down leaves, or takes, what it shouldn't: from the schema before to the one that it left. */
    | { readonly verdict: "not-undone"; readonly differences: readonly Difference[] }
    /** The second up fails, or makes something else than the first. */
    | {
        readonly verdict: "not-repeatable";
        readonly failure: Failure | null;
        readonly differences: readonly Difference[];
      }
  );

/** What is wrong with a migration, one sentence each; none where nothing is. */
export function complaints(verdict: Verdict): readonly string[] {
  const one = `${verdict.version} ${verdict.name}`;
  switch (verdict.verdict) {
    case "reversible":
    case "lossy":
    case "irreversible":
      return [];
    case "up-fails":
      return [`${one}: its up fails: ${verdict.failure.text}`];
    case "down-fails":
      return [`${one}: its down fails: ${verdict.failure.text}`];
    case "not-undone":
      return verdict.differences.map((each) => `${one} is not undone: ${differenceText(each)}`);
    case "not-repeatable": {
      const cause =
        verdict.failure === null ? [] : [`${one} cannot be applied again: ${verdict.failure.text}`];
      const other = verdict.differences.map(
        (each) => `${one} makes something else: ${differenceText(each)}`,
      );
      return [...cause, ...other];
    }
  }
}

/** The failure that the verdicts come to; null where every down undoes its up, or is declared missing. Lost rows are none. */
export function verdictFailure(verdicts: readonly Verdict[]): Failure | null {
  const losses = verdicts.flatMap(complaints);
  if (losses.length === 0) return null;
  const count = verdicts.filter((each) => complaints(each).length > 0).length;
  const what = count === 1 ? "One migration does" : `${count} migrations do`;
  return failure(
    "verify.not-reversible",
    `${what} not come back to what was before.`,
    verdicts.some((each) => each.verdict === "up-fails")
      ? "Mend the up that fails: nothing behind it was tried."
      : "Mend the down, or remove it to declare that there is no way back.",
    { losses },
  );
}
