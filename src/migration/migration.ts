// The nouns of the domain: what a migration is, and what it is made of.

import type { Outline } from "./outline.ts";

/** Which way a step goes: "up" applies a migration's change, "down" undoes it. */
export type Direction = "up" | "down";

/** A kind of loss that a migration may declare as meant, so that the guard lets it pass. */
export const losses = ["lost-rows", "lost-objects", "foreign-keys"] as const;
export type Loss = (typeof losses)[number];

/** What a marker line, or a TypeScript module's `options`, says about how to run one direction. */
export interface StepOptions {
  /** False: each statement on its own, outside any transaction (VACUUM, journal_mode …). */
  readonly transaction: boolean;
  /** True: foreign keys are enforced, with their cascades, while the step runs. */
  readonly foreignKeys: boolean;
  readonly allow: readonly Loss[];
}

/** How a step runs when nothing is said. */
export const defaultOptions: StepOptions = { transaction: true, foreignKeys: false, allow: [] };

/** The SQL of one direction, with the place where its text begins. */
export interface Section {
  readonly text: string;
  readonly file: string;
  /** The line of `file` on which `text` begins, from 1. */
  readonly line: number;
  readonly options: StepOptions;
}

/** Both directions of a SQL migration; without a down it cannot be undone. */
export interface Sections {
  readonly up: Section;
  readonly down: Section | null;
}

/** The database as a TypeScript migration sees it. Every call is synchronous and throws on an SQL error. */
export interface MigrationDb {
  /** Runs one or more statements; returns nothing. */
  exec(sql: string): void;
  /** Runs one statement and tells what it changed. */
  run(sql: string, ...values: SqlValue[]): { changes: number; lastInsertRowid: number | bigint };
  /** The first row of one statement, or null. */
  get(sql: string, ...values: SqlValue[]): Row | null;
  /** All rows of one statement. */
  all(sql: string, ...values: SqlValue[]): Row[];
  /** The rows of one statement, one at a time. */
  iterate(sql: string, ...values: SqlValue[]): IterableIterator<Row>;
}

/** A value that SQLite stores; integers beyond 2^53 travel as bigint. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** A row, by column name. */
export type Row = Record<string, SqlValue>;

/** What a TypeScript migration's module exports, checked. */
export interface MigrationModule {
  readonly up: (db: MigrationDb) => unknown;
  readonly down: ((db: MigrationDb) => unknown) | null;
  readonly options: StepOptions;
}

/** A migration by its version and name. */
export interface MigrationName {
  /** 1 to 2^53 - 1. */
  readonly version: number;
  readonly name: string;
}

interface Identity extends MigrationName {
  /** The file that names it, by the path that users know: for a split migration the `.up.sql`. */
  readonly file: string;
  /** SHA-256, as 64 hexadecimal digits, of what the up direction does. */
  readonly checksum: string;
}

/** A file by its path, with its text, normalized. */
export interface FileText {
  readonly path: string;
  readonly text: string;
}

/** What a SQL migration is written in: one file of two sections, or one file for each. */
export type SqlTexts =
  { readonly both: FileText } | { readonly up: FileText; readonly down: FileText | null };

/** A migration as plain SQL that is still to be cut into its sections: most runs need those of few, or of none. */
export interface WrittenSql extends Identity {
  readonly kind: "sql";
  readonly sections?: undefined;
  texts(): SqlTexts;
}

/** A migration as plain SQL that had to be cut to be understood. */
export interface CutSql extends Identity {
  readonly kind: "sql";
  readonly sections: Sections;
}

/** A migration as plain SQL. */
export type SqlMigration = WrittenSql | CutSql;

/** A migration as a TypeScript module, loaded when it is about to run. */
export interface TypeScriptMigration extends Identity {
  readonly kind: "typescript";
  readonly load: () => Promise<unknown>;
}

export type Migration = SqlMigration | TypeScriptMigration;

/** All migrations that this run knows, in version order, and where they come from. */
export interface Catalog {
  /** "sample": the demonstration embedded in the stock executable, never run on a real database. */
  readonly origin: "directory" | "embedded" | "sample";
  /** How to name it to a person: the directory as it was given, or "embedded". */
  readonly label: string;
  readonly migrations: readonly Migration[];
  /** That of all migrations, where it is written down: to compare it takes less than to read them. */
  readonly outline?: Outline | undefined;
}
