// The migrations that the fault tests run: SQL and TypeScript, each with several statements and a down.

/** The files of a catalog by name, in version order. */
export type Files = Readonly<Record<string, string>>;

const authors = `-- migrate:up
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, books INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX authors_by_name ON authors (name);
INSERT INTO authors (id, name) VALUES (1, 'Ada'), (2, 'Brian');
-- migrate:down
DROP TABLE authors;
`;

const books = `
export function up(db) {
  db.exec(\`
    CREATE TABLE books (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES authors (id), title TEXT) STRICT;
    CREATE TRIGGER books_counted AFTER INSERT ON books
    BEGIN
      UPDATE authors SET books = books + 1 WHERE id = new.author;
    END;
  \`);
  db.run("INSERT INTO books (author, title) VALUES (?, ?)", 1, "Notes");
  for (const author of db.iterate("SELECT id FROM authors ORDER BY id")) {
    db.run("INSERT INTO books (author, title) VALUES (?, ?)", author.id, "Letters");
  }
}
export function down(db) {
  db.exec("DROP TABLE books; UPDATE authors SET books = 0");
}
`;

const shelves = `-- migrate:up
CREATE TABLE shelves (id INTEGER PRIMARY KEY, book INTEGER NOT NULL REFERENCES books (id)) STRICT;
INSERT INTO shelves (book) SELECT id FROM books;
UPDATE books SET title = title || '!';
-- migrate:down
UPDATE books SET title = rtrim(title, '!');
DROP TABLE shelves;
`;

const loans = `-- migrate:up
CREATE TABLE loans (book INTEGER PRIMARY KEY, reader TEXT NOT NULL) STRICT;
INSERT INTO loans (book, reader) VALUES (1, 'Kim'), (2, 'Lee');
-- migrate:down
DROP TABLE loans;
`;

const tags = `-- migrate:up
CREATE TABLE tags (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO tags (name) VALUES ('new'), ('old');
-- migrate:down
DROP TABLE tags;
`;

/** Three that work. */
export const three: Files = {
  "1_authors.sql": authors,
  "2_books.ts": books,
  "3_shelves.sql": shelves,
};

function five(third: Files): Files {
  const { "3_shelves.sql": fourth = "", ...before } = three;
  return { ...before, ...third, "4_shelves.sql": fourth, "5_tags.sql": tags };
}

/** Five that work. */
export const mended = five({ "3_loans.sql": loans });

const clash = "(book, reader) VALUES (1, 'Kim'), (1, 'Lee');";

/** Ways for the third of five to fail in its second statement. */
export const failing = {
  /** The statement fails, and the transaction stands. */
  abort: five({
    "3_loans.sql": `-- migrate:up
CREATE TABLE loans (book INTEGER PRIMARY KEY, reader TEXT NOT NULL) STRICT;
INSERT INTO loans ${clash}
`,
  }),
  /** SQLite gives up the transaction with the statement. */
  orRollback: five({
    "3_loans.sql": `-- migrate:up
CREATE TABLE loans (book INTEGER PRIMARY KEY, reader TEXT NOT NULL) STRICT;
INSERT OR ROLLBACK INTO loans ${clash}
`,
  }),
  /** The same, by a trigger. */
  raiseRollback: five({
    "3_loans.sql": `-- migrate:up
CREATE TRIGGER books_closed BEFORE INSERT ON books BEGIN SELECT RAISE(ROLLBACK, 'no more books'); END;
INSERT INTO books (author, title) VALUES (1, 'One more');
`,
  }),
  /** The same, from TypeScript that looks away and leaves a statement open. */
  swallowed: five({
    "3_loans.ts": `
export function up(db) {
  db.exec("CREATE TABLE loans (book INTEGER PRIMARY KEY, reader TEXT NOT NULL) STRICT");
  db.iterate("SELECT * FROM authors").next();
  try {
    db.run("INSERT OR ROLLBACK INTO loans ${clash}");
  } catch {}
}
`,
  }),
  /** TypeScript that throws after it has written, and leaves a statement open. */
  thrown: five({
    "3_loans.ts": `
export function up(db) {
  db.exec("CREATE TABLE loans (book INTEGER PRIMARY KEY, reader TEXT NOT NULL) STRICT");
  db.iterate("SELECT * FROM authors").next();
  throw new Error("enough");
}
`,
  }),
} as const satisfies Readonly<Record<string, Files>>;

const names = `-- migrate:up
CREATE TABLE names (name TEXT PRIMARY KEY) STRICT;
INSERT INTO names (name) VALUES ('Ada'), ('Brian');
-- migrate:down
DROP TABLE names;
`;

/** What the second of `outside` does in each direction; every statement can be repeated. The trigger goes with its table. */
export const outsideStatements = {
  up: [
    "CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY) STRICT",
    "INSERT OR IGNORE INTO words (word) SELECT name FROM names",
    "CREATE INDEX IF NOT EXISTS words_by_length ON words (length(word))",
    "CREATE TRIGGER IF NOT EXISTS words_kept BEFORE DELETE ON words BEGIN SELECT RAISE(ABORT, 'kept'); END",
  ],
  down: ["DROP INDEX IF EXISTS words_by_length", "VACUUM", "DROP TABLE IF EXISTS words"],
} as const;

function script(statements: readonly string[]): string {
  return statements.map((statement) => `${statement};\n`).join("");
}

const { up, down } = outsideStatements;

/** Three, of which the second runs outside any transaction: as SQL, and as TypeScript. */
export const outside = {
  sql: {
    "1_names.sql": names,
    "2_words.sql": `-- migrate:up transaction:false
${script(up)}-- migrate:down transaction:false
${script(down)}`,
    "3_tags.sql": tags,
  },
  typescript: {
    "1_names.sql": names,
    "2_words.ts": `
export const options = { transaction: false };
export function up(db) {
  db.exec(${JSON.stringify(script(up))});
}
export function down(db) {
  db.exec(${JSON.stringify(script(down))});
}
`,
    "3_tags.sql": tags,
  },
} as const satisfies Readonly<Record<string, Files>>;

/** Three, of which the second relies on foreign keys that act. */
export const keys: Files = {
  "1_teams.sql": `-- migrate:up
CREATE TABLE teams (id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE players (id INTEGER PRIMARY KEY, team INTEGER REFERENCES teams (id) ON DELETE CASCADE) STRICT;
INSERT INTO teams (id) VALUES (1), (2);
INSERT INTO players (id, team) VALUES (1, 1), (2, 1), (3, 2);
-- migrate:down
DROP TABLE players;
DROP TABLE teams;
`,
  "2_disband.sql": `-- migrate:up foreign_keys:on
DELETE FROM teams WHERE id = 1;
INSERT INTO teams (id) VALUES (3);
-- migrate:down foreign_keys:on
DELETE FROM teams WHERE id = 2;
DELETE FROM teams WHERE id = 3;
`,
  "3_tags.sql": tags,
};

/** Four, of which all but the third only make tables and indexes, or only drop them. */
export const plain: Files = {
  "1_rooms.sql": `-- migrate:up
CREATE TABLE rooms (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE INDEX rooms_by_name ON rooms (name);
-- migrate:down
DROP INDEX rooms_by_name;
DROP TABLE rooms;
`,
  "2_desks.sql": `-- migrate:up
CREATE TABLE desks (id INTEGER PRIMARY KEY, room INTEGER UNIQUE) STRICT;
-- migrate:down
DROP TABLE desks;
`,
  "3_first.sql": `-- migrate:up
CREATE INDEX desks_by_room ON desks (room);
INSERT INTO rooms (id, name) VALUES (1, 'first');
-- migrate:down
DELETE FROM rooms WHERE id = 1;
DROP INDEX desks_by_room;
`,
  "4_lamps.sql": `-- migrate:up
CREATE TABLE lamps (desk INTEGER PRIMARY KEY) STRICT;
-- migrate:down
DROP TABLE lamps;
`,
};

/** The first so many files of a catalog. */
export function firstOf(files: Files, count: number): Files {
  return Object.fromEntries(Object.entries(files).slice(0, count));
}
