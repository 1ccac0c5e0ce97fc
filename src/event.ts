// Everything that can happen while a command runs, in the order in which it happens.

import type { Failure } from "./failure.ts";
import type { Amendment } from "./plan/amend.ts";
import type { LogEntry } from "./plan/history.ts";
import type { PlannedStep } from "./plan/preview.ts";
import type { Rehearsal } from "./plan/rehearsal.ts";
import type { Verdict } from "./plan/verdict.ts";
import type { StatusRow } from "./plan/status.ts";
import type { Difference } from "./plan/difference.ts";
import type { SchemaObject } from "./plan/schema.ts";
import type { Direction, MigrationName } from "./migration/migration.ts";

/** One thing that happened. */
export type Event =
  /** Another process holds the write lock, or a reader holds up the commit. */
  | { readonly kind: "waiting"; readonly elapsedMs: number }
  /** The schema is not as our latest change left it. */
  | { readonly kind: "drift"; readonly differences: readonly Difference[] }
  /** Something worth knowing that stops nothing. */
  | { readonly kind: "note"; readonly text: string }
  /** A step begins to run; nothing of it is durable. */
  | { readonly kind: "running"; readonly direction: Direction; readonly migration: MigrationName }
  /** A step is durable: its commit has returned. */
  | {
      readonly kind: "stepped";
      readonly direction: Direction;
      readonly migration: MigrationName;
      readonly durationMs: number;
    }
  /** A copy of the database is being made: a file that is to grow to so many bytes at most. */
  | { readonly kind: "copying"; readonly path: string; readonly bytes: number }
  /** A backup is durable; older ones may have had to go. */
  | {
      readonly kind: "backed-up";
      readonly path: string;
      readonly bytes: number;
      readonly removed: readonly string[];
    }
  /** A backup has taken the database's place, durably; `kept` is where what it replaced lies now. */
  | {
      readonly kind: "restored";
      readonly file: string;
      readonly version: number;
      readonly bytes: number;
      readonly kept: string | null;
    }
  | { readonly kind: "rehearsed"; readonly rehearsal: Rehearsal }
  /** How the migrations stand; `catalog` names where they come from. */
  | {
      readonly kind: "status";
      readonly catalog: string;
      readonly rows: readonly StatusRow[];
      readonly drift: readonly Difference[];
    }
  /** History was changed as asked; durable, unless it was only to be shown. */
  | { readonly kind: "amended"; readonly amendment: Amendment; readonly isDryRun: boolean }
  /** What a run would do. */
  | { readonly kind: "planned"; readonly steps: readonly PlannedStep[] }
  | { readonly kind: "verified"; readonly verdicts: readonly Verdict[] }
  | { readonly kind: "log"; readonly entries: readonly LogEntry[] }
  | { readonly kind: "schema"; readonly objects: readonly SchemaObject[] }
  /** The command came to its end. */
  | { readonly kind: "finished" }
  /** The command failed; `migration` is the one at fault, if it is one's. */
  | {
      readonly kind: "failed";
      readonly failure: Failure;
      readonly migration: MigrationName | null;
    };

/**
 * Where events go, one after the other. What happens next waits for what it gives, so that what is said is said before;
 * of events that come together it is waited for the last one's, which stands for all.
 */
export type Emit = (event: Event) => Promise<void> | void;
