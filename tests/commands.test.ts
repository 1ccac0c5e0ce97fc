// The command line: every command and option, what it prints where, and the exit status.

import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { expect, test } from "bun:test";
import { allCommands } from "../src/input/commands.ts";
import packageJson from "../package.json";
import { executable, json, Place, table } from "./rung.ts";

const commands = allCommands();

const took = /\(\d+ ms\)/g;

test("migrate, rollback and status work on one and the same file as the messages do", async () => {
  using place = new Place();
  const first = await place.rung(["migrate"]);
  expect(first.stdout.replace(took, "(T)")).toBe(
    "applied 1 create_users (T)\napplied 2 add_posts_table (T)\n",
  );
  expect([first.status, first.stderr]).toEqual([0, ""]);

  const { stdout } = await place.rung([`{"type":"rollback","msg_id":2}`]);
  expect(json(stdout)).toMatchObject({ type: "migration_rolled_back", version: 2 });

  const status = await place.rung(["status"]);
  expect(status.stdout).toMatch(/^VERSION +NAME +STATE +APPLIED AT \(UTC\) +TOOK +BY\n/);
  expect(status.stdout).toMatch(
    /\n1 +create_users +applied +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+ ms +\S+@\S+\n/,
  );
  expect(status.stdout).toMatch(/\n2 +add_posts_table +pending\n/);
  expect(status.stdout).toEndWith("\n1 applied, 1 pending: rung.db\n");
  expect([status.status, status.stderr]).toEqual([0, ""]);

  const again = await place.rung(["up"]);
  expect(again.stdout.replace(took, "(T)")).toBe("applied 2 add_posts_table (T)\n");
  const nothing = await place.rung(["migrate"]);
  expect(nothing).toEqual({
    status: 0,
    stdout: "Nothing to apply: rung.db is up to date\n",
    stderr: "",
  });

  const down = await place.rung(["down"]);
  expect(down.stdout.replace(took, "(T)")).toBe("rolled back 2 add_posts_table (T)\n");
  await place.rung(["rollback"]);
  const none = await place.rung(["rollback"]);
  expect([none.status, none.stdout]).toEqual([4, ""]);
  expect(none.stderr).toBe(
    "rung: There is nothing to roll back: no migration is applied. [history.nothing-to-roll-back]\n" +
      "hint: See rung status.\n",
  );
});

test("every step is in the audit trail, the undone ones too", async () => {
  using place = new Place();
  await place.rung(["migrate"]);
  await place.rung(["rollback"]);
  await place.rung(["migrate"]);
  const trail = place.query("SELECT event, version, name FROM rung_log ORDER BY id");
  expect(trail.map(({ event, version, name }) => [event, version, name])).toEqual([
    ["apply", 1, "create_users"],
    ["apply", 2, "add_posts_table"],
    ["rollback", 2, "add_posts_table"],
    ["apply", 2, "add_posts_table"],
  ]);
});

test("the sample's tables hold what they promise", async () => {
  using place = new Place();
  await place.rung(["migrate"]);
  place.execute("INSERT INTO users (id, email, name) VALUES (1, 'a@example.org', 'Ada')");
  place.execute("INSERT INTO posts (user_id, title) VALUES (1, 'One')");
  expect(() => place.execute("INSERT INTO users (email, name) VALUES ('nobody', 'N')")).toThrow();
  expect(() =>
    place.execute("INSERT INTO users (email, name) VALUES ('A@example.org', 'B')"),
  ).toThrow();
  expect(() => place.execute("INSERT INTO posts (user_id, title) VALUES (1, '')")).toThrow();
  place.execute("PRAGMA foreign_keys = ON; DELETE FROM users");
  expect(place.query("SELECT * FROM posts")).toEqual([]);
});

test("--json: one documented object a command", async () => {
  using place = new Place();
  const duration_ms = expect.any(Number);
  const read = async (...words: string[]): Promise<[number | null, object, string]> => {
    const { status, stdout, stderr } = await place.rung([...words, "--json"]);
    expect(stdout.split("\n")).toHaveLength(2);
    return [status, json(stdout), stderr];
  };
  const pending = { state: "pending", applied_at: null, duration_ms: null, applied_by: null };
  expect(await read("status")).toEqual([
    0,
    {
      command: "status",
      ok: true,
      database: "rung.db",
      catalog: "embedded sample",
      applied: 0,
      pending: 2,
      migrations: [
        { version: 1, name: "create_users", ...pending },
        { version: 2, name: "add_posts_table", ...pending },
      ],
      drift: [],
    },
    "",
  ]);
  const users = { version: 1, name: "create_users", direction: "up", duration_ms };
  const posts = { version: 2, name: "add_posts_table", direction: "up", duration_ms };
  const head = { ok: true, database: "rung.db" };
  const warnings = { drift: [], notes: [] };
  expect(await read("up")).toEqual([
    0,
    { command: "migrate", ...head, count: 2, migrations: [users, posts], ...warnings },
    "",
  ]);
  expect(await read("migrate")).toEqual([
    0,
    { command: "migrate", ...head, count: 0, migrations: [], ...warnings },
    "",
  ]);
  const undone = [{ ...posts, direction: "down" }];
  expect(await read("rollback")).toEqual([
    0,
    { command: "rollback", ...head, count: 1, migrations: undone, ...warnings },
    "",
  ]);
  expect((await read("status"))[1]).toMatchObject({
    applied: 1,
    pending: 1,
    migrations: [
      {
        version: 1,
        state: "applied",
        applied_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        applied_by: expect.stringContaining("@"),
      },
      { version: 2, state: "pending", applied_at: null },
    ],
  });
  await place.rung(["rollback"]);
  expect(await read("rollback")).toEqual([
    4,
    {
      command: "rollback",
      ok: false,
      database: "rung.db",
      count: 0,
      migrations: [],
      ...warnings,
      failed: null,
      error: {
        code: "history.nothing-to-roll-back",
        text: "There is nothing to roll back: no migration is applied.",
        hint: "See rung status.",
        changed: "nothing",
      },
    },
    "",
  ]);
});

test("--json: a failed run is one object on stdout, with what did become durable", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": "-- migrate:up\nSELECT 1;\nDROP TABLE b;\n" });
  const { status, stdout, stderr } = await place.rung(["migrate", "--json"]);
  expect(json(stdout)).toEqual({
    command: "migrate",
    ok: false,
    database: "rung.db",
    count: 1,
    migrations: [{ version: 1, name: "a", direction: "up", duration_ms: expect.any(Number) }],
    drift: [],
    notes: [],
    failed: { version: 2, name: "b" },
    error: {
      code: "step.failed",
      text: "Migration 2 b failed: no such table: b.",
      hint: "Mend the statement and run the command again.",
      changed: "some",
      file: "migrations/2_b.sql",
      line: 3,
      column: 1,
      statement: "DROP TABLE b",
    },
  });
  expect([status, stderr]).toEqual([6, ""]);
});

test("--json: failures before a run are one object on stdout too", async () => {
  using place = new Place();
  const cases: readonly (readonly [string[], number, string])[] = [
    [["fly", "--json"], 2, "usage.unknown-command"],
    [["status", "--json", "--jsn"], 2, "usage.unknown-option"],
    [["status", "--json", "--lock-timeout", "soon"], 2, "usage.invalid-option"],
    [["status", "--json", "--db", ":memory:"], 2, "usage.invalid-option"],
    [["status", "--json", "--dir", "nowhere"], 3, "catalog.not-found"],
  ];
  for (const [words, status, code] of cases) {
    const ran = await place.rung(words);
    expect([ran.status, ran.stderr]).toEqual([status, ""]);
    expect(json(ran.stdout)).toMatchObject({ ok: false, error: { code, changed: "nothing" } });
  }
});

test("version, in every spelling", async () => {
  using place = new Place();
  using database = new Database(":memory:");
  const { sqlite = "" } =
    database.query<{ sqlite: string }, []>("SELECT sqlite_version() AS sqlite").get() ?? {};
  for (const words of [["version"], ["--version"], ["-v"], ["-V"]]) {
    expect(await place.rung(words)).toEqual({
      status: 0,
      stdout: `rung ${packageJson.version} (SQLite ${sqlite})\n`,
      stderr: "",
    });
  }
  const { stdout } = await place.rung(["version", "--json"]);
  expect(json(stdout)).toMatchObject({ program: "rung", version: packageJson.version, sqlite });
});

const names = commands.map(({ name }) => name);

test("help names every command and option, and the exit statuses", async () => {
  using place = new Place();
  const { status, stdout, stderr } = await place.rung(["help"]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(names).toEqual(
    expect.arrayContaining(["migrate", "rollback", "status", "help", "version"]),
  );
  for (const name of names) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
  for (const option of [
    "--db PATH",
    "--dir DIR",
    "--json",
    "--lock-timeout TIME",
    "--reply FORM",
  ]) {
    expect(stdout).toContain(option);
  }
  expect(stdout).toContain("Exit status: 0");
  for (const words of [["--help"], ["-h"], ["help", "--db", "x"]]) {
    expect(await place.rung(words)).toEqual({ status, stdout, stderr });
  }
});

for (const name of names) {
  test(`${name} --help: what it does, its options, and an example that rung itself accepts`, async () => {
    using place = new Place();
    const help = await place.rung([name, "--help"]);
    expect([help.status, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toStartWith(`rung ${name}`);
    expect(help.stdout).toContain("--json");
    expect(await place.rung(["help", name])).toEqual(help);
    expect(await place.rung([name, "-h"])).toEqual(help);
    const [, example = ""] = /^Example: rung (.+)$/m.exec(help.stdout) ?? [];
    expect(example).toStartWith(name);
    // It is no usage error where there are migrations of every version that an example names.
    const versions = Array.from({ length: 12 }, (_, index) => index + 1);
    const files = Object.fromEntries(versions.map((each) => [`${each}_t.sql`, table(`t${each}`)]));
    for (const directory of ["migrations", "db/migrations"]) place.write(files, directory);
    const [words = ""] = example.split(/ [|>] /);
    expect((await place.rung(words.split(" "))).status).not.toBe(2);
  });
}

test("help of an alias is help of its command, and options of a command stand in its help alone", async () => {
  using place = new Place();
  expect(await place.rung(["up", "--help"])).toEqual(await place.rung(["help", "migrate"]));
  expect(await place.rung(["help", "down"])).toEqual(await place.rung(["rollback", "-h"]));
  expect((await place.rung(["help", "migrate"])).stdout).toContain("--commit MODE");
  expect((await place.rung(["help", "rollback"])).stdout).not.toContain("--commit");
});

const usage: readonly (readonly [string[], string, string])[] = [
  [["migrat"], `"migrat" is not a command. [usage.unknown-command]`, "Did you mean rung migrate?"],
  [["stauts"], `"stauts" is not a command.`, "Did you mean rung status?"],
  [["st"], `"st" is not a command.`, "Did you mean rung status?"],
  [["donw"], `"donw" is not a command.`, "Did you mean rung down?"],
  [["photosynthesis"], `"photosynthesis" is not a command.`, "See rung help."],
  [["constructor"], `"constructor" is not a command.`, "See rung help."],
  [["help", "rolback"], `"rolback" is not a command.`, "Did you mean rung help rollback?"],
  [["migrate", "--jsn"], "--jsn is not an option of migrate. [usage.unknown-option]", "--json?"],
  [["migrate", "--comit", "each"], "--comit is not an option of migrate.", "--commit?"],
  [["rollback", "--commit", "each"], "--commit is not an option of rollback.", "See rung help."],
  [["status", "--dirr=x"], "--dirr is not an option of status.", "Did you mean --dir?"],
  [["status", "-x"], "-x is not an option of status.", "See rung help."],
  [["--jsn"], "--jsn is not an option.", "Did you mean --json?"],
  [["migrate", "now"], `"now" is one word too many. [usage.unexpected-argument]`, "See rung help."],
  [["version", "1"], `"1" is one word too many.`, "See rung help."],
  [["help", "status", "me"], `"me" is one word too many.`, "See rung help."],
  [["migrate", `{"type":"status"}`], "is one word too many.", "See rung help."],
  [["migrate", "--db"], "--db needs a value. [usage.invalid-option]", "Write --db PATH."],
  [["migrate", "--db="], "--db needs a value.", "Write --db PATH."],
  [["migrate", "--db", ""], "--db needs a value.", "Write --db PATH."],
  [["migrate", "--json=yes"], "--json takes no value.", "Write --json alone."],
  [["migrate", "--db", "a", "--db", "b"], "--db is given twice.", "Keep one of them."],
  [
    ["migrate", "--commit", "some"],
    "--commit must be one of group, each, all",
    "rung help migrate",
  ],
  [["migrate", "--db", ":memory:"], "A database in memory", "Name a file with --db."],
];

for (const [words, text, hint] of usage) {
  test(`rung ${words.join(" ")}: one line, a hint, exit 2, and nothing is touched`, async () => {
    using place = new Place();
    const { status, stdout, stderr } = await place.rung(words);
    const [line, next, ...rest] = stderr.split("\n");
    expect(line).toStartWith("rung: ");
    expect(line).toContain(text);
    expect(next).toStartWith("hint: ");
    expect(next).toContain(hint);
    expect(rest).toEqual([""]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(place.list()).toEqual([]);
  });
}

test("options stand before or behind the command, with = or a space, with one dash or two", async () => {
  for (const words of [
    ["--db", "a.db", "migrate"],
    ["--db=a.db", "migrate"],
    ["-db", "a.db", "migrate"],
    ["migrate", "--db", "a.db"],
    ["migrate", "--db=a.db"],
    ["--json", "migrate", "-db=a.db"],
  ]) {
    using place = new Place();
    const { status } = await place.rung(words);
    expect([status, place.list()]).toEqual([0, ["a.db"]]);
  }
});

test("which database: --db, else RUNG_DB, else DATABASE_URL, else ./rung.db", async () => {
  const all = { RUNG_DB: "env.db", DATABASE_URL: "sqlite:url.db" };
  const cases: readonly (readonly [string[], Record<string, string>, string])[] = [
    [["--db", "option.db"], all, "option.db"],
    [[], all, "env.db"],
    [[], { DATABASE_URL: all.DATABASE_URL }, "url.db"],
    [[], {}, "rung.db"],
    [[], { RUNG_DB: "", DATABASE_URL: "" }, "rung.db"],
    [["--db", "option.db"], { DATABASE_URL: "postgres://localhost/app" }, "option.db"],
  ];
  for (const [words, env, file] of cases) {
    using place = new Place();
    const command = await place.rung(["migrate", ...words], { env });
    expect([command.status, place.list()]).toEqual([0, [file]]);
    expect(place.tables(file)).toEqual(["posts", "users"]);
    const message = await place.rung([...words, `{"type":"migrate"}`], { env });
    expect(json(message.stdout)).toMatchObject({ count: 0 });
    expect(place.list()).toEqual([file]);
  }
});

const urls: readonly (readonly [string, string])[] = [
  ["sqlite:app.db", "app.db"],
  ["sqlite://app.db", "app.db"],
  ["SQLite:app.db", "app.db"],
  ["sqlite:./app.db", "app.db"],
  ["file:app.db", "app.db"],
  ["file:app.db?mode=rwc&cache=shared", "app.db"],
  ["file:app.db?mode=rw#part", "app.db"],
  ["sqlite:my%20app%3F.db", "my app?.db"],
  ["sqlite:ünï%C3%A9.db", "ünïé.db"],
];

for (const [url, file] of urls) {
  test(`DATABASE_URL=${url} is the file ${file}`, async () => {
    using place = new Place();
    const { status } = await place.rung(["migrate"], { env: { DATABASE_URL: url } });
    expect([status, place.list()]).toEqual([0, [file]]);
  });
}

test("DATABASE_URL with an absolute path, by two slashes or three", async () => {
  using place = new Place();
  mkdirSync(place.at("elsewhere"));
  for (const [index, scheme] of ["sqlite:", "sqlite://", "file:", "file://"].entries()) {
    const file = `a${index}.db`;
    const env = { DATABASE_URL: `${scheme}${place.at(file)}` };
    expect((await place.rung(["migrate"], { env, cwd: "elsewhere" })).status).toBe(0);
    expect(place.list()).toContain(file);
  }
  expect(await place.rung(["status"], { cwd: "elsewhere" })).toMatchObject({ status: 0 });
});

const wrongUrls = [
  "postgres://user:secret@localhost/app",
  "mysql:app",
  "sqlite3:app.db",
  "app.db",
  "/tmp/app.db",
  "sqlite:",
  "sqlite://",
  "file:?mode=rwc",
  "file:app.db?mode=ro",
  "file:app.db?mode=memory",
  "file:app.db?immutable=1",
  "sqlite::memory:",
  "sqlite:app%zz.db",
];

for (const url of wrongUrls) {
  test(`DATABASE_URL=${url} is a usage error, and is not ignored`, async () => {
    using place = new Place();
    for (const words of [["migrate"], ["status"], [`{"type":"migrate"}`]]) {
      const { status, stdout, stderr } = await place.rung(words, { env: { DATABASE_URL: url } });
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/^rung: .*\[usage\.(database-url|invalid-option)\]\nhint: .*\n$/);
      expect(stderr).not.toContain("secret");
    }
    expect(place.list()).toEqual([]);
  });
}

const literalNames = [
  "a?mode=memory.db",
  "a#b.db",
  "100%.db",
  "%41.db",
  "with space.db",
  "it's.db",
  'say "hi".db',
  "file:x.db",
  "file:x.db?mode=memory",
  "sqlite:x.db",
  "ünïcödé 😀.db",
  "back\\slash.db",
  ":memory:x",
  "-dash.db",
  "a;b.db",
  "{brace}.db",
];

for (const file of literalNames) {
  test(`a database named ${file} is exactly that file`, async () => {
    using place = new Place();
    for (const words of [
      ["migrate", "--db", file],
      ["rollback", `--db=${file}`],
    ]) {
      expect(await place.rung(words)).toMatchObject({ status: 0, stderr: "" });
    }
    expect(place.list()).toEqual([file]);
    expect(place.tables(file)).toEqual(["users"]);
    const { stdout } = await place.rung(["status", "--json"], { env: { RUNG_DB: file } });
    expect(json(stdout)).toMatchObject({ database: file, applied: 1 });
    expect(place.list()).toEqual([file]);
  });
}

test("status and rollback of a missing database create nothing, on any way in", async () => {
  using place = new Place();
  for (const [words, status] of [
    [["status"], 0],
    [["rollback"], 4],
    [["status", "--db", "no/such/folder/x.db"], 0],
    [["rollback", "--db", "no/such/folder/x.db"], 4],
    [[`{"type":"status"}`], 0],
    [[`{"type":"rollback"}`], 1],
  ] as const) {
    expect((await place.rung(words)).status).toBe(status);
  }
  expect(place.list()).toEqual([]);
});

test("migrate does not make folders: exit 5, and says what to check", async () => {
  using place = new Place();
  const { status, stderr } = await place.rung(["migrate", "--db", "no/such/folder/x.db"]);
  expect(status).toBe(5);
  expect(stderr).toMatch(
    /^rung: .*no\/such\/folder\/x\.db.*\[database\.cannot-open\]\nhint: .*folder/,
  );
  expect(place.list()).toEqual([]);
});

test("a database that is none is left as it was: exit 5", async () => {
  const letter = "This is a letter, and not a database. ".repeat(40);
  using place = new Place();
  place.write({ "rung.db": letter }, ".");
  for (const command of ["migrate", "rollback", "status"]) {
    const { status, stdout, stderr } = await place.rung([command]);
    expect([status, stdout]).toEqual([5, ""]);
    expect(stderr).toContain("[database.not-a-database]");
  }
  expect(await Bun.file(place.at("rung.db")).text()).toBe(letter);
  expect(place.list()).toEqual(["rung.db"]);
});

test("a directory in the database's place: exit 5", async () => {
  using place = new Place();
  mkdirSync(place.at("rung.db"));
  for (const command of ["migrate", "status"]) {
    const { status, stderr } = await place.rung([command]);
    expect(status).toBe(5);
    expect(stderr).toContain("[database.cannot-open]");
  }
});

test("an empty file is an empty database", async () => {
  using place = new Place();
  place.write({ "rung.db": "" }, ".");
  expect((await place.rung(["status"])).stdout).toContain("2 pending");
  expect((await place.rung(["rollback"])).status).toBe(4);
  expect(Bun.file(place.at("rung.db")).size).toBe(0);
  expect((await place.rung(["migrate"])).status).toBe(0);
  expect(place.applied()).toEqual([1, 2]);
});

for (const time of ["30s", "500ms", "2m", "1h", "10", "0", "0s", "1.5s", "0.25", "2147483647ms"]) {
  test(`--lock-timeout ${time} is a duration`, async () => {
    using place = new Place();
    expect((await place.rung(["migrate", "--lock-timeout", time])).status).toBe(0);
    expect((await place.rung(["--lock-timeout", time, `{"type":"status"}`])).status).toBe(0);
  });
}

for (const time of [
  "soon",
  "5 s",
  "1d",
  "-1",
  "1e3",
  "5sec",
  "2147483648ms",
  ".5",
  "Infinity",
  "0x10",
]) {
  test(`--lock-timeout ${time} is none: exit 2, named as it was given`, async () => {
    using place = new Place();
    const wrong = [`--lock-timeout=${time}`];
    for (const words of [["migrate"], ["status"], ["rollback"], [`{"type":"status"}`]]) {
      const { status, stdout, stderr } = await place.rung([...words, ...wrong]);
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toContain("--lock-timeout must be a duration such as 30s, 500ms or 2m");
      expect(stderr).toContain(`current value is ${JSON.stringify(time)}`);
    }
    expect(place.list()).toEqual([]);
  });
}

test("locked by a writer: exit 5 once the wait is over; what needs no lock does not wait", async () => {
  using place = new Place();
  await place.rung(["migrate"]);
  await place.rung(["rollback"]);
  using other = new Database(place.at("rung.db"));
  other.run("BEGIN IMMEDIATE");
  for (const words of [["migrate"], ["rollback"]]) {
    const { status, stdout, stderr } = await place.rung([...words, "--lock-timeout", "50ms"]);
    expect([status, stdout]).toEqual([5, ""]);
    expect(stderr).toMatch(
      /^rung: The database is locked .*\[database\.locked\]\nhint: .*--lock-timeout/,
    );
  }
  expect((await place.rung(["status", "--lock-timeout", "0"])).status).toBe(0);
  other.run("ROLLBACK");
  expect((await place.rung(["migrate"])).status).toBe(0);
  // Nothing is pending now, so a writer is in nobody's way.
  other.run("BEGIN IMMEDIATE");
  expect(await place.rung(["migrate", "--lock-timeout", "0"])).toEqual({
    status: 0,
    stdout: "Nothing to apply: rung.db is up to date\n",
    stderr: "",
  });
  other.run("ROLLBACK");
});

test("locked against readers: status waits as long as it may, then exit 5", async () => {
  using place = new Place();
  await place.rung(["migrate"]);
  using other = new Database(place.at("rung.db"));
  other.run("BEGIN EXCLUSIVE");
  for (const command of ["status", "migrate", "rollback"]) {
    const { status, stderr } = await place.rung([command, "--lock-timeout", "30ms"]);
    expect(status).toBe(5);
    expect(stderr).toContain("[database.locked]");
  }
  other.run("ROLLBACK");
});

test("a writer that lets go in time is waited for", async () => {
  using place = new Place();
  place.execute("CREATE TABLE t (id)");
  place.write({ "1_a.sql": table("a") });
  using other = new Database(place.at("rung.db"));
  other.run("BEGIN IMMEDIATE");
  const running = place.rung(["migrate"]);
  await Bun.sleep(150);
  other.run("ROLLBACK");
  expect(await running).toMatchObject({ status: 0, stderr: "" });
  expect(place.applied()).toEqual([1]);
});

test("a reader that lets go in time is waited for at the commit", async () => {
  using place = new Place();
  place.execute("CREATE TABLE t (id); INSERT INTO t VALUES (1)");
  place.write({ "1_a.sql": table("a") });
  using other = new Database(place.at("rung.db"));
  other.run("BEGIN");
  other.query("SELECT * FROM t").all();
  const impatient = await place.rung(["migrate", "--lock-timeout", "50ms"]);
  expect(impatient.status).toBe(5);
  expect(impatient.stderr).toContain("[database.locked]");
  const running = place.rung(["migrate"]);
  await Bun.sleep(150);
  other.run("ROLLBACK");
  expect(await running).toMatchObject({ status: 0, stderr: "" });
  expect(place.applied()).toEqual([1]);
});

test("no command on a terminal: status in short, and help", async () => {
  using place = new Place();
  let shown = "";
  const decoder = new TextDecoder();
  const child = Bun.spawn([executable], {
    cwd: place.path,
    env: {},
    terminal: {
      cols: 120,
      data: (_terminal, data) => {
        shown += decoder.decode(data, { stream: true });
      },
    },
  });
  expect(await child.exited).toBe(0);
  child.terminal?.close();
  expect(shown).toContain("2 pending: rung.db");
  expect(shown).toContain("Usage: rung COMMAND [options]");
  expect(place.list()).toEqual([]);
});

test("no .env, bunfig.toml, package.json or tsconfig.json of the directory has a say", async () => {
  using place = new Place();
  place.write(
    {
      ".env": "RUNG_DB=from-dotenv.db\n",
      "bunfig.toml": `preload = ["./preload.ts"]\n`,
      "preload.ts": `require("node:fs").writeFileSync("preloaded", "");\n`,
      "package.json": "{ this is no JSON",
      "tsconfig.json": "{ neither is this",
    },
    ".",
  );
  place.write({
    "1_a.ts": `export const up = (db: { exec(sql: string): void }) => db.exec("CREATE TABLE a (id)");`,
  });
  const before = place.list();
  expect(await place.rung(["migrate"])).toMatchObject({ status: 0, stderr: "" });
  expect(place.list()).toEqual([...before, "rung.db"].sort());
  expect(place.tables()).toEqual(["a"]);
});
