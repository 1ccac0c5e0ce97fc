// Random schemas with foreign keys, indexes, triggers and views, and rebuilds of one of their tables.

/** Numbers below `limit` that a seed decides (mulberry32). */
export type Random = (limit: number) => number;

export function randomOf(seed: number): Random {
  let state = seed * 0x9e3779b9;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

interface Column {
  readonly name: string;
  /** The index of the table that it references, if it does. */
  readonly parent: number | null;
  readonly sql: string;
}

export interface Table {
  /** As SQL, in whatever quotes. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly string[];
}

/** An index, trigger or view, and the SQL that makes it. */
export interface Part {
  readonly kind: "index" | "trigger" | "view";
  readonly name: string;
  readonly sql: string;
  /** The table that an index or trigger is on, or that a view reads. */
  readonly table: Table;
  /** A column of that table that the part uses. */
  readonly column: string;
}

export interface Schema {
  readonly tables: readonly Table[];
  readonly parts: readonly Part[];
}

const names = ["plain", '"two words"', "[select]", "`tick`", '"Ünï"', '"q""uote"', "MiXed"];
const actions = [
  "",
  "ON DELETE CASCADE",
  "ON DELETE SET NULL",
  "ON UPDATE CASCADE ON DELETE RESTRICT",
];
const columnNames = ["a", '"b c"', "[group]", "Délta"];

function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[random(from.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}

function makeTable(random: Random, at: number, name: string): Table {
  const columns = columnNames.slice(0, 1 + random(columnNames.length)).map((column): Column => {
    const parent = random(2) === 0 ? random(at + 1) : null;
    if (parent === null) return { name: column, parent, sql: `${column} TEXT` };
    const sql = `${column} INTEGER REFERENCES ${names[parent]} ${pick(random, actions)}`;
    return { name: column, parent, sql };
  });
  // Every table has rows 1 to 3 at least, so that a reference to one of these always has its match.
  const rows = Array.from({ length: 3 + random(4) }, (_, row) => {
    const values = columns.map(({ parent }) =>
      parent === null ? `'${row}'` : String(1 + random(3)),
    );
    return `(${[row + 1, ...values].join(", ")})`;
  });
  return { name, columns, rows };
}

function makePart(random: Random, tables: readonly Table[], at: number): Part {
  const table = pick(random, tables);
  const other = pick(random, tables);
  const { name: column } = pick(random, table.columns);
  const name = `part_${at}`;
  const part = { name, table, column };
  const events = [`UPDATE OF ${column}`, `INSERT`, `DELETE`];
  switch (random(3)) {
    case 0:
      return { ...part, kind: "index", sql: `CREATE INDEX ${name} ON ${table.name} (${column});` };
    case 1: {
      const event = pick(random, events);
      const row = event === "INSERT" ? "new" : "old";
      const body = `INSERT INTO log SELECT ${row}.${column}, count(*) FROM ${other.name}`;
      const sql = `CREATE TRIGGER ${name} AFTER ${event} ON ${table.name} BEGIN ${body}; END;`;
      return { ...part, kind: "trigger", sql };
    }
    default: {
      const from = `${table.name} AS x JOIN ${other.name} AS y ON x.id = y.id`;
      return {
        ...part,
        kind: "view",
        sql: `CREATE VIEW ${name} AS SELECT x.${column} FROM ${from};`,
      };
    }
  }
}

export function makeSchema(random: Random): Schema {
  const tables: Table[] = [];
  const count = 2 + random(names.length - 2);
  for (const [at, name] of names.slice(0, count).entries())
    tables.push(makeTable(random, at, name));
  const parts = Array.from({ length: 3 + random(6) }, (_, at) => makePart(random, tables, at));
  return { tables, parts };
}

export function schemaSql({ tables, parts }: Schema): string {
  const made = tables.map(({ name, columns, rows }) => {
    const body = ["id INTEGER PRIMARY KEY", ...columns.map(({ sql }) => sql)].join(", ");
    return `CREATE TABLE ${name} (${body}); INSERT INTO ${name} VALUES ${rows.join(", ")};`;
  });
  return ["CREATE TABLE log (what, n);", ...made, ...parts.map(({ sql }) => sql)].join("\n");
}

/** What a rebuild leaves out. */
export type Omission =
  | { readonly of: "nothing" }
  | { readonly of: "row" }
  | { readonly of: "part"; readonly part: Part }
  | { readonly of: "column"; readonly column: string };

/** SQL that rebuilds a table with one more column, by one of two routes; with something left out. */
export function rebuildSql(random: Random, schema: Schema, table: Table, omit: Omission): string {
  const kept = table.columns.filter(({ name }) => omit.of !== "column" || name !== omit.column);
  const list = ["id", ...kept.map(({ name }) => name)].join(", ");
  const body = ["id INTEGER PRIMARY KEY", ...kept.map(({ sql }) => sql), "added"].join(", ");
  const where = omit.of === "row" ? " WHERE id <> 2" : "";
  const { name } = table;
  const again = schema.parts
    .filter((part) => part.kind !== "view" && part.table === table)
    .filter((part) => omit.of !== "part" || part !== omit.part)
    .filter((part) => omit.of !== "column" || part.column !== omit.column);
  const dropped = schema.parts
    .filter((part) => omit.of === "column" && part.kind !== "view")
    .filter((part) => part.table === table && omit.of === "column" && part.column === omit.column)
    .map((part) => `DROP ${part.kind} ${part.name};`);
  const rows = `INSERT INTO fresh (${list}) SELECT ${list} FROM ${name}${where};`;
  const route =
    random(2) === 0
      ? [
          `CREATE TABLE fresh (${body});`,
          rows,
          `DROP TABLE ${name};`,
          `ALTER TABLE fresh RENAME TO ${name};`,
        ]
      : [
          `CREATE TEMP TABLE fresh AS SELECT ${list} FROM ${name}${where};`,
          `DROP TABLE ${name}; CREATE TABLE ${name} (${body});`,
          `INSERT INTO ${name} (${list}) SELECT ${list} FROM fresh;`,
        ];
  return [...dropped, ...route, ...again.map(({ sql }) => sql)].join("\n");
}
