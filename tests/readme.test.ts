// The README, held against the executable: its transcripts are run, its tables compared, its rules tried.

import { expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { messageFields, messageTypes } from "../src/command.ts";
import { exitStatus, protocolCode, type FailureCode } from "../src/failure.ts";
import { allCommands } from "../src/input/commands.ts";
import { commandOptions, commonOptions, sessionOptions } from "../src/input/options.ts";
import { list, Peer } from "./node/peer.ts";
import {
  codeOf,
  executable,
  fieldsOf,
  normalized,
  Place,
  play,
  readme,
  root,
  sectionOf,
  spansOf,
  tableOf,
  before,
} from "./readme.ts";
import { held, jsonLines, notRunHere, Place as PeerPlace, table } from "./rung.ts";

const commands = allCommands();

test("there are transcripts to run, and an executable to run them", () => {
  expect(existsSync(executable)).toBe(true);
  const consoles = readme
    .flatMap(({ fences }) => fences)
    .filter((each) => {
      return each.language === "console";
    });
  expect(consoles.length).toBeGreaterThanOrEqual(7);
  expect(sectionOf("First screen").fences).toHaveLength(1);
});

for (const { title, fences } of readme) {
  const playable = fences.filter(({ language }) => language !== "sh");
  if (playable.length === 0) continue;
  test(`${title}: its examples, in order, in one empty directory`, async () => {
    using place = new Place();
    before[title]?.(place);
    for (const fence of playable) await play(place, fence);
  });
}

test("Install and build, and Embedding: the commands do so in a copy of the repository", async () => {
  const { version = "" } = /^bun@(?<version>.+)$/.exec(packageJson.packageManager)?.groups ?? {};
  const [start = "", tests = ""] = sectionOf("Install and build").fences[0]?.lines ?? [];
  expect([start, tests]).toEqual([`npx -y bun@${version} start`, `npx -y bun@${version} run test`]);
  expect(Object.keys(packageJson.scripts)).toContain("test");

  using place = new Place();
  for (const each of ["package.json", "bun.lock", "bunfig.toml", "src", "migrations"]) {
    cpSync(join(root, each), join(place.directory, each), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(place.directory, "node_modules"));
  const started = await place.run(["bun", "start"]);
  expect(started.status).toBe(0);
  expect(started.stdout).toContain("applied 2 add_posts_table");
  expect(started.stdout).toContain("2 applied: rung.db");

  place.remove("migrations");
  place.migration("7_own.sql", "CREATE TABLE own (x);", "DROP TABLE own;");
  place.write(
    "migrations/8_other.ts",
    `export function up(db) { db.exec("CREATE TABLE other (x)"); }\n`,
  );
  expect((await place.run(["bun", "run", "build"])).status).toBe(0);
  place.remove("migrations");
  place.migration("9_not_embedded.sql", "CREATE TABLE not_embedded (x);");
  const carried = await place.run(["./dist/rung", "migrate", "--db", "own.db"]);
  expect(normalized(carried.stdout)).toBe("applied 7 own (N ms)\napplied 8 other (N ms)\n");
  const named = await place.run(["./dist/rung", "migrate", "--db", "b.db", "--dir", "migrations"]);
  expect(normalized(named.stdout)).toBe("applied 9 not_embedded (N ms)\n");
});

test("Migration files: names, pairs, what is ignored, and a missing down", async () => {
  using place = new Place();
  place.write("migrations/1_a.up.sql", "CREATE TABLE a (x);");
  place.write("migrations/1_a.down.sql", "-- migrate:down allow:lost-rows\r\nDROP TABLE a;\r\n");
  place.write("migrations/0002_b.up.sql", "\ufeff-- migrate:up\r\nCREATE TABLE b (x);\r\n");
  place.write(
    "migrations/20260423120000_c.sql",
    "-- made for c\n-- migrate:up\nCREATE TABLE c (x);",
  );
  place.write("migrations/9007199254740991_d.sql", "-- migrate:up\nSELECT '\n-- migrate:down\n';");
  for (const ignored of ["old/1_x.sql", ".2_x.sql", "types.d.ts", "notes.md"]) {
    place.write(`migrations/${ignored}`, "nonsense");
  }
  expect(await place.rung("migrate")).toMatchObject({ status: 0, stderr: "" });
  expect(place.tables()).toEqual(["a", "b", "c"]);
  expect(await codeOf(place, "rollback")).toBe("history.irreversible");
  place.write("migrations/9007199254740992_e.sql", "-- migrate:up\n");
  expect(await codeOf(place, "status")).toBe("catalog.filename");
});

test("SQL: the options of a marker line are those that the README names", async () => {
  const options = tableOf("Migration files", "Option").map(([cell]) => spansOf(cell).join(","));
  expect(options).toEqual([
    "transaction:false",
    "foreign_keys:on",
    "allow:lost-rows,lost-objects,foreign-keys",
  ]);
  for (const option of options) {
    using place = new Place();
    place.write("migrations/1_a.sql", `-- migrate:up ${option}\nCREATE TABLE a (x);`);
    expect(await codeOf(place, "migrate")).toBeNull();
    place.write("migrations/1_a.sql", "-- migrate:up\nCREATE TABLE a (x);");
    expect(await codeOf(place, "migrate")).toBe("history.changed");
  }
  using place = new Place();
  const combined = options.join(" ");
  place.write("migrations/1_a.sql", `-- migrate:up ${combined}\n-- migrate:down ${combined}\n`);
  expect(await codeOf(place, "migrate")).toBeNull();
  expect(await codeOf(place, "rollback")).toBeNull();
});

test("SQL: the options are acted on", async () => {
  using place = new Place();
  place.write("migrations/1_a.sql", "-- migrate:up transaction:false\nVACUUM;");
  const cascade = `CREATE TABLE a (id INTEGER PRIMARY KEY);
     CREATE TABLE b (a REFERENCES a (id) ON DELETE CASCADE);
     INSERT INTO a VALUES (1);
     INSERT INTO b VALUES (1);
     DELETE FROM a;`;
  place.write("migrations/2_b.sql", `-- migrate:up foreign_keys:on\n${cascade}`);
  expect(await codeOf(place, "migrate")).toBeNull();
  using database = place.database();
  expect(database.query("SELECT * FROM b").values()).toEqual([]);
  place.write("migrations/3_c.sql", "-- migrate:up foreign_keys:on\n");
  expect(await codeOf(place, "migrate", "--commit", "all")).toBe("usage.invalid-option");
  place.write("migrations/3_c.sql", "-- migrate:up transaction:false\n");
  expect(await codeOf(place, "migrate", "--commit", "all")).toBe("usage.invalid-option");
  expect(await codeOf(place, "migrate")).toBeNull();
});

test("What a migration may lose: each loss is refused by its code, and passes where it is allowed", async () => {
  const lossy: Readonly<Record<string, readonly string[]>> = {
    "guard.lost-rows": [
      "CREATE TABLE c (id INTEGER PRIMARY KEY); DROP TABLE a; ALTER TABLE c RENAME TO a; CREATE INDEX i ON a (id);",
    ],
    "guard.lost-objects": [
      "CREATE TABLE c (id INTEGER PRIMARY KEY); INSERT INTO c SELECT * FROM a; DROP TABLE a; ALTER TABLE c RENAME TO a;",
      "DROP TABLE d;",
      "CREATE VIEW w AS SELECT y FROM a;",
    ],
    "guard.foreign-keys": [
      "INSERT INTO b VALUES (9);",
      "CREATE TABLE e (x REFERENCES nowhere (id));",
    ],
  };
  const rows = tableOf("What a migration may lose", "Code");
  expect(rows.flatMap(([code]) => spansOf(code))).toEqual(Object.keys(lossy));
  for (const [cell = "", , unless] of rows) {
    const [code = ""] = spansOf(cell);
    const [allow = ""] = spansOf(unless);
    for (const sql of lossy[code] ?? []) {
      using place = new Place();
      place.migration(
        "1_base.sql",
        `CREATE TABLE a (id INTEGER PRIMARY KEY);
         CREATE INDEX i ON a (id);
         CREATE TABLE b (a REFERENCES a (id));
         CREATE TABLE d (x);
         CREATE VIEW v AS SELECT x FROM d;
         INSERT INTO a VALUES (1);`,
      );
      expect(await codeOf(place, "migrate")).toBeNull();
      place.write("migrations/2_lossy.sql", `-- migrate:up\n${sql}`);
      const { stdout } = await place.rung("migrate", "--json");
      expect([sql, fieldsOf(stdout)["error"]]).toEqual([
        sql,
        expect.objectContaining({ code, changed: "nothing", losses: [expect.any(String)] }),
      ]);
      place.write("migrations/2_lossy.sql", `-- migrate:up ${allow}\n${sql}`);
      expect([sql, await codeOf(place, "migrate")]).toEqual([sql, null]);
    }
  }
  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x); INSERT INTO a VALUES (1); DELETE FROM a;");
  expect(await codeOf(place, "migrate")).toBeNull();
});

test("What a migration may lose: each migration starts with the same connection", async () => {
  using place = new Place();
  place.migration(
    "1_a.sql",
    "PRAGMA recursive_triggers = ON; CREATE TEMP TABLE t (x); CREATE TABLE a (x);",
  );
  place.migration(
    "2_b.sql",
    `CREATE TABLE b AS SELECT recursive_triggers AS x FROM pragma_recursive_triggers
       UNION ALL SELECT count(*) FROM sqlite_temp_schema;`,
  );
  expect(await codeOf(place, "migrate")).toBeNull();
  using database = place.database();
  expect(database.query("SELECT x FROM b").values()).toEqual([[0], [0]]);
});

test("Outside a transaction: what fails first leaves nothing, what fails later is interrupted", async () => {
  using place = new Place();
  place.write("migrations/1_a.sql", "-- migrate:up transaction:false\nnonsense;\n");
  expect(await codeOf(place, "migrate")).toBe("step.failed");
  expect(await codeOf(place, "migrate")).toBe("step.failed");
  place.write("migrations/1_a.sql", "-- migrate:up transaction:false\nSELECT 1;\nnonsense;\n");
  expect(await codeOf(place, "migrate")).toBe("step.failed");
  expect(await codeOf(place, "migrate")).toBe("history.interrupted");
});

test("TypeScript: what a migration prints goes to standard error", async () => {
  using place = new Place();
  place.write("migrations/1_a.ts", `export function up() { console.log("hello"); }`);
  const { stdout, stderr } = await place.rung(`{"type":"migrate"}`);
  expect(stderr).toBe("hello\n");
  expect(fieldsOf(stdout)).toMatchObject({ count: 1 });
});

test("Migration files: what is one version twice, and what is not", async () => {
  const { lines } = sectionOf("Migration files");
  const rule = lines.find((line) => line.startsWith("Two migrations of one version")) ?? "";
  const [errors = "", others = ""] = rule.split("It is none");
  const pairs = (text: string): string[][] =>
    [...text.matchAll(/`([^`]+)` with `([^`]+)`/g)].map((match) => match.slice(1));
  expect([pairs(errors).length, pairs(others).length]).toEqual([3, 2]);
  const codes = async (files: readonly string[]): Promise<unknown> => {
    using place = new Place();
    for (const file of files) {
      const part = file.includes(".down.") ? "down" : "up";
      place.write(`migrations/${file}`, `-- migrate:${part}\n`);
    }
    return await codeOf(place, "migrate");
  };
  for (const files of pairs(errors)) {
    expect([files, await codes(files)]).toEqual([files, "catalog.duplicate-version"]);
  }
  for (const files of pairs(others)) expect([files, await codes(files)]).toEqual([files, null]);

  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x);");
  place.migration("5_b.sql", "CREATE TABLE b (x);");
  expect(await codeOf(place, "migrate")).toBeNull();
  place.remove("migrations/1_a.sql");
  place.migration("0001_other.sql", "CREATE TABLE a (x);");
  expect(await codeOf(place, "migrate")).toBeNull();
  place.migration("3_c.sql", "CREATE TABLE c (x);");
  expect(await codeOf(place, "migrate")).toBe("history.out-of-order");
});

test("Migration files: rung new follows the habit of the directory", async () => {
  using place = new Place();
  const made = async (...words: string[]): Promise<string> => {
    const { stdout } = await place.rung("new", ...words);
    return stdout.replace(/\d{14}/g, "TIME");
  };
  expect(await made("a")).toBe("migrations/0001_a.sql\n");
  expect(await made("b", "--ts")).toBe("migrations/0002_b.ts\n");
  place.write("migrations/03_c.up.sql", "");
  expect(await made("d")).toBe("migrations/04_d.up.sql\nmigrations/04_d.down.sql\n");
  expect(await made("e", "--timestamp")).toBe(
    "migrations/TIME_e.up.sql\nmigrations/TIME_e.down.sql\n",
  );
  expect(await made("f", "--ts")).toBe("migrations/TIME_f.ts\n");
});

test("TypeScript: promises, errors, options and imports", async () => {
  const cases: readonly (readonly [string, string | null])[] = [
    [`export async function up() {}`, "step.promise"],
    [`export function up() { throw new Error("no"); }`, "step.threw"],
    [`export function up(db) { db.exec("COMMIT"); }`, "step.forbidden"],
    [`export function up(db) { db.exec("DROP TABLE rung_log"); }`, "step.forbidden"],
    [`export const up = 1;`, "catalog.module"],
    [`import "left-pad"; export function up() {}`, "catalog.import"],
    [`import { sep } from "node:path"; export function up() { sep; }`, null],
    [`export const options = { allow: ["lost-rows"] }; export function up() {}`, null],
    [`export const options = { allow: ["all"] }; export function up() {}`, "catalog.module"],
  ];
  for (const [code, expected] of cases) {
    using place = new Place();
    place.write("migrations/1_a.ts", code);
    expect([code, await codeOf(place, "migrate")]).toEqual([code, expected]);
  }
  using place = new Place();
  place.write(
    "migrations/1_a.ts",
    `import { sql } from "./shared/a.ts"; export function up(db) { db.exec(sql); }`,
  );
  place.write("migrations/shared/a.ts", `export const sql: string = "CREATE TABLE a (x)";`);
  expect(await codeOf(place, "migrate")).toBeNull();
  expect(place.tables()).toEqual(["a"]);
  place.write("migrations/shared/a.ts", `export const sql: string = "CREATE TABLE b (x)";`);
  expect(await codeOf(place, "migrate")).toBe("history.changed");
});

test("What is refused: every statement that the README names", async () => {
  const rows = tableOf("Migration files", "Statement");
  const own = rows.at(-1)?.[0];
  const spans = rows.slice(0, -1).flatMap(([cell]) => spansOf(cell));
  const source = readFileSync(join(root, "src/migration/forbidden.ts"), "utf8");
  const [lists = ""] = source.split("function ", 1);
  const verbs = [...lists.matchAll(/^const \w+ = new Set\(\[([^\]]+)\]/gm)].flatMap(([, words]) => {
    return [...(words ?? "").matchAll(/"(\w+)"/g)].map(([, word]) => word);
  });
  const [, table = ""] = lists.split("const forbiddenPragmas");
  const pragmas = [...table.matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name);
  const refused = [...verbs, ...pragmas];
  const named = spans.map((span) => span.replace("PRAGMA ", "").split(" ")[0]);
  expect(named.toSorted()).toEqual(refused.sort());
  const whole = (span: string): string => (/^[a-z_]+$/.test(span) ? `PRAGMA ${span}` : span);
  for (const span of [...spans, ...spansOf(own).slice(0, 1)]) {
    using place = new Place();
    place.migration("1_a.sql", `CREATE TABLE a (x);\n${whole(span)};`);
    expect([span, await codeOf(place, "migrate")]).toEqual([span, "catalog.forbidden"]);
    expect(place.files()).toEqual(["migrations"]);
  }
  const outside = rows.slice(1, 3).flatMap(([cell]) => spansOf(cell));
  for (const span of [...spans, ...spansOf(own).slice(0, 1)]) {
    using place = new Place();
    place.write("migrations/1_a.sql", `-- migrate:up transaction:false\n${whole(span)};`);
    const isRefused = (await codeOf(place, "plan")) === "catalog.forbidden";
    expect([span, isRefused]).toEqual([span, !outside.includes(span)]);
  }
});

const wrongFiles: Readonly<Record<string, readonly (readonly [string, string | Uint8Array][])[]>> =
  {
    "catalog.filename": [[["a.sql", ""]], [["1_a.up.ts", ""]], [["1_a.down.sql", ""]]],
    "catalog.duplicate-version": [
      [
        ["1_a.sql", "-- migrate:up\n"],
        ["01_b.ts", ""],
      ],
    ],
    "catalog.no-marker": [[["1_a.sql", "CREATE TABLE a (x);"]]],
    "catalog.other-tool": spansOf(
      tableOf("Migration files", "Code").find(([cell]) => cell === "`catalog.other-tool`")?.[1],
    ).map((marker) => [["1_a.sql", `${marker}\nCREATE TABLE a (x);`]]),
    "catalog.marker": [
      [["1_a.sql", "-- migrate:up\n-- migrate:down\n-- migrate:up\n"]],
      [["1_a.sql", "-- migrate:up\n-- migrate:up\n"]],
      [["1_a.sql", "-- migrate:up transactoin:false\n"]],
      [["1_a.sql", "SELECT 1;\n-- migrate:up\n"]],
    ],
    "catalog.text": [
      [["1_a.sql", "-- migrate:up\nSELECT 1;\0"]],
      [["1_a.sql", "-- migrate:up\nSELECT 'a;"]],
      [["1_a.sql", "-- migrate:up\nSELECT 1; /* a"]],
      [["1_a.sql", new Uint8Array([0x2d, 0x2d, 0xff])]],
    ],
    "catalog.import": [[["1_a.ts", `import "a";`]]],
    "catalog.module": [[["1_a.ts", "export function {"]]],
  };

test("What is refused: every kind of wrong file that the README names", async () => {
  const codes = tableOf("Migration files", "Code").flatMap(([cell]) => spansOf(cell));
  expect(codes).toEqual(Object.keys(wrongFiles));
  for (const [code, cases] of Object.entries(wrongFiles)) {
    expect(cases).not.toBeEmpty();
    for (const files of cases) {
      using place = new Place();
      for (const [file, text] of files) place.write(`migrations/${file}`, text);
      expect([files, await codeOf(place, "migrate")]).toEqual([files, code]);
    }
  }
});

test("Which database, which migrations: directories by rank, and the sample's place", async () => {
  using place = new Place();
  place.write("option/1_option.sql", "-- migrate:up\n");
  place.write("environment/1_environment.sql", "-- migrate:up\n");
  const environment = { RUNG_DIR: "environment" };
  const named = async (...words: string[]): Promise<string> =>
    (await place.run([executable, "status", ...words], environment)).stdout;
  expect(await named("--dir", "option")).toContain("1        option");
  expect(await named()).toContain("1        environment");
  expect((await place.rung("status")).stdout).toContain("add_posts_table");
  expect((await place.rung("rollback")).status).toBe(4);
  place.migration("1_usual.sql", "");
  expect((await place.rung("status")).stdout).toContain("1        usual");
  expect(place.files()).toEqual(["environment", "migrations", "option"]);

  place.remove("migrations");
  place.database().run("CREATE TABLE real (x)");
  expect(await codeOf(place, "migrate")).toBe("catalog.none-given");
  expect(place.tables()).toEqual(["real"]);
});

test("Commands: the tables name the commands and options that there are", () => {
  const rows = tableOf("Commands", "Command");
  const named = rows.map(([cell]) => spansOf(cell).map((span) => span.split(" ")[0]));
  expect(named).toEqual(commands.map(({ name, aliases }) => [name, ...aliases]));
  const written = rows.map(([, , cell]) => spansOf(cell));
  expect(written).toEqual(commands.map(({ options }) => options.map((name) => `--${name}`)));
  const spell = (name: string, value: string | null): string =>
    value === null ? `--${name}` : `--${name} ${value}`;
  expect(tableOf("Commands", "Option of all").map(([cell]) => spansOf(cell))).toEqual(
    commonOptions.map(({ name, value }) => [spell(name, value)]),
  );
  expect(tableOf("Commands", "Option of all").map(([, cell]) => spansOf(cell))).toEqual(
    commonOptions.map(({ variable }) => (variable === undefined ? [] : [variable])),
  );
  expect(tableOf("Messages", "Option").map(([cell]) => spansOf(cell))).toEqual(
    sessionOptions().map(({ name, value }) => [spell(name, value)]),
  );
  const used = new Set(commands.flatMap(({ options }) => options));
  expect(
    commandOptions()
      .map(({ name }) => name)
      .filter((name) => !used.has(name)),
  ).toEqual([]);
});

test("Commands: a target that is no version is refused, and dry runs create nothing", async () => {
  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x);", "DROP TABLE a;");
  for (const words of [
    ["migrate", "--to", "2"],
    ["rollback", "--to", "2"],
    ["schema", "--at", "2"],
    ["baseline", "2"],
  ]) {
    expect([words, await codeOf(place, ...words)]).toEqual([words, "usage.unknown-version"]);
  }
  expect(await codeOf(place, "migrate", "--dry-run")).toBeNull();
  expect(await codeOf(place, "baseline", "1", "--force", "--dry-run")).toBeNull();
  expect(place.files()).toEqual(["migrations"]);
});

test("What a run promises: a redo that fails leaves all applied, where its steps can be one transaction", async () => {
  const b = "CREATE TABLE b (x);";
  for (const option of ["", "foreign_keys:on", "transaction:false"]) {
    const write = (place: Place, up: string): void => {
      place.write(
        "migrations/2_b.sql",
        `-- migrate:up ${option}\n${up}\n-- migrate:down\nDROP TABLE b;`,
      );
    };
    using place = new Place();
    place.migration("1_a.sql", "CREATE TABLE a (x);", "DROP TABLE a;");
    write(place, b);
    expect(await codeOf(place, "migrate")).toBeNull();
    write(place, `nonsense; ${b}`);
    const found = fieldsOf((await place.rung("redo", "--steps", "2", "--json")).stdout);
    const isWhole = option === "";
    expect(found).toMatchObject({
      failed: { version: 2, name: "b" },
      error: { code: "step.failed", changed: isWhole ? "nothing" : "some" },
    });
    expect([option, found["count"], place.tables()]).toEqual(
      isWhole ? [option, 0, ["a", "b"]] : [option, 3, ["a"]],
    );
    write(place, b);
    if (!isWhole) expect(await codeOf(place, "migrate")).toBeNull();
    expect((await place.rung("status", "--check")).status).toBe(0);
  }
});

/** Runs a migration outside any transaction, and holds it there until it is let go. */
async function holding(place: Place): Promise<AsyncDisposable> {
  place.write("migrations/4_held.ts", held);
  let hasEnded = false;
  const ran = place.rung("migrate").then(() => (hasEnded = true));
  while (!place.files().includes("started") && !hasEnded) await Bun.sleep(2);
  expect(hasEnded).toBe(false);
  return {
    [Symbol.asyncDispose]: async () => {
      place.write("go", "");
      await ran;
    },
  };
}

test("History against files: each state comes about", async () => {
  const states = tableOf("History against files", "State").flatMap(([cell]) => spansOf(cell));
  const seen: string[] = [];
  using place = new Place();
  const see = async (state: string): Promise<void> => {
    const { stdout } = await place.rung("status");
    expect(stdout).toContain(`  ${state}`);
    seen.push(state);
  };
  place.migration("2_b.sql", "CREATE TABLE b (x);");
  await see("pending");
  expect(await codeOf(place, "migrate")).toBeNull();
  await see("applied");
  place.migration("1_a.sql", "CREATE TABLE a (x);");
  await see("out-of-order");
  place.migration("2_b.sql", "CREATE TABLE b (y);");
  await see("changed");
  place.migration("2_b.sql", "CREATE TABLE b (x);");
  expect(await codeOf(place, "migrate", "--allow-out-of-order")).toBeNull();
  place.remove("migrations/1_a.sql");
  await see("missing");
  place.migration("1_a.sql", "CREATE TABLE a (x);");
  place.remove("migrations/2_b.sql");
  await see("ahead");
  place.write("migrations/3_c.sql", "-- migrate:up transaction:false\nSELECT 1;\nnonsense;");
  place.migration("2_b.sql", "CREATE TABLE b (x);");
  expect(await codeOf(place, "migrate")).toBe("step.failed");
  await see("interrupted");
  expect(await codeOf(place, "repair", "--settle", "3", "--as", "pending")).toBeNull();
  place.remove("migrations/3_c.sql");
  await using _running = await holding(place);
  await see("running");
  expect(seen.toSorted()).toEqual(states.toSorted());
});

test("History against files: what is no drift, and which down runs", async () => {
  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x INTEGER);", "DROP TABLE a;");
  expect(await codeOf(place, "migrate")).toBeNull();
  using database = place.database();
  database.run(`DROP TABLE a; create /* a */ table "A" ([x]   integer)`);
  expect((await place.rung("status", "--check")).status).toBe(0);
  place.migration("1_a.sql", "CREATE TABLE a (x INTEGER);", "DROP TABLE a; CREATE TABLE b (x);");
  expect((await place.rung("status", "--check")).status).toBe(0);
  const { stdout } = await place.rung("rollback", "--json");
  expect(fieldsOf(stdout)["notes"]).toEqual([expect.stringContaining("1_a.sql differs")]);
  expect(place.tables()).toEqual([]);
  expect(await codeOf(place, "migrate")).toBeNull();
  place.migration("1_a.sql", "CREATE TABLE a (x INTEGER);", "DROP TABLE a; CREATE TABLE c (x);");
  expect(await codeOf(place, "rollback", "--down", "catalog")).toBeNull();
  expect(place.tables()).toEqual(["c"]);

  place.migration("2_d.sql", "CREATE TABLE d (x);", "DROP TABLE d;");
  expect(await codeOf(place, "migrate", "--to", "2")).toBeNull();
  place.migration("2_d.sql", "CREATE TABLE d (y);", "DROP TABLE nowhere;");
  expect(await codeOf(place, "repair", "--changed", "2")).toBeNull();
  expect(await codeOf(place, "rollback")).toBeNull();
  expect(place.tables()).toEqual(["a", "c"]);
});

test("History against files: drift is accepted only where there is some", async () => {
  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x);");
  expect(await codeOf(place, "migrate")).toBeNull();
  const log = async (): Promise<string> => (await place.rung("log")).stdout;
  const before = await log();
  expect(await place.rung("repair", "--drift")).toEqual({
    status: 0,
    stdout: "Nothing to accept: the schema has not drifted\n",
    stderr: "",
  });
  expect(await log()).toBe(before);
});

/** Migrations of each verdict, on top of tables `base` and `other`. */
const unproven: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  reversible: [
    ["2_a.sql", "-- migrate:up\nCREATE TABLE a (x);\n-- migrate:down\nDROP TABLE a;"],
    [
      "2_order.sql",
      `-- migrate:up\nALTER TABLE base DROP COLUMN x;
-- migrate:down\nALTER TABLE base ADD COLUMN x;`,
    ],
  ],
  irreversible: [["2_a.sql", "-- migrate:up\nCREATE TABLE a (x);"]],
  "up-fails": [["2_a.sql", "-- migrate:up\nnonsense;\n-- migrate:down\nSELECT 1;"]],
  "down-fails": [["2_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABLE nowhere;"]],
  "not-undone": [
    ["2_left.sql", "-- migrate:up\nCREATE TABLE a (x);\n-- migrate:down\nSELECT 1;"],
    ["2_taken.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABLE other;"],
  ],
  // The rows that a down leaves are met only by the next up.
  "not-repeatable": [
    ["2_fails.sql", "-- migrate:up\nINSERT INTO base (id) VALUES (1);\n-- migrate:down\nSELECT 1;"],
    [
      "2_other.ts",
      `export function up(db) {
        const { lastInsertRowid } = db.run("INSERT INTO other VALUES (1)");
        db.exec("CREATE TABLE a" + lastInsertRowid + " (x)");
      }
      export function down(db) { db.exec("DROP TABLE a1"); }`,
    ],
  ],
  lossy: [["2_rows.sql", "-- migrate:up\nDELETE FROM other;\n-- migrate:down\nSELECT 1;"]],
};

test("Proving the way back: each verdict, whether it fails, and the keys that it has", async () => {
  const rows = tableOf("Proving the way back", "Verdict");
  expect(rows.map(([cell]) => spansOf(cell))).toEqual(Object.keys(unproven).map((each) => [each]));
  const keysOf = (verdict: string): string[] => {
    const found = tableOf("JSON output", "Object").filter(
      ([what]) => what?.startsWith("one with ") === true && spansOf(what).includes(verdict),
    );
    expect([verdict, found]).toEqual([verdict, [expect.anything()]]);
    return spansOf(found[0]?.[1]);
  };
  for (const [verdict, cases] of Object.entries(unproven)) {
    const fails = rows.find(([cell]) => cell === `\`${verdict}\``)?.[2];
    expect(["yes", "no"]).toContain(fails ?? "");
    for (const [file, text] of cases) {
      using place = new Place();
      place.migration(
        "1_base.sql",
        "CREATE TABLE base (x, id INTEGER PRIMARY KEY); CREATE TABLE other (x);",
        "DROP TABLE base; DROP TABLE other;",
      );
      place.write(`migrations/${file}`, text);
      place.migration("3_last.sql", "CREATE TABLE last (x);", "DROP TABLE last;");
      const withRows = verdict === "lossy";
      const data = withRows ? ["--data"] : [];
      const { status, stdout } = await place.rung("verify", ...data, "--json");
      const found = fieldsOf(stdout);
      const verdicts = list(found, "migrations").map((each) => fieldsOf(JSON.stringify(each)));
      const isLast = verdict === "up-fails";
      expect([file, verdicts.map((each) => each["verdict"])]).toEqual([
        file,
        ["reversible", verdict, ...(isLast ? [] : ["reversible"])],
      ]);
      const more = file === "2_fails.sql" ? ["error"] : [];
      const keys = keysOf(verdict);
      expect([file, Object.keys(verdicts[1] ?? {})]).toEqual([
        file,
        [...keys.slice(0, -1), ...more, ...keys.slice(-1)],
      ]);
      expect(verdicts[1]?.["order_only"]).toEqual(file === "2_order.sql" ? ["base"] : []);
      expect([file, status]).toEqual([file, fails === "yes" ? 6 : 0]);
      expect([file, await codeOf(place, "verify")]).toEqual([
        file,
        fails === "yes" ? "verify.not-reversible" : null,
      ]);
      const reply = await replyTo(place, `{"type":"verify","data":${withRows}}`);
      expect(reply).toMatchObject({ count: found["count"], migrations: found["migrations"] });
      expect(reply["code"]).toBe(fails === "yes" ? 14 : undefined);
      expect(place.files()).toEqual(["migrations"]);
    }
  }
});

test("Proving the way back: the database is not looked at", async () => {
  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x);", "DROP TABLE a;");
  place.write("rung.db", "no database at all");
  expect(await codeOf(place, "status")).toBe("database.not-a-database");
  const { status, stdout } = await place.rung("verify");
  expect([status, stdout]).toEqual([0, "1 a: reversible\n"]);
});

test("Adopting a database: what differs is named, and --force records it all the same", async () => {
  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x); CREATE INDEX a_by_x ON a (x);");
  using database = place.database();
  database.run("CREATE TABLE a (x)");
  const { status, stdout } = await place.rung("baseline", "1", "--json");
  expect([status, fieldsOf(stdout)["error"]]).toEqual([
    4,
    expect.objectContaining({
      code: "history.not-baseline",
      losses: [expect.stringContaining("a_by_x")],
    }),
  ]);
  expect(place.tables()).toEqual(["a"]);
  expect(await codeOf(place, "baseline", "1", "--force")).toBeNull();
  expect((await place.rung("status", "--check")).status).toBe(0);
});

/** The reply to one message. */
async function replyTo(place: Place, message: string): Promise<Record<string, unknown>> {
  return fieldsOf((await place.rung(message)).stdout);
}

test("Messages: the fields of each request are those that its schema has", async () => {
  const rows = tableOf("Messages", "Request");
  expect(rows.flatMap(([cell]) => spansOf(cell))).toEqual(messageTypes.slice());
  for (const [cell = "", fields = ""] of rows) {
    const [type = ""] = spansOf(cell);
    const spans = spansOf(fields).filter((span) => span.startsWith('"'));
    const known = messageFields(type).filter((field) => field !== "lock_timeout");
    expect([type, spans.map((span) => span.split('"')[1] ?? "").toSorted()]).toEqual([
      type,
      known.toSorted(),
    ]);
    const waits = !fields.includes("no `lock_timeout`");
    expect([type, messageFields(type).includes("lock_timeout")]).toEqual([type, waits]);
    using place = new Place();
    await place.rung("migrate");
    // Required fields go together; the others are tried one by one.
    const required = fields.includes("(both required")
      ? spans
      : spans.filter((_, index) => {
          return index === 0 && fields.includes("(required)");
        });
    for (const field of [...spans, ...(waits ? ['"lock_timeout":"10s"'] : [])]) {
      const given = [...new Set([...required, field])].join();
      const { error, text } = await replyTo(place, `{"type":"${type}",${given}}`);
      const isWrong = error === "usage.invalid-option" && /not known|must be/.test(String(text));
      expect([type, field, isWrong]).toEqual([type, field, false]);
    }
    const unknown = await replyTo(
      place,
      `{"type":"${type}","unknown":1,${required.join()}}`.replace(",}", "}"),
    );
    expect(unknown).toMatchObject({ error: "usage.invalid-option", code: 12 });
    for (const [index, field] of required.entries()) {
      const others = required.filter((_, at) => at !== index);
      const body = [`"type":"${type}"`, ...others].join();
      const { text } = await replyTo(place, `{${body}}`);
      expect([field, text]).toEqual([field, expect.stringContaining("is missing")]);
    }
  }
});

test("Messages: the replies have exactly the keys of the table", async () => {
  const replies = new Map<string, string[]>();
  for (const [, , cell = ""] of tableOf("Messages", "Request")) {
    for (const [, type = "", keys = ""] of cell.matchAll(/`(\w+)`(?:: ((?:`\w+` ?)+))?(?:;|$)/g)) {
      replies.set(type, spansOf(keys));
    }
  }
  const checked = new Set<string>();
  using place = new Place();
  const check = async (type: string, message: string): Promise<void> => {
    const keys = Object.keys(await replyTo(place, message));
    const after = replies.get(type);
    checked.add(type);
    expect([message, keys]).toEqual([message, ["type", "in_reply_to", ...(after ?? ["?"])]]);
  };
  await check("planned", `{"type":"plan"}`);
  await check("planned", `{"type":"migrate","dry_run":true}`);
  await check("migrations_applied", `{"type":"migrate"}`);
  await check("planned", `{"type":"rollback","dry_run":true}`);
  await check("planned", `{"type":"redo","dry_run":true}`);
  await check("migrations_redone", `{"type":"redo"}`);
  await check("migration_rolled_back", `{"type":"rollback"}`);
  await check("migrations_rolled_back", `{"type":"rollback","steps":1}`);
  await check("migrations_rolled_back", `{"type":"rollback","to":0}`);
  await check("migration_status", `{"type":"status"}`);
  await check("log", `{"type":"log"}`);
  await check("schema", `{"type":"schema"}`);
  await check("verified", `{"type":"verify"}`);
  await check("rehearsed", `{"type":"rehearse"}`);
  await check("backed_up", `{"type":"backup","file":"a.backup"}`);
  await check("restored", `{"type":"restore","file":"a.backup"}`);
  await check("help", `{"type":"help"}`);
  await check("init_ok", `{"type":"init","node_id":"a","node_ids":[]}`);
  place.remove("rung.db");
  await check("baselined", `{"type":"baseline","version":1,"force":true}`);
  expect([...checked].sort()).toEqual([...replies.keys()].sort());
  await place.rung("migrate");
  place.database().run("CREATE TABLE by_hand (x)");
  const drifted = await place.rung("repair", "--drift", "--dry-run", "--json");
  const { type, in_reply_to, ...repaired } = await replyTo(
    place,
    `{"type":"repair","drift":true,"dry_run":true}`,
  );
  expect([type, in_reply_to]).toEqual(["repaired", null]);
  expect(fieldsOf(drifted.stdout)).toMatchObject(repaired);
  expect(repaired).toMatchObject({ repaired: "drift", dry_run: true });
});

test("Messages: what help holds", async () => {
  using place = new Place();
  const reply = await replyTo(place, `{"type":"help"}`);
  const seen = new Set(["help"]);
  const see = (value: unknown): Record<string, unknown> => {
    const found = fieldsOf(JSON.stringify(value));
    for (const key of Object.keys(found)) seen.add(key);
    return found;
  };
  const messages = list(reply, "messages").map(see);
  expect(messages.map((each) => each["type"])).toEqual(messageTypes.slice());
  for (const message of messages) {
    for (const each of list(message, "fields")) seen.add(String(see(each)["type"]));
    for (const each of "rules" in message ? list(message, "rules") : []) {
      seen.add(String(see(each)["give"]));
    }
  }
  const { lines } = sectionOf("Messages");
  const named = spansOf(lines.find((line) => line.startsWith("`help` lists")));
  expect([...new Set(named)].sort()).toEqual([...seen].sort());
});

test("Messages: events, each with what the README says of it", async () => {
  const { lines } = sectionOf("Messages");
  const rule = lines.find((line) => line.startsWith("The events are")) ?? "";
  const named = new Map<string, string[]>();
  for (const [, name = "", keys] of rule.matchAll(/`(\w+)` \(([^)]+)\)/g)) {
    named.set(name, ["type", "event", ...spansOf(keys), "in_reply_to"]);
  }
  const seen = new Map<string, string[]>();
  using place = new Place();
  const send = async (...messages: string[]): Promise<void> => {
    const { stdout } = await place.rung("--events", "--lock-timeout", "2s", ...messages);
    for (const line of jsonLines(stdout)) {
      if (line["type"] === "event") seen.set(String(line["event"]), Object.keys(line));
    }
  };
  place.migration("1_a.sql", "CREATE TABLE a (x);", "DROP TABLE a;");
  await send(`{"type":"migrate"}`);
  place.migration("1_a.sql", "CREATE TABLE a (x);", "DROP TABLE a; SELECT 1;");
  using database = place.database();
  database.run("CREATE TABLE by_hand (x)");
  database.run("BEGIN IMMEDIATE");
  await send(`{"type":"rollback"}`);
  database.run("ROLLBACK");
  await send(`{"type":"rollback"}`, `{"type":"backup"}`);
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(named));
  expect(named.size).toBe(7);
});

test("Messages: a line is read up to the limit, and one that is longer is skipped", async () => {
  const row = tableOf("Messages", "Option").find(([cell]) => cell === "`--max-line BYTES`");
  const [limit = ""] = spansOf(row?.[1]);
  using place = new PeerPlace();
  for (const words of [[], ["--max-line", "100"]]) {
    const most = Number(words[1] ?? limit);
    const message = `{"type":"init","msg_id":1,"node_id":"n1","node_ids":[]}`;
    const lines = [message.padEnd(most), message.padEnd(most + 1), message];
    const { replies } = await place.send(lines, words);
    expect(replies.map((each) => each["error"] ?? each["type"])).toEqual([
      "init_ok",
      "usage.malformed-message",
      "init_ok",
    ]);
  }
});

test("Messages: a session reads its migrations once, and looks at its database anew", async () => {
  using place = new PeerPlace();
  place.write({ "1_a.sql": "CREATE TABLE a (x);" });
  await using peer = new Peer(place);
  expect(await peer.ask({ type: "migrate" })).toMatchObject({ error: "catalog.no-marker" });
  place.write({ "1_a.sql": table("a") });
  expect(await peer.ask({ type: "migrate" })).toMatchObject({ count: 1 });
  place.write({ "2_b.sql": table("b") });
  expect(await peer.ask({ type: "migrate" })).toMatchObject({ count: 0 });
  place.execute("CREATE TABLE other (x)", "next.db");
  renameSync(place.at("next.db"), place.at("rung.db"));
  expect(await peer.ask({ type: "migrate" })).toMatchObject({ count: 1 });
  expect(place.tables()).toEqual(["a", "other"]);
  place.execute("CREATE INDEX by_hand ON a (id)");
  expect(await peer.ask({ type: "status", check: true })).toMatchObject({ sound: false });
  rmSync(place.at("rung.db"));
  expect(await peer.ask({ type: "migrate" })).toMatchObject({ count: 1 });
  expect(place.tables()).toEqual(["a"]);
  expect(await peer.end()).toMatchObject({ rest: [], status: 1 });
});

test("Messages: null for no msg_id, detail, blank lines, and a failed migration's reply", async () => {
  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x);");
  place.migration("2_b.sql", "nonsense;");
  const failed = await place.rung(`{"type":"migrate","detail":true}`);
  expect(failed.status).toBe(1);
  expect(fieldsOf(normalized(failed.stdout).replaceAll(":N", ":0"))).toMatchObject({
    in_reply_to: null,
    code: 14,
    error: "step.failed",
    changed: "some",
    applied: [{ version: 1, name: "a", status: "applied", duration_ms: 0 }],
    failed: { version: 2, name: "b" },
  });
  const detail = await place.rung(`{"type":"status","detail":true}`);
  const keys = ["state", "applied_at", "duration_ms", "applied_by"];
  for (const key of keys) expect(detail.stdout).toContain(`"${key}":`);
  const [blank = ""] = await place.shell([`printf '\\n \\n{}\\n{"type":"status"}' | rung`]);
  expect(
    blank
      .trimEnd()
      .split("\n")
      .map((line) => fieldsOf(line)["type"]),
  ).toEqual(["error", "migration_status"]);
});

const union = /export type FailureCode =([^;]+);/.exec(
  readFileSync(join(root, "src/failure.ts"), "utf8"),
);
const failureCodes = [...(union?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(([, code = ""]) => code);

/** The list is read from the type's own definition. */
function isFailureCode(code: string): code is FailureCode {
  return failureCodes.includes(code);
}

test("Exit statuses and failure codes: all codes, each with the status that it leads to", () => {
  const listed: string[] = [];
  for (const line of sectionOf("Exit statuses and failure codes").lines) {
    const [, status, codes] = /^- \*\*(\d+)\*\*[^:]*: (.*)$/.exec(line) ?? [];
    for (const code of spansOf(codes)) {
      expect([code, isFailureCode(code) ? exitStatus(code) : null]).toEqual([code, Number(status)]);
      listed.push(code);
    }
  }
  expect(listed.length).toBeGreaterThan(40);
  expect(listed).toEqual(failureCodes);
});

test("Messages: Maelstrom's code for every failure code", () => {
  const codes = new Map<string, number>();
  for (const [code, , cell] of tableOf("Messages", "`code`")) {
    for (const span of spansOf(cell)) codes.set(span, Number(code));
  }
  for (const code of failureCodes.filter(isFailureCode)) {
    const family = `${code.split(".")[0]}.*`;
    expect([code, codes.get(code) ?? codes.get(family)]).toEqual([code, protocolCode(code)]);
  }
});

test("Exit statuses: every code is raised somewhere", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "failure.ts")
    .map((file) => readFileSync(join(root, "src", file), "utf8"))
    .join("\n");
  expect(failureCodes.filter((code) => !sources.includes(`"${code}"`))).toEqual([]);
});

test("What a run promises: nothing to do takes no write lock, what is pending waits for it", async () => {
  using place = new Place();
  place.migration("1_a.sql", "CREATE TABLE a (x);");
  expect(await codeOf(place, "migrate")).toBeNull();
  using other = place.database();
  other.run("BEGIN IMMEDIATE");
  expect(await codeOf(place, "migrate")).toBeNull();
  place.migration("2_b.sql", "CREATE TABLE b (x);");
  expect(await codeOf(place, "migrate", "--lock-timeout", "50ms")).toBe("database.locked");
  other.run("ROLLBACK");

  // A lock that keeps readers out too, as every commit takes it for a moment.
  other.run("BEGIN EXCLUSIVE");
  const waiting = [codeOf(place, "status"), codeOf(place, "migrate")];
  await Bun.sleep(300);
  other.run("ROLLBACK");
  expect(await Promise.all(waiting)).toEqual([null, null]);
  expect(other.query("SELECT version FROM rung_log").values()).toEqual([[1], [2]]);

  place.migration("3_c.sql", "CREATE TABLE c (x);");
  const together = Array.from({ length: 4 }, () => codeOf(place, "migrate"));
  expect(await Promise.all(together)).toEqual([null, null, null, null]);
  expect(other.query("SELECT version FROM rung_log").values()).toEqual([[1], [2], [3]]);
});

test("What a run promises: groups, --commit all, and a transaction that SQLite drops", async () => {
  for (const [mode, bad, kept] of [
    ["group", "nonsense;", ["a", "k"]],
    ["each", "nonsense;", ["a", "k"]],
    ["all", "nonsense;", []],
    ["group", "INSERT OR ROLLBACK INTO k VALUES (1);", ["a", "k"]],
  ] as const) {
    using place = new Place();
    place.migration("1_a.sql", "CREATE TABLE a (x);");
    place.migration("2_k.sql", "CREATE TABLE k (x PRIMARY KEY); INSERT INTO k VALUES (1);");
    place.migration("3_bad.sql", `CREATE TABLE bad (x); ${bad}`);
    place.migration("4_d.sql", "CREATE TABLE d (x);");
    expect((await place.rung("migrate", "--commit", mode)).status).toBe(6);
    expect(place.tables()).toEqual([...kept]);
  }
});

test("What a run promises: foreign keys are off, and checked", async () => {
  using place = new Place();
  place.migration(
    "1_a.sql",
    `CREATE TABLE a (id INTEGER PRIMARY KEY);
     CREATE TABLE b (a REFERENCES a (id) ON DELETE CASCADE);
     INSERT INTO a VALUES (1);
     INSERT INTO b VALUES (1);`,
  );
  place.migration(
    "2_rebuild.sql",
    `CREATE TABLE c (id INTEGER PRIMARY KEY, x);
     INSERT INTO c SELECT id, NULL FROM a;
     DROP TABLE a;
     ALTER TABLE c RENAME TO a;`,
  );
  expect(await codeOf(place, "migrate")).toBeNull();
  using database = place.database();
  expect(database.query("SELECT * FROM b").values()).toEqual([[1]]);
  place.migration("3_break.sql", "DELETE FROM a;");
  expect(await codeOf(place, "migrate")).toBe("guard.foreign-keys");
});

test("What a run promises: rollback goes by order of application, from history", async () => {
  using place = new Place();
  place.migration("2_b.sql", "CREATE TABLE b (x);", "DROP TABLE b;");
  await place.rung("migrate");
  place.migration("1_a.sql", "CREATE TABLE a (x);", "DROP TABLE a;");
  await place.rung("migrate", "--allow-out-of-order");
  place.remove("migrations/1_a.sql");
  expect(normalized((await place.rung("rollback")).stdout)).toBe("rolled back 1 a (N ms)\n");
  expect(place.tables()).toEqual(["b"]);
});

test("What is kept in the database: the tables and their columns", async () => {
  using place = new Place();
  await place.rung("migrate");
  using database = place.database();
  const bullets = sectionOf("What is kept in the database").lines.filter((line) => {
    return line.startsWith("- `");
  });
  const tables = database.query(
    "SELECT name FROM sqlite_schema WHERE name LIKE 'rung!_%' ESCAPE '!'",
  );
  expect(bullets.map((line) => spansOf(line)[0]).sort()).toEqual(
    tables
      .values()
      .map(([name]) => String(name))
      .sort(),
  );
  for (const line of bullets) {
    const [table = "", ...others] = spansOf(line.replaceAll(/\([^)]*\)/g, ""));
    const columns = database.query("SELECT name FROM pragma_table_info(?)").values(table).flat();
    expect([table, ...others]).toEqual([table, ...columns.map(String)]);
  }
});

test("Source layout: the folders of src", () => {
  const named = sectionOf("Source layout").lines.flatMap((line) => {
    return line.startsWith("- ") ? spansOf(line).slice(0, 1) : [];
  });
  const folders = readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}`);
  expect(named.toSorted()).toEqual(folders.sort());
  const files = spansOf(sectionOf("Source layout").lines.join("\n")).filter((span) => {
    return span.endsWith(".ts");
  });
  expect(files.length).toBeGreaterThan(3);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test("What is kept in the database: the events of the log", async () => {
  using place = new Place();
  const events = new Set<string>();
  const note = (file = "rung.db"): void => {
    using database = place.database(file);
    for (const [event] of database.query("SELECT event FROM rung_log").values()) {
      events.add(String(event));
    }
  };
  place.migration("1_a.sql", "CREATE TABLE a (x);", "DROP TABLE a;");
  await place.rung("migrate");
  await place.rung("redo");
  place.database().run("CREATE INDEX by_hand ON a (x)");
  await place.rung("repair", "--drift");
  place.migration("1_a.sql", "CREATE TABLE a (y);", "DROP TABLE a;");
  await place.rung("repair", "--changed", "1");
  for (const state of ["pending", "applied"]) {
    place.write("migrations/2_b.sql", "-- migrate:up transaction:false\nSELECT 1;\nnonsense;");
    await place.rung("migrate");
    await place.rung("repair", "--settle", "2", "--as", state);
  }
  place.remove("migrations/2_b.sql");
  await place.rung("repair", "--missing", "2");
  note();
  note();
  await place.rung("backup", "a.backup");
  await place.rung("restore", "a.backup", "--db", "restored.db");
  note("restored.db");
  place.remove("rung.db");
  await place.rung("baseline", "1", "--force");
  note();
  const { lines } = sectionOf("What is kept in the database");
  const named = spansOf(lines.find((line) => line.startsWith("The events are")));
  expect([...events].sort()).toEqual(named.toSorted());
});

/** The first element of a list that an object holds. */
function firstOf(found: Record<string, unknown>, key: string): Record<string, unknown> {
  const list = found[key];
  if (!Array.isArray(list) || list.length === 0) throw new Error(`${key} is no filled list.`);
  return fieldsOf(JSON.stringify(list[0]));
}

test("JSON output: every object has exactly the keys of the table", async () => {
  using place = new Place();
  const seen: Record<string, string[][]> = {};
  const see = (what: string, found: Record<string, unknown>): Record<string, unknown> => {
    (seen[what] ??= []).push(Object.keys(found));
    return found;
  };
  const json = async (...words: string[]): Promise<Record<string, unknown>> =>
    fieldsOf((await place.rung(...words, "--json")).stdout);
  const stepping = "`migrate` `rollback` `redo`";
  const planned = "`plan`, and these with `--dry-run`";

  see("`new`", await json("new", "x"));
  place.remove("migrations");
  place.migration("1_a.sql", "CREATE TABLE a (x);", "DROP TABLE a;");
  place.migration("2_b.sql", "CREATE TABLE b (x);", "DROP TABLE b;");
  const plan = see(planned, await json("plan"));
  const step = see("a step", firstOf(plan, "steps"));
  see("its options", fieldsOf(JSON.stringify(step["options"])));
  see("a statement", firstOf(step, "statements"));
  for (const command of ["migrate", "redo", "rollback"]) {
    see(planned, await json("migrate", "--dry-run"));
    const ran = see(stepping, await json(command));
    see("a migration there", firstOf(ran, "migrations"));
  }
  see("an entry", firstOf(see("`log`", await json("log")), "entries"));
  see("`schema`", await json("schema"));
  see("`verify`", await json("verify"));
  const catalogOf = (found: Record<string, unknown>): Record<string, unknown> =>
    see("the catalog of these two", fieldsOf(JSON.stringify(found["catalog"])));
  catalogOf(see("`version`", await json("version")));
  catalogOf(see("`bundle`", await json("bundle", "--out", "bundled")));
  place.remove("bundled");
  place.migration("3_c.sql", "DELETE FROM a;", "SELECT 1;");
  const lossy = list(await json("verify", "--data"), "migrations").at(-1);
  see("what a table lost there", firstOf(fieldsOf(JSON.stringify(lossy)), "lost"));
  place.remove("migrations/3_c.sql");
  place.database().run("DELETE FROM rung_history WHERE version > 1");
  place.migration("3_c.sql", "INSERT INTO a VALUES (1);", "DELETE FROM a;");
  const rehearsed = see("`rehearse`", await json("rehearse", "--allow-out-of-order"));
  see("the copy", fieldsOf(JSON.stringify(rehearsed["copy"])));
  see("the lock", fieldsOf(JSON.stringify(rehearsed["lock"])));
  place.remove("migrations/2_b.sql");
  const third = see("a migration of a rehearsal", firstOf(await json("rehearse"), "migrations"));
  see("its rows, table by table", firstOf(third, "rows"));
  see("its size", fieldsOf(JSON.stringify(third["size"])));
  const backedUp = see("`migrate --backup`", await json("migrate", "--backup"));
  see("its backup", fieldsOf(JSON.stringify(backedUp["backup"])));
  see("`backup`", await json("backup", "a.backup"));
  see("`restore`", await json("restore", "a.backup", "--db", "restored.db"));
  await json("rollback");
  place.remove("migrations/3_c.sql");

  place.database().run("CREATE INDEX by_hand ON a (x)");
  const status = see("`status`", await json("status"));
  see("a migration of a status", firstOf(status, "migrations"));
  see("a difference in `drift`", firstOf(status, "drift"));
  see("`repair --drift`", await json("repair", "--drift"));
  place.migration("1_a.sql", "CREATE TABLE a (y);", "DROP TABLE a;");
  see("`repair --changed`, `--missing`", await json("repair", "--changed", "1"));
  place.remove("migrations/1_a.sql");
  see("`repair --changed`, `--missing`", await json("repair", "--missing", "1"));
  place.write("migrations/2_b.sql", "-- migrate:up transaction:false\nSELECT 1;\nnonsense;");
  await json("migrate");
  const interrupted = see(
    "an interrupted or running one",
    firstOf(await json("status"), "migrations"),
  );
  see("`interrupted`", fieldsOf(JSON.stringify(interrupted["interrupted"])));
  see("`repair --settle`", await json("repair", "--settle", "2", "--as", "pending"));
  place.remove("rung.db");
  expect(await json("baseline", "2", "--force", "--dry-run")).toHaveProperty("dry_run", true);
  see("`baseline`", await json("baseline", "2", "--force"));
  place.remove("rung.db");
  place.remove("migrations");
  {
    await using _running = await holding(place);
    const running = see(
      "an interrupted or running one",
      firstOf(await json("status"), "migrations"),
    );
    expect(running["state"]).toBe("running");
    see("`interrupted`", fieldsOf(JSON.stringify(running["interrupted"])));
  }

  // What verdicts have is tried with them.
  const rows = tableOf("JSON output", "Object").filter(([what]) => !what?.startsWith("one with "));
  expect(rows.map(([what]) => what).toSorted()).toEqual(Object.keys(seen).sort());
  for (const [what = "", keys] of rows) {
    for (const found of seen[what] ?? []) expect([what, found]).toEqual([what, spansOf(keys)]);
  }
});

const unshare = Bun.which("unshare");
const first = ["--pid", "--fork", "--kill-child", "--mount-proc"];
const signals = "Exit statuses: process 1 rolls back at a signal, and ends with its status";
if (unshare === null || Bun.spawnSync([unshare, ...first, "/bin/true"]).exitCode !== 0) {
  notRunHere(signals, "no namespace of processes may be made");
} else {
  test(signals, async () => {
    const { lines } = sectionOf("Exit statuses and failure codes");
    for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) {
      const line = lines.find((each) => each.includes(`as process 1, ${signal}:`));
      const [, status = ""] = /\*\*(\d+)\*\*/.exec(line ?? "") ?? [];
      using place = new Place();
      place.migration("1_a.sql", "CREATE TABLE a (x);");
      // The signal comes while the step runs, from the process itself: before it would be too early to be heard.
      place.write(
        "migrations/2_b.ts",
        `export function up(db) { db.exec("CREATE TABLE b (x)"); process.kill(1, "${signal}"); }`,
      );
      const words = [unshare, ...first, executable, "migrate", "--json"];
      const ran = await place.run(words);
      const [code] = spansOf(line);
      expect([ran.status, fieldsOf(ran.stdout)["error"]]).toEqual([
        Number(status),
        expect.objectContaining({ code }),
      ]);
      using database = place.database();
      const tables = database.query("SELECT name FROM sqlite_schema WHERE name = 'b'").values();
      expect(tables).toEqual([]);
      expect((await place.rung("status", "--json")).stdout).toContain(`"ok":true`);
    }
  });
}
