// Where a migration stands -> the failure that forbids a run, with the way out.

import { failure, type Failure } from "../failure.ts";
import { differenceText, type Difference } from "./difference.ts";
import type { HistoryRow } from "./history.ts";
import type { Standing } from "./status.ts";

/** The failure of meeting a step outside any transaction: another process is at it, or has died of it. */
export function interruption(row: HistoryRow): Failure {
  const one = `Version ${row.version} ${row.name}`;
  if (row.progress?.isRunning === true) {
    return failure(
      "database.locked",
      `${one} is being run by another process, outside any transaction.`,
      "Run the command again once the other is done, or wait longer with --lock-timeout.",
    );
  }
  return failure(
    "history.interrupted",
    `${one} was started outside any transaction (${row.progress?.direction ?? "up"}) and never came to its end.`,
    `See rung status for how far it came, then settle it: ` +
      `rung repair --settle ${row.version} --as applied, or --as pending.`,
  );
}

/** The failure of a schema that is not as the last change of ours left it. */
export function drifted(drift: readonly Difference[]): Failure {
  return failure(
    "schema.drifted",
    "The schema is not what the last migration left: something else has changed it.",
    "See rung status for both texts; accept it as it is with rung repair --drift.",
    { losses: drift.map(differenceText) },
  );
}

/** Why nothing can be applied while a migration stands like this; null where nothing forbids it. */
export function conflictOf(standing: Standing, allowOutOfOrder: boolean): Failure | null {
  const { state } = standing;
  if (state === "applied" || state === "pending") return null;
  const { version, name } = "row" in standing ? standing.row : standing.migration;
  const one = `Version ${version} ${name}`;
  switch (state) {
    case "out-of-order":
      if (allowOutOfOrder) return null;
      return failure(
        "history.out-of-order",
        `${one} is pending, though a later version has been applied.`,
        "Apply it late with --allow-out-of-order, or give it a version above the head.",
      );
    case "changed":
      return failure(
        "history.changed",
        `${one} is not what was applied: its file has changed since.`,
        `Put the file back as it was, or accept it as it is: rung repair --changed ${version}.`,
      );
    case "missing":
      return failure(
        "history.missing",
        `${one} was applied, but is not among the migrations at hand.`,
        `Put its file back, or forget that it was applied: rung repair --missing ${version}.`,
      );
    case "ahead":
      return failure(
        "history.ahead",
        `${one} was applied by a newer build: it is later than every migration at hand.`,
        "Run that build, or undo it: rung rollback works from any build.",
      );
    case "running":
    case "interrupted":
      return interruption(standing.row);
  }
}
