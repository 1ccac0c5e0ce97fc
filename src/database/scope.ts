// One step's stay on the connection: every statement is watched, and what it set on the connection is reset after it.

import { messageOf } from "../failure.ts";
import type { Statement } from "../migration/statements.ts";
import { touchOf, type Touch } from "../migration/touch.ts";
import type { ReadyStep } from "../plan/step.ts";
import type { SchemaFacts } from "./facts.ts";
import { textOf } from "./live.ts";
import { quoteName } from "./objects.ts";
import type { Connection } from "./sqlite.ts";
import { Watch, type Finding } from "./watch.ts";

/** Pragmas that set something on the connection and can be set inside a transaction (SQLite, "PRAGMA Statements"). */
const settings = new Set([
  "analysis_limit",
  "automatic_index",
  "busy_timeout",
  "cache_size",
  "cache_spill",
  "cell_size_check",
  "checkpoint_fullfsync",
  "count_changes",
  "defer_foreign_keys",
  "empty_result_callbacks",
  "full_column_names",
  "fullfsync",
  "ignore_check_constraints",
  "journal_size_limit",
  "legacy_alter_table",
  "max_page_count",
  "mmap_size",
  "query_only",
  "read_uncommitted",
  "recursive_triggers",
  "reverse_unordered_selects",
  "secure_delete",
  "short_column_names",
  "soft_heap_limit",
  "threads",
  "trusted_schema",
]);

// Triggers first, as dropping a table must set off none; virtual tables before their shadows, which go with them; and
// the latest first, as it may be the child of an earlier one.
const selectTemp = `SELECT type AS type, name AS name FROM temp.sqlite_schema
  WHERE type IN ('table', 'view', 'trigger') AND name NOT GLOB 'sqlite_*'
  ORDER BY type = 'trigger' DESC, sql LIKE 'CREATE VIRTUAL%' DESC, rowid DESC`;

/** Where the statements of a step pass by. */
export interface Scope {
  run<T>(statement: Statement, action: () => T): T;
}

/** The connection while one step runs on it. */
export class StepScope implements Scope {
  private readonly connection: Connection;
  private readonly watch: Watch;
  /** What each pragma was before the step set it. */
  private readonly settings = new Map<string, string>();

  constructor(connection: Connection, facts: SchemaFacts, step: ReadyStep) {
    this.connection = connection;
    this.watch = new Watch(connection, facts, step);
  }

  /** Runs a statement of the step under watch. */
  run<T>(statement: Statement, action: () => T): T {
    const touch = touchOf(statement);
    this.watch.before(statement, touch);
    this.keepSetting(touch);
    return this.watch.isRebuild(touch) ? this.rebuild(action) : action();
  }

  /** Ends the step's say on the connection, and tells what the step has lost. */
  findings(): Finding[] {
    // First, as what the step has set, or hidden behind TEMP objects, must not colour what is seen.
    this.restore();
    return this.watch.findings();
  }

  /** Makes the connection what it was before the step, but for the database itself. */
  restore(): void {
    for (const [name, value] of this.settings) {
      this.connection.run(`PRAGMA ${name} = ${value}`);
    }
    this.settings.clear();
    if (!this.watch.hasTemp) return;
    for (const row of this.connection.all(selectTemp)) {
      const name = `temp.${quoteName(textOf(row, "name"))}`;
      this.connection.run(`DROP ${textOf(row, "type")} IF EXISTS ${name}`);
    }
  }

  /**
   * Renames a new table to the name of a dropped one. The ordinary rename, which follows the new table's mentions of
   * itself, fails where a view or trigger names the dropped table; the legacy one leaves these as they are.
   */
  private rebuild<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      const isNamed = messageOf(error).startsWith("error in ");
      if (!isNamed) throw error;
    }
    const legacy = this.connection.get("PRAGMA legacy_alter_table")?.["legacy_alter_table"] ?? 0;
    this.connection.run("PRAGMA legacy_alter_table = ON");
    try {
      return action();
    } finally {
      this.connection.run(`PRAGMA legacy_alter_table = ${String(legacy)}`);
    }
  }

  private keepSetting(touch: Touch): void {
    if (touch.does !== "pragma" || !touch.sets || this.settings.has(touch.name)) return;
    // The one setting that cannot be read back; off is how every connection begins.
    if (touch.name === "case_sensitive_like") this.settings.set(touch.name, "OFF");
    if (!settings.has(touch.name)) return;
    const [value] = Object.values(this.connection.get(`PRAGMA ${touch.name}`) ?? {});
    if (value !== undefined && value !== null) this.settings.set(touch.name, String(value));
  }
}
