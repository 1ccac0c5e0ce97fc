// The same source on Deno: types, samples, the README's transcripts, and outcomes alike those of the executable.

import { expect, test } from "bun:test";
import { chmodSync, existsSync } from "node:fs";
import samples from "./samples.json" with { type: "json" };
import { executable, json, notRunHere, Place, root, table } from "./rung.ts";

/** The Deno that CI has fetched, or one at hand: its own path, past whatever starts it; null where there is none. */
function findDeno(): string | null {
  const at = process.env["RUNG_DENO"] ?? Bun.which("deno");
  if (at === null || at === "") return null;
  const asked = Bun.spawnSync([at, "eval", "console.log(Deno.version.deno, Deno.execPath())"]);
  return /^2\.9\.\d+ (?<path>.+)$/m.exec(asked.stdout.toString())?.groups?.["path"] ?? null;
}

const deno = findDeno();
const needed = "Deno 2.9: RUNG_DENO or PATH names none, and only .ci/run fetches it";

/** Runs Deno in the repository, with the packages that are installed there. */
async function runDeno(words: readonly string[]): Promise<{ status: number; stderr: string }> {
  const child = Bun.spawn([deno ?? "deno", ...words], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = await child.stderr.text();
  return { status: await child.exited, stderr };
}

const offline = "--node-modules-dir=manual";

/** All that a program of Deno may do, or what is enough where no database is copied. */
const permissions = {
  all: ["--allow-all"],
  some: ["--no-prompt", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"],
} as const;

/** A place with `bin/rung`, which runs the source on Deno; null where there is no Deno. */
function placeWithDeno(allowed: keyof typeof permissions): { place: Place; rung: string } | null {
  if (deno === null) return null;
  const place = new Place();
  const config = ["--quiet", "--cached-only", offline, `--config=${root}/deno.json`];
  const words = [deno, "run", ...config, ...permissions[allowed], `${root}/src/main.ts`];
  const cache = process.env["DENO_DIR"] ?? place.at("cache");
  const command = words.map((word) => `'${word}'`).join(" ");
  const script = `#!/bin/sh\nexport DENO_DIR='${cache}'\nexec ${command} "$@"\n`;
  place.write({ rung: script }, "bin");
  chmodSync(place.at("bin", "rung"), 0o755);
  return { place, rung: place.at("bin", "rung") };
}

async function playSamples(rung: string): Promise<void> {
  using place = new Place();
  for (const { input, expected } of samples) {
    const ran = await place.rung([JSON.stringify(input)], { executable: rung });
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(json(ran.stdout)).toEqual(expected);
  }
  expect(place.applied()).toEqual([1]);
}

test("deno check: the source is sound with Deno's types, and without Bun's", async () => {
  if (deno === null) return notRunHere("deno check", needed);
  const { status, stderr } = await runDeno(["check", "--quiet", offline, "src/main.ts"]);
  expect([status, stderr]).toEqual([0, ""]);
}, 180_000);

test("deno run: the samples", async () => {
  const there = placeWithDeno("some");
  if (there === null) return notRunHere("deno run", needed);
  using _ = there.place;
  await playSamples(there.rung);
}, 180_000);

test("deno compile: the samples, by an executable", async () => {
  if (deno === null) return notRunHere("deno compile", needed);
  using place = new Place();
  const made = place.at("rung-deno");
  const words = ["compile", "--quiet", "--no-check", offline, ...permissions.some];
  const { status, stderr } = await runDeno([...words, "--output", made, "src/main.ts"]);
  if (/Setting up base binary/.test(stderr) && /error sending request/.test(stderr)) {
    return notRunHere(
      "deno compile",
      "the runtime that it puts into executables cannot be fetched",
    );
  }
  expect([status, stderr, existsSync(made)]).toEqual([0, "", true]);
  await playSamples(made);
}, 180_000);

test("deno run: the transcripts of the README and of sessions, but those that make executables", async () => {
  const there = placeWithDeno("all");
  if (there === null) return notRunHere("the transcripts on Deno", needed);
  using _ = there.place;
  const wanted = "^(?!Your migrations in one executable).*its examples|Maelstrom node|pipeline";
  const files = ["tests/readme.test.ts", "tests/node/transcripts.test.ts"];
  const child = Bun.spawn(
    [process.execPath, "test", ...files, "-t", wanted, "--timeout", "60000"],
    {
      cwd: root,
      env: { ...process.env, RUNG_UNDER_TEST: there.rung, NO_COLOR: "1" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect([await child.exited, `${stdout}${stderr}`.match(/^\(fail\).*/gm) ?? []]).toEqual([0, []]);
  expect(Number(/^ *(\d+) pass$/m.exec(stderr)?.[1])).toBeGreaterThanOrEqual(12);
}, 180_000);

const values = `import { label } from "./lib/label.ts";
enum Kind { a = "k" }
export function up(db) {
  db.exec("CREATE TABLE v (a, b, c); CREATE TABLE u (a UNIQUE)");
  db.run("INSERT INTO v VALUES (?, ?, ?)", 1, 1.5, true);
  db.run("INSERT INTO v VALUES (?, ?, ?)", 12345678901, null, new Uint8Array([1, 2]));
  db.run("INSERT INTO v VALUES (?, ?, ?)", 2n ** 60n, label, Kind.a);
  for (const row of db.iterate("SELECT *, typeof(a) AS t, hex(c) AS h FROM v WHERE a > ?", 0)) {
    db.run("INSERT INTO u VALUES (?)", String(row.a) + row.t + row.h);
  }
  const made = [db.run("UPDATE v SET b = b"), db.run("CREATE TABLE w (a)"), db.get("SELECT 1 WHERE 0")];
  db.run("INSERT INTO u VALUES (?)", made.map((each) => String(each?.changes)).join());
  for (const wrong of [() => db.run("INSERT INTO u VALUES (?)", 1, 2), () => db.all("SELECT nope")]) {
    try {
      wrong();
      throw new Error("It was accepted.");
    } catch (error) {
      db.run("INSERT INTO u VALUES (?)", error.message);
    }
  }
}
export function down(db) {
  db.exec("DROP TABLE w; DROP TABLE u; DROP TABLE v");
}
`;

/** What differs from run to run, made the same. */
function alike(text: string): string {
  return text.replace(/"(duration_ms|applied_at|total_ms)":("[^"]*"|[\d.]+)/g, `"$1":0`);
}

/** What commands print, one after the other, and what is in the databases then. */
async function story(rung: string): Promise<unknown> {
  using place = new Place();
  const told: unknown[] = [];
  const tell = async (...words: string[]): Promise<void> => {
    const { status, stdout, stderr } = await place.rung([...words, "--json"], { executable: rung });
    told.push([words, status, alike(stdout).replaceAll(place.path, "PLACE"), stderr]);
  };
  place.write({
    "1_v.ts": values,
    "lib/label.ts": `export const label = "x";\n`,
    "2_keys.sql": `-- migrate:up\n${"CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id)); CREATE INDEX i ON c (p);"}\n-- migrate:down\nDROP TABLE c; DROP TABLE p;\n`,
  });
  await tell("migrate");
  await tell("status");
  await tell("verify", "--data");
  told.push(
    place.query("SELECT * FROM u"),
    place.query("SELECT version, checksum, fingerprint FROM rung_history"),
  );
  place.write({ "3_bad.sql": "-- migrate:up\nINSERT INTO u SELECT a FROM u;\n" });
  await tell("migrate");
  place.write({ "3_bad.sql": '-- migrate:up\nINSERT INTO w VALUES ("quoted");\nSELECT nope;\n' });
  await tell("migrate");
  place.write({ "3_bad.sql": "-- migrate:up\nINSERT INTO c VALUES (7);\n" });
  await tell("migrate");
  place.write({ "3_bad.sql": "-- migrate:up\nCREATE VIEW w2 AS SELECT nope FROM u;\n" });
  await tell("migrate");
  place.write({ "3_bad.sql": "-- migrate:up\n-- nothing but words\n;\n" });
  await tell("migrate");
  await tell("rollback", "--to", "2");
  await tell("schema");
  place.write({ "none.db": "This is no database, however long it may be looked at." }, ".");
  await tell("migrate", "--db", "none.db");
  await tell("migrate", "--db", "nowhere/a.db");
  await tell("status", "--db", "absent.db");
  await tell("rollback", "--db", "absent.db");
  place.write({ "1_a.sql": table("a") }, "other");
  await tell("migrate", "--db", "a?b#c%41.db", "--dir", "other");
  told.push(place.list());
  return told;
}

test("deno run: the same outcomes, checksums and fingerprints as the executable's", async () => {
  const there = placeWithDeno("some");
  if (there === null) return notRunHere("outcomes on Deno", needed);
  using _ = there.place;
  const [onDeno, onBun] = await Promise.all([story(there.rung), story(executable)]);
  expect(onDeno).toEqual(onBun);
  // The one command that needs Bun says so.
  const ran = await there.place.rung(["bundle", "--out", "made", "--json"], {
    executable: there.rung,
  });
  expect(ran).toMatchObject({ status: 7, stdout: expect.stringContaining("bundle.no-program") });
}, 180_000);
