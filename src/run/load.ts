// TypeScript steps of a plan -> steps with their functions at hand, checked before anything runs.

import * as v from "valibot";
import { fail, ok, type Result, messageOf } from "../failure.ts";
import {
  defaultOptions,
  losses,
  type MigrationModule,
  type TypeScriptMigration,
} from "../migration/migration.ts";
import type { ReadyStep, Step } from "../plan/step.ts";
import type { Outcome } from "./driver.ts";

type Callable = MigrationModule["up"];

const callable = v.custom<Callable>((value) => typeof value === "function", "is not a function");

const moduleSchema = v.object({
  up: callable,
  down: v.optional(callable),
  options: v.optional(
    v.strictObject({
      transaction: v.optional(v.boolean("must be true or false"), defaultOptions.transaction),
      foreign_keys: v.optional(v.picklist(["on", "off"], "must be on or off"), "off"),
      allow: v.optional(v.array(v.picklist(losses, `must hold ${losses.join(", ")}`)), []),
    }),
  ),
});

const hint = "A migration exports function up(db), function down(db), and options if it needs any.";

/** Loads and checks the module of a migration. Fails with `catalog.module`. */
export async function loadModule(migration: TypeScriptMigration): Promise<Result<MigrationModule>> {
  const at = { file: migration.file, line: 1, column: 1 };
  let exported: unknown;
  try {
    exported = await migration.load();
  } catch (error) {
    const reason = messageOf(error);
    return fail("catalog.module", `The module does not load: ${reason}`, hint, { at });
  }
  const parsed = v.safeParse(moduleSchema, exported, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const isMissing = issue.received === "undefined";
    const name = v.getDotPath(issue) ?? "up";
    const text = isMissing
      ? `The module does not export ${name}.`
      : `The export ${name} ${issue.message}.`;
    return fail("catalog.module", text, hint, { at });
  }
  const { up, down = null, options } = parsed.output;
  if (options === undefined) return ok({ up, down, options: defaultOptions });
  const { transaction, foreign_keys, allow } = options;
  return ok({ up, down, options: { transaction, foreignKeys: foreign_keys === "on", allow } });
}

async function loadStep(step: Step): Promise<Result<ReadyStep>> {
  const { work } = step;
  if (work.kind !== "module") return ok({ ...step, work });
  const loaded = await loadModule(work.migration);
  if (!loaded.ok) return loaded;
  const { options } = loaded.value;
  const call = step.direction === "up" ? loaded.value.up : loaded.value.down;
  if (call !== null) return ok({ ...step, options, work: { kind: "call", call } });
  return fail(
    "history.irreversible",
    `Version ${step.version} ${step.name} has no down.`,
    "Write a new migration that undoes it, or restore a backup.",
  );
}

/** Performs the effect `load`. */
export async function load(steps: readonly Step[]): Promise<Outcome> {
  const ready: ReadyStep[] = [];
  for (const step of steps) {
    const loaded = await loadStep(step);
    if (!loaded.ok) return { is: "failed", failure: loaded.failure };
    ready.push(loaded.value);
  }
  return { is: "loaded", steps: ready };
}
