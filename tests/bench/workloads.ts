// What is measured: directories of migrations, and the same SQL as scripts for the shell.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A directory of migrations, and the same SQL as one script for the shell: one transaction each, or one for all. */
export interface Workload {
  readonly directory: string;
  readonly eachUp: string;
  readonly allUp: string;
  readonly eachDown: string;
}

/** Plain migrations, each of a table and an index. */
export function tables(place: string, count: number): Workload {
  const directory = join(place, `m${count}`);
  mkdirSync(directory);
  const ups: string[] = [];
  const downs: string[] = [];
  for (let version = 1; version <= count; version++) {
    const up = `CREATE TABLE t${version} (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\nCREATE INDEX i${version} ON t${version} (name);\n`;
    const down = `DROP TABLE t${version};\n`;
    const file = `${String(version).padStart(5, "0")}_t${version}.sql`;
    writeFileSync(join(directory, file), `-- migrate:up\n${up}\n-- migrate:down\n${down}`);
    ups.push(up);
    downs.unshift(down);
  }
  return script(directory, ups, downs);
}

function script(directory: string, ups: string[], downs: string[]): Workload {
  const write = (part: string, text: string): string => {
    const path = `${directory}.${part}.sql`;
    writeFileSync(path, text);
    return path;
  };
  const each = (parts: string[]): string =>
    parts.map((part) => `BEGIN;\n${part}COMMIT;\n`).join("");
  return {
    directory,
    eachUp: write("each-up", each(ups)),
    allUp: write("all-up", `BEGIN;\n${ups.join("")}COMMIT;\n`),
    eachDown: write("each-down", each(downs)),
  };
}

/** One migration of 1,000,000 rows and an index. */
export function backfill(place: string): Workload {
  const directory = join(place, "backfill");
  mkdirSync(directory);
  const rows = `CREATE TABLE big (id INTEGER PRIMARY KEY, n INTEGER, label TEXT);
INSERT INTO big (n) WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 1000000) SELECT n FROM c;
UPDATE big SET label = 'row ' || n;
CREATE INDEX big_label ON big (label);
`;
  writeFileSync(
    join(directory, "1_big.sql"),
    `-- migrate:up\n${rows}-- migrate:down\nDROP TABLE big;\n`,
  );
  return script(directory, [rows], ["DROP TABLE big;\n"]);
}

/** Migrations as people write them, with comments, constraints, defaults, quotes and rows. */
export function accounts(place: string, count: number): Workload {
  const directory = join(place, `accounts${count}`);
  mkdirSync(directory);
  const ups: string[] = [];
  const downs: string[] = [];
  for (let version = 1; version <= count; version++) {
    const table = `accounts_${version}`;
    const up = `-- Accounts, and what they own: see the wiki.
CREATE TABLE ${table} (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL COLLATE NOCASE,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
  created_at TEXT NOT NULL DEFAULT (datetime('now')) -- UTC
);
CREATE UNIQUE INDEX ${table}_email ON ${table} (email);
INSERT INTO ${table} (email) VALUES ('a@example.org'), ('it''s@example.org');
`;
    const down = `DROP INDEX ${table}_email;\nDROP TABLE ${table};\n`;
    const file = `${String(version).padStart(4, "0")}_${table}.sql`;
    writeFileSync(join(directory, file), `-- migrate:up\n${up}\n-- migrate:down\n${down}`);
    ups.push(up);
    downs.unshift(down);
  }
  return script(directory, ups, downs);
}
