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

/** One migration, without its markers. */
interface Written {
  readonly name: string;
  readonly up: string;
  readonly down: string;
}

function many(directory: string, count: number, write: (version: number) => Written): Workload {
  mkdirSync(directory);
  const ups: string[] = [];
  const downs: string[] = [];
  for (let version = 1; version <= count; version++) {
    const { name, up, down } = write(version);
    const file = `${String(version).padStart(5, "0")}_${name}.sql`;
    writeFileSync(join(directory, file), `-- migrate:up\n${up}\n-- migrate:down\n${down}`);
    ups.push(up);
    downs.unshift(down);
  }
  return script(directory, ups, downs);
}

/** Plain migrations, each of a table and an index. */
export function tables(place: string, count: number): Workload {
  return many(join(place, `m${count}`), count, (version) => ({
    name: `t${version}`,
    up: `CREATE TABLE t${version} (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\nCREATE INDEX i${version} ON t${version} (name);\n`,
    down: `DROP TABLE t${version};\n`,
  }));
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
  return many(join(place, `accounts${count}`), count, (version) => {
    const name = `accounts_${version}`;
    const up = `-- Accounts, and what they own: see the wiki.
CREATE TABLE ${name} (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL COLLATE NOCASE,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
  created_at TEXT NOT NULL DEFAULT (datetime('now')) -- UTC
);
CREATE UNIQUE INDEX ${name}_email ON ${name} (email);
INSERT INTO ${name} (email) VALUES ('a@example.org'), ('it''s@example.org');
`;
    return { name, up, down: `DROP INDEX ${name}_email;\nDROP TABLE ${name};\n` };
  });
}
