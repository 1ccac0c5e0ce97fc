// What a step has lost x what its marker line allows -> the failure that rolls it back, or none.

import { failure, type Failure, type FailureCode } from "../failure.ts";
import type { Loss } from "../migration/migration.ts";
import type { ReadyStep } from "../plan/step.ts";
import type { Finding } from "./watch.ts";

interface Verdict {
  readonly code: FailureCode;
  readonly what: string;
}

const verdicts: Readonly<Record<Loss, Verdict>> = {
  "lost-rows": { code: "guard.lost-rows", what: "loses rows" },
  "lost-objects": { code: "guard.lost-objects", what: "loses or breaks objects of the schema" },
  "foreign-keys": { code: "guard.foreign-keys", what: "breaks foreign keys" },
};

/** The failure for what was lost and is not allowed, with every loss by name; null when nothing was. */
export function findingsFailure(step: ReadyStep, findings: readonly Finding[]): Failure | null {
  const refused = findings.filter(({ loss }) => !step.options.allow.includes(loss));
  const [first] = refused;
  if (first === undefined) return null;
  const kinds = [...new Set(refused.map(({ loss }) => loss))];
  const { code } = verdicts[first.loss];
  const what = kinds.map((kind) => verdicts[kind].what).join(" and ");
  const way = step.direction === "up" ? "migrate:up" : "migrate:down";
  return failure(
    code,
    `Migration ${step.version} ${step.name} ${what}.`,
    `Mend it, or accept the loss with allow:${kinds.join(",")} on its ${way} line.`,
    {
      at: { file: step.file, line: 1, column: 1 },
      losses: refused.map(({ sentence }) => sentence),
    },
  );
}
