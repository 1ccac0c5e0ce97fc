// Parents with children of every kind, and the routes by which people rebuild a parent.

/** A parent table and what depends on it. */
export interface Family {
  readonly name: string;
  /** The parent's name, as SQL. */
  readonly parent: string;
  /** A name for the new table, as SQL. */
  readonly fresh: string;
  /** What stands in the parent's parentheses; the rebuild adds a column. */
  readonly columns: string;
  /** What stands behind them. */
  readonly tail: string;
  /** All else: the parent's rows, children, views. */
  readonly rest: string;
}

function family(name: string, detail: Partial<Family> & Pick<Family, "rest">): Family {
  const columns = "id INTEGER PRIMARY KEY, code TEXT UNIQUE";
  return { name, parent: "parent", fresh: "parent_new", columns, tail: "", ...detail };
}

/** A parent of two rows under a name of any spelling, with a cascading child and a view that spell it alike. */
function named(parent: string, fresh: string, spelling = parent): Family {
  const rest = `INSERT INTO ${parent} VALUES (1, 'a'), (2, 'b');
    CREATE TABLE child (p REFERENCES ${spelling} (id) ON DELETE CASCADE);
    INSERT INTO child VALUES (1), (2), (2);
    CREATE VIEW shown AS SELECT code FROM ${spelling};`;
  return family(`named ${parent}, spelled ${spelling}`, { parent, fresh, rest });
}

const two = "INSERT INTO parent VALUES (1, 'a'), (2, 'b');";

export const families: readonly Family[] = [
  family("ON DELETE CASCADE", {
    rest: `${two}
      CREATE TABLE child (id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent ON DELETE CASCADE);
      INSERT INTO child VALUES (10, 1), (11, 2), (12, NULL);
      CREATE VIEW pairs AS SELECT child.id, code FROM child JOIN parent ON parent.id = p;
      CREATE VIEW over_view AS SELECT * FROM pairs;`,
  }),
  family("CASCADE through two levels", {
    rest: `${two}
      CREATE TABLE child (id INTEGER PRIMARY KEY, p REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
      CREATE TABLE grandchild (c REFERENCES child ON DELETE CASCADE);
      INSERT INTO child VALUES (10, 1), (11, 2);
      INSERT INTO grandchild VALUES (10), (10), (11);`,
  }),
  family("SET NULL and SET DEFAULT", {
    rest: `${two}
      CREATE TABLE child (p REFERENCES parent ON DELETE SET NULL, q DEFAULT 1 REFERENCES parent ON DELETE SET DEFAULT);
      INSERT INTO child VALUES (1, 2), (2, 2);`,
  }),
  family("RESTRICT, deferred, by a unique column", {
    rest: `${two}
      CREATE TABLE child (c TEXT REFERENCES parent (code) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED);
      INSERT INTO child VALUES ('a'), ('b');`,
  }),
  family("a reference to itself", {
    columns: "id INTEGER PRIMARY KEY, boss INTEGER REFERENCES parent ON DELETE CASCADE",
    rest: "INSERT INTO parent VALUES (1, NULL), (2, 1), (3, 2), (4, 4);",
  }),
  family("WITHOUT ROWID and composite keys", {
    columns: "a TEXT, b INTEGER, PRIMARY KEY (a, b)",
    tail: "WITHOUT ROWID",
    rest: `INSERT INTO parent VALUES ('x', 1), ('x', 2);
      CREATE TABLE child (a TEXT, b INTEGER, n INTEGER, PRIMARY KEY (a, b, n),
        FOREIGN KEY (b, a) REFERENCES parent (b, a) ON DELETE CASCADE) WITHOUT ROWID;
      INSERT INTO child VALUES ('x', 1, 1), ('x', 2, 1), ('x', 2, 2);`,
  }),
  family("indexes, triggers and a view with triggers", {
    rest: `${two}
      CREATE TABLE log (what);
      CREATE TABLE child (p REFERENCES parent ON DELETE CASCADE);
      INSERT INTO child VALUES (1), (2);
      CREATE VIEW shown AS SELECT id, code FROM parent;
      CREATE TRIGGER shown_insert INSTEAD OF INSERT ON shown
        BEGIN INSERT INTO parent (id, code) VALUES (new.id, new.code); END;
      CREATE TRIGGER child_insert AFTER INSERT ON child WHEN new.p IN (SELECT id FROM parent)
        BEGIN UPDATE parent SET code = code || '!' WHERE id = new.p; END;`,
  }),
  named('"or der"', "[or der new]"),
  named("[group]", '"group new"'),
  named('"it\'s a ""table"""', "fresh"),
  named("`back``tick`", "fresh"),
  named('"Дом.дома"', '"Дом новый"'),
  named('"--x /*"', "fresh"),
  named('"a;b"', "fresh"),
  named("begin", "exists_new"),
  named("replace", "cascade"),
  named("Parent", "Parent_New", "PARENT"),
  named('main."Parent"', "main.fresh", "parent"),
];

/** SQL that rebuilds a family's parent with one more column, by one route. */
export interface Route {
  readonly name: string;
  readonly sql: (family: Family) => string;
}

function created(name: string, { columns, tail }: Family): string {
  const [head, ...constraints] = columns.split(/, (?=PRIMARY KEY \()/);
  return `CREATE TABLE ${name} (${[head, "note TEXT", ...constraints].join(", ")}) ${tail};`;
}

/** The name without its schema, as a rename wants it. */
function bare(name: string): string {
  return name.replace(/^main\./, "");
}

export const twelveSteps: Route = {
  name: "create, copy, drop, rename",
  sql: (it) => `${created(it.fresh, it)}
    INSERT INTO ${it.fresh} SELECT *, 'n' FROM ${it.parent};
    DROP TABLE ${it.parent};
    ALTER TABLE ${it.fresh} RENAME TO ${bare(it.parent)};`,
};

export const routes: readonly Route[] = [
  twelveSteps,
  {
    name: "keep, drop, create, fill",
    sql: (it) => `CREATE TEMP TABLE kept AS SELECT * FROM ${it.parent};
      DROP TABLE ${it.parent};
      ${created(it.parent, it)}
      INSERT INTO ${it.parent} SELECT *, 'n' FROM temp.kept;`,
  },
  {
    name: "keep in a table, drop if exists, create if not exists, fill",
    sql: (it) => `CREATE TABLE kept AS SELECT * FROM ${it.parent};
      DROP TABLE IF EXISTS ${it.parent};
      ${created(`IF NOT EXISTS ${it.parent}`, it)}
      INSERT INTO ${it.parent} SELECT *, 'n' FROM kept;
      DROP TABLE kept;`,
  },
];
