// One step's stay on the connection: every statement is watched, and what it set on the connection is reset after it.

import type { Statement } from "../migration/statements.ts";
import { touchOf, type Touch } from "../migration/touch.ts";
import type { ReadyStep } from "../plan/step.ts";
import { textOf, type SchemaFacts } from "./facts.ts";
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
  "hard_heap_limit",
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

const selectTemp = `SELECT type, name FROM temp.sqlite_schema
  WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'`;
const selectTempTriggers = "SELECT type, name FROM temp.sqlite_schema WHERE type = 'trigger'";

/** The connection while one step runs on it. */
export class StepScope {
  readonly #connection: Connection;
  readonly #watch: Watch;
  /** What each pragma was before the step set it. */
  readonly #settings = new Map<string, string>();

  constructor(connection: Connection, facts: SchemaFacts, step: ReadyStep) {
    this.#connection = connection;
    this.#watch = new Watch(connection, facts, step);
  }

  /** Runs a statement of the step under watch. */
  run<T>(statement: Statement, action: () => T): T {
    const touch = touchOf(statement);
    this.#watch.before(statement, touch);
    this.#keepSetting(touch);
    if (!this.#watch.isRebuild(touch)) return action();
    // Views and children name the dropped table; only so does the rename leave them as they are.
    this.#connection.run("PRAGMA legacy_alter_table = ON");
    try {
      return action();
    } finally {
      this.#connection.run("PRAGMA legacy_alter_table = OFF");
    }
  }

  /** Whether the step has made objects but dropped and altered none. */
  get hasOnlyCreated(): boolean {
    return !this.#watch.hasReshaped;
  }

  /** What the step has lost. */
  findings(): Finding[] {
    return this.#watch.findings();
  }

  /** Makes the connection what it was before the step, but for the database itself. */
  restore(): void {
    for (const [name, value] of this.#settings) {
      this.#connection.run(`PRAGMA ${name} = ${value}`);
    }
    this.#settings.clear();
    for (const sql of [selectTempTriggers, selectTemp]) {
      for (const row of this.#connection.all(sql)) {
        this.#connection.run(`DROP ${textOf(row, "type")} temp.${quoteName(textOf(row, "name"))}`);
      }
    }
  }

  #keepSetting(touch: Touch): void {
    if (touch.does !== "pragma" || !touch.sets || this.#settings.has(touch.name)) return;
    // The one setting that cannot be read back; off is how every connection begins.
    if (touch.name === "case_sensitive_like") this.#settings.set(touch.name, "OFF");
    if (!settings.has(touch.name)) return;
    const [value] = Object.values(this.#connection.get(`PRAGMA ${touch.name}`) ?? {});
    if (value !== undefined && value !== null) this.#settings.set(touch.name, String(value));
  }
}
