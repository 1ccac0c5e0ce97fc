// bundle: your migrations and rung as one executable, made by the executable itself, and the same whatever is around it.

import { afterAll, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { platformOfFile } from "../src/bundle/runtime.ts";
import { hostile, hostileFiles } from "./hostile-place.ts";
import { executable, json, notRunHere, Place, table, type Files, type Ran } from "./rung.ts";

const catalog: Files = {
  "0001_users.sql": table("users"),
  "0002_pair.up.sql": "CREATE TABLE pair (id);\r\n",
  "0002_pair.down.sql": "DROP TABLE pair;",
  "0003_shared.ts": `import { name } from "./lib/name.ts";
import seed from "./lib/seed.json";
import type { MigrationDb } from "nowhere";
export const options = { allow: ["lost-rows"] };
export function up(db: MigrationDb): void {
  db.exec(\`CREATE TABLE \${name} (x TEXT)\`);
  db.run(\`INSERT INTO \${name} VALUES (?)\`, seed.text);
}
export function down(db: MigrationDb): void { db.exec(\`DROP TABLE \${name}\`); }
`,
  "lib/name.ts": `import { prefix } from "../../shared/prefix.ts";\nexport const name: string = prefix + "shared";\n`,
  "lib/seed.json": `{ "text": "sown" }`,
  "../shared/prefix.ts": `export const prefix = "the_";\n`,
  [`0004_it's "odd" 100% #1 \`\${x}\`.sql`]: table("odd_sql"),
  [`0005_it's "odd" 100% #1 \`\${x}\`.ts`]: `export function up(db) { db.exec("CREATE TABLE odd_ts (id)"); }
export function down(db) { db.exec("DROP TABLE odd_ts"); }
`,
  "README.md": "not a migration",
};

/** One place for all that only looks: the migrations, and the executable made of them. */
const shared = new Place();
afterAll(() => shared[Symbol.dispose]());
shared.write(catalog, "project/migrations");
const app = shared.at("app");
const made = await shared.rung(["bundle", "--dir", "project/migrations", "--out", "app"]);

/** The bytes of a file, in short. */
async function sumOf(path: string): Promise<string> {
  return new Bun.CryptoHasher("sha256").update(await Bun.file(path).arrayBuffer()).digest("hex");
}

function failure(ran: Ran): unknown[] {
  const { error } = json(ran.stdout);
  return [ran.status, typeof error === "object" && error !== null && "code" in error && error.code];
}

test("it says what it wrote, and leaves nothing else", () => {
  expect({ ...made, stdout: made.stdout.replace(/\d+ MB/, "N MB") }).toEqual({
    status: 0,
    stdout: "wrote app (5 migrations, head 5, N MB)\n",
    stderr: "",
  });
  expect(shared.list()).toEqual(["app", "project"]);
  expect(statSync(app).mode & 0o777).toBe(0o777 & ~process.umask());
});

test("in an empty directory, with an empty environment: migrate, status, rollback", async () => {
  using place = new Place();
  const options = { executable: app };
  const migrated = await place.rung(["migrate", "--db", "app.db"], options);
  expect([migrated.status, migrated.stderr]).toEqual([0, ""]);
  expect(migrated.stdout).toContain("applied 3 shared");
  expect(place.query("SELECT x FROM the_shared", "app.db")).toEqual([{ x: "sown" }]);
  const status = json((await place.rung(["status", "--json", "--db", "app.db"], options)).stdout);
  expect(status).toMatchObject({ catalog: "embedded", applied: 5, pending: 0, drift: [] });
  const undone = await place.rung(["rollback", "--db", "app.db", "--to", "0"], options);
  expect([undone.status, undone.stderr, place.tables("app.db")]).toEqual([0, "", []]);
  expect(place.list()).toEqual(["app.db"]);
  const sent = await place.rung([`{"type":"status","msg_id":1}`], options);
  expect(json(sent.stdout)["migrations"]).toHaveLength(5);
  expect((await place.rung(["verify"], options)).status).toBe(0);
});

test("a database goes to and fro between the directory and the executable made of it", async () => {
  using place = new Place();
  const dir = ["--dir", shared.at("project/migrations")];
  expect((await place.rung(["migrate", ...dir, "--db", "a.db"])).status).toBe(0);
  const own = await place.rung(["status", "--check", "--db", "a.db"], { executable: app });
  expect(own.status).toBe(0);
  expect((await place.rung(["migrate", "--db", "b.db"], { executable: app })).status).toBe(0);
  expect((await place.rung(["status", "--check", "--db", "b.db", ...dir])).status).toBe(0);
});

test("it uses what it embeds, unless a directory is named", async () => {
  using place = new Place();
  place.write({ "1_other.sql": table("other") });
  const versions = async (words: string[], env: Record<string, string> = {}): Promise<unknown> => {
    const { stdout } = await place.rung(["status", "--json", ...words], { executable: app, env });
    return json(stdout)["catalog"];
  };
  expect(await versions([])).toBe("embedded");
  expect(await versions(["--dir", "migrations"])).toBe("migrations");
  expect(await versions([], { RUNG_DIR: "migrations" })).toBe("migrations");
});

test("version tells the tool, SQLite, and the catalog by head, count and hash", async () => {
  using place = new Place();
  const read = async (words: string[], path = executable): Promise<Record<string, unknown>> =>
    json((await place.rung(["version", "--json", ...words], { executable: path })).stdout);
  const { catalog: own, ...tool } = await read([], app);
  const hash = expect.stringMatching(/^h1:[0-9a-f]{64}$/);
  expect(own).toEqual({ from: "embedded", version: 5, count: 5, hash });
  const { catalog: sample, ...stock } = await read([]);
  expect(sample).toMatchObject({ from: "embedded sample", version: 2, count: 2 });
  expect(tool).toEqual(stock);
  const dir = shared.at("project/migrations");
  expect((await read(["--dir", dir]))["catalog"]).toEqual({ ...Object(own), from: dir });

  const { stdout } = await place.rung(["version"], { executable: app });
  const [first, second] = stdout.split("\n");
  expect(first).toBe((await place.rung(["version"])).stdout.trimEnd());
  expect(second).toMatch(/^5 migrations, head 5, h1:[0-9a-f]{64}$/);

  // An edited up, a new name and a new version are another catalog; an edited down is none.
  const hashes = new Set<unknown>();
  const see = async (files: Files): Promise<void> => {
    rmSync(place.at("migrations"), { recursive: true, force: true });
    place.write(files);
    const { catalog: found } = await read(["--dir", "migrations"]);
    hashes.add(Object(found).hash);
  };
  await see({ "1_a.sql": table("a") });
  await see({ "1_a.sql": table("a").replace("DROP TABLE a", "DROP TABLE IF EXISTS a") });
  expect(hashes.size).toBe(1);
  await see({ "1_a.sql": table("b") });
  await see({ "1_b.sql": table("a") });
  await see({ "2_a.sql": table("a") });
  expect(hashes.size).toBe(4);
});

test("the bundle of a bundle: the same bytes, made under another name, in hostile surroundings", async () => {
  using place = new Place();
  place.write(catalog, "elsewhere/project/migrations");
  // The surroundings would have a say in how it is made, were they heeded: those of the migrations and of the output.
  for (const folder of ["elsewhere", "elsewhere/project", "elsewhere/project/migrations", "out"]) {
    place.write(hostileFiles, folder);
  }
  rmSync(place.at("elsewhere/project/migrations/hostile.ts"));
  const env = {
    NODE_ENV: "production",
    TZ: "Asia/Tokyo",
    LANG: "C",
    HOME: place.at("nobody"),
    BUN_OPTIONS: "--define name=1 --jsx-runtime classic",
    BUN_DISABLE_TRANSPILER: "1",
  };
  const words = ["bundle", "--dir", "../elsewhere/project/migrations", "--out", "my app 2"];
  const before = ["/bin/sh", "-c", `umask 027; exec "$0" "$@"`];
  const ran = await place.rung(words, { executable: app, cwd: "out", env, before });
  expect([ran.status, ran.stderr]).toEqual([0, ""]);
  expect(await sumOf(place.at("out/my app 2"))).toBe(await sumOf(app));
  expect(statSync(place.at("out/my app 2")).mode & 0o777).toBe(0o750);
  expect(readdirSync(place.at("out")).sort()).toEqual(
    [...Object.keys(hostileFiles), "my app 2"].sort(),
  );
}, 20_000);

test("--name is what it calls itself, in help, hints and version; --json tells what was written", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  writeFileSync(place.at("tool"), "an older one", { mode: 0o600 });
  const ran = await place.rung(["bundle", "--out", "tool", "--name", "app-migrate", "--json"]);
  const { bytes } = json(ran.stdout);
  expect(json(ran.stdout)).toEqual({
    command: "bundle",
    ok: true,
    file: "tool",
    target: null,
    bytes: statSync(place.at("tool")).size,
    catalog: { from: "migrations", version: 1, count: 1, hash: expect.any(String) },
  });
  expect(bytes).toBeGreaterThan(10_000_000);
  const options = { executable: place.at("tool") };
  const help = await place.rung(["help"], options);
  expect(help.stdout).toStartWith("app-migrate: ");
  expect(help.stdout).toContain("./rung.db");
  expect((await place.rung(["help", "migrate"], options)).stdout).toContain(
    "Usage: app-migrate migrate [options]",
  );
  const wrong = await place.rung(["rung"], options);
  expect(wrong.stderr).toBe(
    `app-migrate: "rung" is not a command. [usage.unknown-command]\nhint: See app-migrate help.\n`,
  );
  expect((await place.rung(["version"], options)).stdout).toStartWith("app-migrate (rung ");
});

const refused: readonly (readonly [string, readonly string[], number, string])[] = [
  ["no --out", [], 2, "usage.missing-argument"],
  ["a target that is none", ["--out", "x", "--target", "vax"], 2, "usage.invalid-option"],
  ["a name that is none", ["--out", "x", "--name", "a b"], 2, "usage.invalid-option"],
  ["a folder", ["--out", "folder"], 7, "bundle.output"],
  ["a name in no folder", ["--out", "nowhere/x"], 7, "bundle.output"],
  ["the name of a folder", ["--out", "x/"], 7, "bundle.output"],
  ["a device", ["--out", "/dev/null"], 7, "bundle.output"],
  ["a link", ["--out", "link"], 7, "bundle.output"],
  ["a migration", ["--out", "migrations/1_a.sql"], 7, "bundle.output"],
  ["what a migration imports", ["--out", "one/lib/x.ts", "--dir", "one"], 7, "bundle.output"],
  ["no directory", ["--out", "x", "--dir", "nowhere"], 3, "catalog.not-found"],
  ["no migrations", ["--out", "x", "--dir", "folder"], 3, "catalog.empty"],
  ["a broken catalog", ["--out", "x", "--dir", "broken"], 3, "catalog.import"],
  ["a down that leaves", ["--out", "x", "--dir", "leaves"], 6, "verify.not-reversible"],
  ["a runtime that is none", ["--out", "x", "--runtime", "text"], 7, "bundle.runtime"],
  ["a runtime that is missing", ["--out", "x", "--runtime", "nowhere"], 7, "bundle.runtime"],
  ["another program", ["--out", "x", "--runtime", "/bin/sh"], 7, "bundle.runtime"],
  [
    "another platform's",
    ["--out", "x", "--target", "windows-x64", "--runtime", executable],
    7,
    "bundle.runtime",
  ],
  ["what fails to compile", ["--out", "x", "--no-verify", "--dir", "lacks"], 7, "bundle.failed"],
];

test("what is refused leaves everything as it was", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  place.write({ "1_a.ts": `import x from "left-pad";\nexport function up() {}\n` }, "broken");
  place.write({ "1_a.sql": `${table("a")}CREATE TABLE b (x);\n` }, "leaves");
  place.write(
    { "1_a.ts": `import { x } from "./lib/x.ts";\nexport const up = x;`, "lib/x.ts": "export {};" },
    "lacks",
  );
  place.write(
    {
      "1_a.ts": `import "./lib/x.ts";\nexport function up() {}`,
      "lib/x.ts": "export {};",
    },
    "one",
  );
  mkdirSync(place.at("folder"));
  writeFileSync(place.at("text"), "text");
  symlinkSync("text", place.at("link"));
  writeFileSync(place.at("x"), "an older one");
  const before = place.list();
  const found: unknown[] = [];
  for (const [what, words] of refused) {
    const ran = await place.rung(["bundle", ...words, "--json"]);
    found.push([what, ...failure(ran)]);
  }
  expect(found).toEqual(refused.map(([what, , status, code]) => [what, status, code]));
  expect(place.list()).toEqual(before);
  const texts = ["x", "text", "migrations/1_a.sql", "one/lib/x.ts"];
  expect(texts.map((file) => readFileSync(place.at(file), "utf8"))).toEqual([
    "an older one",
    "text",
    table("a"),
    "export {};",
  ]);
  const { stderr } = await place.rung(["bundle", ...(refused.at(-1)?.[1] ?? [])]);
  expect(stderr).toContain(`1_a.ts:1:10: No matching export in "modules/lib/x.ts"`);
});

test("--no-verify takes a down that leaves something, and a runtime may be another rung", async () => {
  using place = new Place();
  place.write({ "1_a.sql": `${table("a")}CREATE TABLE b (x);\n` });
  const words = ["bundle", "--out", "x", "--no-verify", "--runtime", app, "--json"];
  expect(json((await place.rung(words)).stdout)).toMatchObject({ ok: true, file: "x" });
  expect(platformOfFile(place.at("x"))).toBe(platformOfFile(executable));
  const carried = await place.rung(["status"], { executable: place.at("x") });
  expect(carried.stdout).toContain("1 pending");
});

test("a platform whose runtime is neither at hand nor within reach is an error that says so", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  const other = platformOfFile(executable) === "darwin-arm64" ? "linux-x64" : "darwin-arm64";
  const env = { HOME: place.path, BUN_COMPILE_TARGET_TARBALL_URL: "http://127.0.0.1:9/bun.tgz" };
  const words = ["bundle", "--out", "x", "--target", `bun-${other}`];
  const { status, stdout, stderr } = await place.rung(words, { env });
  expect([status, stdout]).toEqual([7, ""]);
  expect(stderr).toContain(`The runtime for ${other} cannot be fetched: `);
  expect(stderr).toContain("[bundle.runtime]\nhint: Ask again where the npm registry");
  expect(existsSync(place.at("x"))).toBe(false);
  expect(place.list().filter((name) => name.startsWith(".rung"))).toEqual([]);
});

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`${signal} in the middle leaves what was there`, async () => {
    using place = new Place();
    place.write({ "1_a.sql": table("a") });
    writeFileSync(place.at("x"), "an older one");
    const child = Bun.spawn([executable, "bundle", "--out", "x"], { cwd: place.path, env: {} });
    const isAtIt = (): boolean => place.list().some((name) => name.startsWith(".rung-bundle-"));
    while (!isAtIt() && child.exitCode === null) await Bun.sleep(1);
    child.kill(signal);
    await child.exited;
    expect([child.signalCode, readFileSync(place.at("x"), "utf8")]).toEqual([
      signal,
      "an older one",
    ]);
    if (signal === "SIGTERM") expect(place.list()).toEqual(["migrations", "x"]);
    else
      for (const name of place.list().filter((each) => each.startsWith(".rung"))) {
        expect(statSync(place.at(name)).mode & 0o777).toBe(0o700);
      }
  });
}

test("what a killed one has left goes with the next, once it is an hour old", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  for (const name of ["old", "young"]) {
    mkdirSync(place.at(`.rung-bundle-${name}`));
    writeFileSync(place.at(`.rung-bundle-${name}`, "rung"), "half of it");
  }
  const past = new Date(Date.now() - 61 * 60 * 1000);
  utimesSync(place.at(".rung-bundle-old"), past, past);
  expect((await place.rung(["bundle", "--out", "x"])).status).toBe(0);
  expect(place.list()).toEqual([".rung-bundle-young", "migrations", "x"]);
});

const small = new Place();
afterAll(() => small[Symbol.dispose]());
const mount = `mount -t tmpfs -o size=20m tmpfs "$0" && echo old > "$0/x" && "$@"; status=$?; ls -A "$0"; cat "$0/x"; exit $status`;
const onSmallDisk = ["unshare", "--mount", "/bin/sh", "-c", mount, small.path];
const full = "a full disk is an error that says so, and leaves what was there";
if (Bun.spawnSync([...onSmallDisk, "true"]).exitCode !== 0) {
  notRunHere(full, "a mount is not permitted");
} else {
  test(full, async () => {
    using place = new Place();
    place.write({ "1_a.sql": table("a") });
    const env = { PATH: process.env["PATH"] ?? "" };
    const words = ["bundle", "--out", small.at("x"), "--json"];
    const { status, stdout } = await place.rung(words, { before: onSmallDisk, env });
    const [report = "", ...left] = stdout.trimEnd().split("\n");
    expect([status, left]).toEqual([7, ["x", "old"]]);
    expect(json(report)["error"]).toMatchObject({
      code: "bundle.output",
      text: expect.stringMatching(
        /\bx cannot be written: there is room for \d+ MB, and \d+ MB are/,
      ),
    });
  });
}

const isRoot = process.getuid?.() === 0;
const setpriv = Bun.which("setpriv");
const nobody =
  isRoot && setpriv !== null ? [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
const readOnly = "a folder that may only be read is an error that says so";
if (isRoot && Bun.spawnSync([...nobody, "/bin/sh", "-c", `test "$(id -u)" != 0`]).exitCode !== 0) {
  notRunHere(readOnly, "root heeds no file modes, and may not become somebody else");
} else {
  test(readOnly, async () => {
    using place = new Place();
    place.write({ "1_a.sql": table("a") });
    chmodSync(place.path, 0o555);
    const ran = await place.rung(["bundle", "--out", "x", "--json"], { before: nobody });
    expect(failure(ran)).toEqual([7, "bundle.output"]);
    expect(json(ran.stdout)["error"]).toMatchObject({
      text: "x cannot be written: EACCES: permission denied.",
    });
    chmodSync(place.path, 0o755);
    expect(place.list()).toEqual(["migrations"]);
  });
}

const unshare = Bun.which("unshare") ?? "unshare";
const alone = [unshare, "--net", "--map-root-user"];
const strace = Bun.which("strace");
const offline = "migrate, status and bundle work without a network, and ask for none";
if (Bun.spawnSync([...alone, "/bin/sh", "-c", ":"]).exitCode !== 0) {
  notRunHere(offline, "no namespace of the network may be made");
} else {
  test(offline, async () => {
    using place = new Place();
    place.write({ "1_a.sql": table("a") });
    const isTraced = strace !== null && Bun.spawnSync([strace, "-V"]).exitCode === 0;
    const traced = isTraced ? [strace, "-f", "-e", "trace=network", "-o", place.at("trace")] : [];
    for (const words of [["migrate"], ["status"], ["bundle", "--out", "x", "--no-verify"]]) {
      const ran = await place.rung(words, { before: [...alone, ...traced] });
      expect([words, ran.status, ran.stderr]).toEqual([words, 0, ""]);
      if (isTraced)
        expect(readFileSync(place.at("trace"), "utf8")).not.toMatch(/socket\(|connect\(/);
    }
  });
}

for (const [what, path] of [
  ["the stock executable", executable],
  ["a bundle", app],
] as const) {
  test(`${what} heeds no .env, bunfig.toml, package.json or tsconfig.json where it runs, nor one at home`, async () => {
    using place = new Place();
    place.write(hostileFiles, ".");
    place.write(hostileFiles, "own");
    place.write(
      {
        "own/1_a.ts": `import { b } from "./lib/b.ts";\nexport function up(db) { db.exec("CREATE TABLE " + b + " (x)"); }\n`,
        "own/lib/b.ts": `import { sep } from "node:path";\nexport const b = "b" + sep.length;\n`,
      },
      ".",
    );
    rmSync(place.at("own/hostile.ts"));
    const before = place.list();
    const env = { HOME: place.path, XDG_CONFIG_HOME: place.path };
    const ran = await place.rung(["migrate"], { executable: path, env });
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    expect(place.list()).toEqual([...before, "rung.db"].sort());
    const own = await place.rung(["migrate", "--dir", "own", "--db", "own.db"], {
      executable: path,
      env,
    });
    expect([own.status, own.stderr, place.tables("own.db")]).toEqual([0, "", ["b1"]]);
    expect(place.list()).toEqual([...before, "own.db", "rung.db"].sort());
  });
}

test("the surroundings are hostile indeed: the runtime as such heeds them, and what its environment tells it", async () => {
  using place = new Place();
  place.write(hostileFiles, ".");
  writeFileSync(place.at("innocent.js"), "");
  const asBun = await place.rung(["innocent.js"], { executable: app, env: { BUN_BE_BUN: "1" } });
  expect([asBun.stdout, place.list().includes(hostile)]).toEqual(["env.db\n", true]);
  rmSync(place.at(hostile));
  await place.rung(["version"], { env: { BUN_OPTIONS: "--preload=./hostile.ts" } });
  expect(place.list()).toContain(hostile);
  rmSync(place.at(hostile));
  await place.rung(["version"], {
    before: ["env", "-i"],
    env: { BUN_OPTIONS: "--preload=./hostile.ts" },
  });
  expect(place.list()).not.toContain(hostile);
});
