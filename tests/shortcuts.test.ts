// Where usual SQL takes a shorter way than intricate one, both come to the same.

import { expect, test } from "bun:test";
import { foundHistory } from "../src/database/recording.ts";
import { Ledger } from "../src/database/ledger.ts";
import { LiveSchema } from "../src/database/live.ts";
import { plainChange } from "../src/database/plain.ts";
import { keptSchema } from "../src/database/schema.ts";
import { SchemaTracker } from "../src/database/tracker.ts";
import { openConnection, type Connection } from "../src/database/sqlite.ts";
import { defaultOptions } from "../src/migration/migration.ts";
import { readCommand } from "../src/command.ts";
import { readAsked } from "../src/input/asked.ts";
import { checksumOfText } from "../src/migration/checksum.ts";
import { plainSections } from "../src/migration/plain-sections.ts";
import { plainUp } from "../src/migration/plain.ts";
import {
  checksumOfSection,
  cutAtMarkers,
  readSection,
  readSections,
} from "../src/migration/sections.ts";
import { placeOf, splitStatements, type Statement } from "../src/migration/statements.ts";
import { normalizeText } from "../src/migration/text.ts";
import { identifierOf, tokenAt } from "../src/migration/tokens.ts";
import { touchOf } from "../src/migration/touch.ts";
import { canonicalSql } from "../src/plan/schema.ts";
import type { ReadyStep } from "../src/plan/step.ts";
import { randomOf, type Random } from "./guard/random.ts";

const plainPieces = [
  ..."abC_9$;;;  \n\n\t\r\f(),=-/*.é\u00a0😀",
  "CREATE ",
  "table ",
  "END;",
  "- -",
];
const hidingPieces = ["'a;b'", "'it''s'", '"x;"', "`y;`", "[z;]", "-- c;\n", "/* d; */", "'--'"];

function textOf(pick: Random, pieces: readonly string[], most = 30): string {
  return Array.from({ length: pick(most) }, () => pieces[pick(pieces.length)]).join("");
}

/** Texts of plain pieces alone, and of all. */
function* texts(count: number): Generator<string> {
  for (let seed = 1; seed <= count; seed++) {
    const pick = randomOf(seed);
    yield textOf(pick, plainPieces);
    yield textOf(pick, [...plainPieces, ...hidingPieces]);
  }
}

function split(text: string): readonly Statement[] | string {
  const found = splitStatements({ text, file: "x.sql", line: 3 });
  return found.ok ? found.value : found.failure.text;
}

/** The statements of a text, each with its place. */
function placed(text: string): readonly object[] | string {
  const found = split(text);
  if (typeof found === "string") return found;
  return found.map((each) => ({ text: each.text, verb: each.verb, at: placeOf(each) }));
}

test("statements are split alike, with a trigger in sight or none", () => {
  let count = 0;
  for (const text of texts(1500)) {
    // Behind a comment that is open, a word more is part of it.
    const closely = placed(`${text}\n-- trigger`);
    expect([text, placed(`${text}\n`)]).toEqual([text, closely]);
    count += closely.length;
  }
  expect(count).toBeGreaterThan(3000);
});

/** What fingerprints are made from since the first of them: token by token. */
function canonicalTokenByToken(sql: string): string {
  const tokens: string[] = [];
  let previous = "";
  for (let at = 0; at < sql.length;) {
    const token = tokenAt(sql, at);
    at = token.end;
    if (token.kind === "space" || token.kind === "comment") continue;
    const raw = sql.slice(token.start, token.end);
    const onlyName = /^(TABLE|INDEX|VIEW|TRIGGER|REFERENCES)$/i.test(previous);
    const isText = token.kind === "quoted" && raw.startsWith("'") && !onlyName;
    const folded = identifierOf(sql, token).replace(/[A-Z]+/g, (found) => found.toLowerCase());
    tokens.push(isText ? raw : folded);
    previous = raw;
  }
  return tokens.join("\u001f");
}

test("SQL has one canonical form, read by patterns or token by token", () => {
  const names = [
    "TABLE ",
    "'Table'",
    '"Table" ',
    "references",
    "`A``b`",
    "É",
    "View/**/",
    "Index--\n",
  ];
  for (let seed = 1; seed <= 5000; seed++) {
    const pick = randomOf(seed);
    const text = textOf(pick, [...plainPieces, ...hidingPieces, ...names]);
    if (split(text) === "A comment is opened here and never closed.") continue;
    expect([text, canonicalSql(text)]).toEqual([text, canonicalTokenByToken(text)]);
  }
});

test("no number of doubled quotes makes what follows them go unread", () => {
  for (const quote of ["'", '"', "`"]) {
    const text = `CREATE TABLE t (a DEFAULT ${quote}${quote.repeat(3_000_000)}${quote}, c)`;
    const end = ["", ",", "c", ")"].join("\u001f");
    expect([quote, canonicalSql(text).slice(-6)]).toEqual([quote, end]);
    expect([quote, split(`${text}; SELECT 1`).length]).toEqual([quote, 2]);
  }
});

test("markers are found alike, with quotes in sight or none", () => {
  const pieces = [
    "-- migrate:up\n",
    "-- migrate:down\n",
    "-- note\n",
    "SELECT 1;\n",
    " -- x",
    "\n",
  ];
  for (let seed = 1; seed <= 500; seed++) {
    const text = textOf(randomOf(seed), pieces);
    const found = readSections(text, "x.sql");
    const beside = readSections(`${text}\n''`, "x.sql");
    if (!found.ok) {
      expect(beside).toEqual(found);
      continue;
    }
    const { up, down } = found.value;
    const longer = (body: string): string => `${body}\n''`;
    const wanted =
      down === null
        ? { up: { ...up, text: longer(up.text) }, down }
        : { up, down: { ...down, text: longer(down.text) } };
    expect([text, beside]).toEqual([text, { ok: true, value: wanted }]);
  }
});

test("a file with the plainest markers is cut alike, with quotes in sight or none", () => {
  const pieces = [
    "-- migrate:down\n",
    "SELECT 1;\n",
    "\n",
    "x ",
    "- ",
    "--- migrate:down\n",
    "é\n",
  ];
  let plain = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    const pick = randomOf(seed);
    const body = textOf(pick, pieces, 6);
    for (const direction of ["up", "down"] as const) {
      const text = `-- migrate:${direction}\n${body}`;
      const found =
        direction === "up" ? readSections(text, "x.sql") : readSection(text, "x.sql", direction);
      // Quotes behind everything hide nothing.
      const quoted = `${text}\n''`;
      const beside =
        direction === "up"
          ? readSections(quoted, "x.sql")
          : readSection(quoted, "x.sql", direction);
      const shortened = JSON.parse(JSON.stringify(beside).replace("\\n''\"", '"'));
      expect([text, found]).toEqual([text, shortened]);
      if (found.ok) plain++;
    }
  }
  expect(plain).toBeGreaterThan(1000);
});

test("a plain file is cut by one pattern as it is at its markers, and has the same checksum", () => {
  const pieces = [
    ...plainPieces,
    "-- migrate:down\n",
    "\n-- migrate:down\n",
    "\ufffd",
    "'",
    "\ufeff",
  ];
  let plain = 0;
  for (let seed = 1; seed <= 3000; seed++) {
    const pick = randomOf(seed);
    const text = `-- migrate:up\n${textOf(pick, pieces, 8)}`;
    const plainly = plainUp(text);
    if (plainly === null) continue;
    plain++;
    expect(normalizeText(text)).toBe(text);
    const { up, down } = plainSections(text, "x.sql", plainly);
    const found: unknown = cutAtMarkers(text, "x.sql");
    expect([text, found]).toEqual([text, { ok: true, value: { up, down } }]);
    expect(checksumOfText(plainly, "")).toBe(checksumOfSection(up));
  }
  expect(plain).toBeGreaterThan(500);
});

test("what is asked without any field is what its schema makes of none", async () => {
  for (const type of ["migrate", "status"]) {
    const asked = await readAsked(type, { db: "x.db", json: true });
    expect<unknown>(asked).toEqual(readCommand({ type }, (field) => field));
  }
});

const names = [
  "t",
  "if",
  "Table",
  "é",
  "té",
  "t$",
  "main.t",
  "temp.t",
  '"t"',
  "[t]",
  "main . t",
  "exists",
  "main/**/.t",
  "temp--\n.t",
  "main .\nt",
  "t/**/",
  "t --\n",
  "\u00a0t",
];
const heads = [
  "CREATE TABLE",
  "create unique index",
  "Create View",
  "CREATE TRIGGER",
  "CREATE TEMP TABLE",
];
const drops = ["DROP TABLE", "drop index", "DROP VIEW", "DROP TRIGGER"];
const conditions = [
  "",
  "IF NOT EXISTS ",
  "IF EXISTS ",
  "if not exists\n",
  "IF/**/NOT EXISTS ",
  "if--\nexists ",
];

test("what a statement touches is told alike, in its plainest form or with a comment in it", () => {
  for (const head of [...heads, ...drops]) {
    for (const condition of conditions) {
      for (const name of names) {
        for (const tail of [" (x)", "(x)", " ON u (x)", "", ".u (x)", " AS SELECT 1"]) {
          const text = `${head} ${condition}${name}${tail}`;
          const closely = text.replace(" ", "/**/ ");
          const touches = [text, closely].map((sql) => {
            const [statement] = split(sql);
            return typeof statement === "object" ? touchOf(statement) : statement;
          });
          expect([text, touches[0]]).toEqual([text, touches[1]]);
        }
      }
    }
  }
});

function stepOf(sql: string): ReadyStep {
  const statements = split(sql);
  if (typeof statements === "string") throw new Error(statements);
  const work = { kind: "script", statements } as const;
  const step = { version: 1, name: "step", file: "x.sql", kind: "sql", checksum: "" } as const;
  const rest = {
    direction: "up",
    options: defaultOptions,
    down: null,
    seq: null,
    note: null,
  } as const;
  return { ...step, ...rest, work };
}

/** Plain steps that all succeed: each makes a few tables with their indexes, or drops some that are there. */
function plainSteps(pick: Random): readonly ReadyStep[] {
  const there: string[] = [];
  let next = 0;
  return Array.from({ length: 40 }, () => {
    if (there.length > 2 && pick(3) === 0) {
      const dropped = there.splice(pick(there.length), 1 + pick(2));
      return stepOf(dropped.map((name) => `DROP TABLE ${name};`).join("\n"));
    }
    const made = Array.from({ length: 1 + pick(3) }, () => `t${next++}`);
    there.push(...made);
    const sql = made.map((name) => {
      const index = pick(2) === 0 ? "" : `CREATE INDEX i_${name} ON ${name} (a);`;
      return `CREATE TABLE ${name} (id INTEGER PRIMARY KEY, a UNIQUE);\n${index}`;
    });
    return stepOf(sql.join("\n"));
  });
}

interface Followed {
  readonly fingerprints: readonly string[];
  readonly kept: unknown;
}

/** Runs the steps; `look` says how each is followed, and gives what tells its fingerprint. */
function follow(
  steps: readonly ReadyStep[],
  look: (tracker: SchemaTracker, step: ReadyStep, at: number) => () => string,
): Followed {
  const connection: Connection = openConnection("scratch", "memory");
  try {
    const ledger = new Ledger(connection);
    foundHistory(connection);
    const live = new LiveSchema(connection);
    const tracker = new SchemaTracker(connection, live, ledger);
    const fingerprints = steps.map((step, at) => {
      tracker.await(plainChange(step));
      if (step.work.kind === "call") throw new Error("no script");
      for (const statement of step.work.statements) {
        live.note(touchOf(statement));
        connection.run(statement.text);
      }
      return look(tracker, step, at);
    });
    tracker.settle();
    ledger.write();
    const kept = keptSchema(connection).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return { fingerprints: fingerprints.map((tell) => tell()), kept };
  } finally {
    connection.close();
  }
}

test("plain steps that are looked at together have the fingerprints that they have one by one", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const steps = plainSteps(randomOf(seed));
    const together = follow(steps, (tracker, step) => {
      const change = plainChange(step);
      if (change === null) throw new Error("not plain");
      return tracker.expect(change, "up");
    });
    const apart = follow(steps, (tracker) => {
      tracker.follow();
      const { fingerprint } = tracker;
      return () => fingerprint;
    });
    expect(together).toEqual(apart);
  }
});

test("a step is plain only where it can lose nothing", () => {
  const plain = (sql: string): unknown => plainChange(stepOf(sql))?.does ?? null;
  expect(plain("CREATE TABLE a (x); CREATE INDEX b ON a (x)")).toBe("create");
  expect(plain("DROP INDEX b; DROP TABLE a")).toBe("drop");
  for (const sql of [
    "CREATE TABLE a (x REFERENCES b)",
    "CREATE VIRTUAL TABLE a USING fts5(x)",
    "CREATE TEMP TABLE a (x)",
    "CREATE TABLE temp.a (x)",
    "CREATE VIEW a AS SELECT 1",
    "DROP VIEW a",
    "DROP TABLE a; CREATE TABLE a (x)",
    "CREATE TABLE a (x); INSERT INTO a VALUES (1)",
    "CREATE TABLE a (x); PRAGMA user_version = 1",
    "SELECT 1",
  ]) {
    expect([sql, plain(sql)]).toEqual([sql, null]);
  }
});
