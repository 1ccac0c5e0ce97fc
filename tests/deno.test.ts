// The same source run by Deno: its types, the sample cases, the README's transcripts, and an executable of its making.

import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, executable, fieldsOf, Place, play, readme, root } from "./readme.ts";
import { notRunHere } from "./rung.ts";
import samples from "./samples.json";

const version = "2.9.6";

/** Deno by its words: the one in PATH, else, where that is asked for, the npm package, which is large. */
function findDeno(): readonly string[] | null {
  const path = Bun.which("deno");
  if (path !== null) return [path];
  if (process.env["RUNG_DENO"] !== "fetch") return null;
  const words = ["npx", "-y", "-p", `deno@${version}`, "sh", "-c", "command -v deno"];
  const { stdout } = Bun.spawnSync(words, { cwd: tmpdir(), stderr: "inherit" });
  const fetched = stdout.toString().trim();
  return fetched === "" ? null : [fetched];
}

/** Sections with a transcript that Deno cannot play, and why. */
const others: Readonly<Record<string, string>> = {
  "Your migrations in one executable": "rung bundle needs an executable that Bun has made",
  "In a Bun program": "the program is Bun's",
};

const [deno] = findDeno() ?? [];
if (deno === undefined) {
  notRunHere("Deno", "no deno in PATH; RUNG_DENO=fetch takes it from the npm registry");
} else {
  const folder = mkdtempSync(join(tmpdir(), "rung-deno-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const info = fieldsOf(Bun.spawnSync([deno, "info", "--json"]).stdout.toString());
  const cache = { DENO_DIR: String(info["denoDir"]), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const source = ["--config", join(root, "deno.json"), join(root, "src/main.ts")];
  const rung = join(folder, "rung");
  const exports = Object.entries(cache).map(([name, value]) => `export ${name}='${value}'\n`);
  writeFileSync(
    rung,
    `#!/bin/sh\n${exports.join("")}exec '${deno}' run -q -A '${source.join("' '")}' "$@"\n`,
  );
  chmodSync(rung, 0o755);

  const playSamples = async (place: Place, program: string): Promise<void> => {
    for (const { input, expected } of samples) {
      const ran = await place.run([program, JSON.stringify(input)], cache);
      expect(ran).toEqual({ status: 0, stdout: `${JSON.stringify(expected)}\n`, stderr: "" });
    }
  };

  test("deno check: no types of Bun's are needed", async () => {
    using place = new Place(rung);
    const [config = "", path = "", entry = ""] = source;
    const imports = join(root, "src/platform/deno/imports.ts");
    const ran = await place.run([deno, "check", "-q", config, path, entry, imports], cache);
    expect(ran).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  test("deno run: the sample cases, to the letter", async () => {
    using place = new Place(rung);
    await playSamples(place, rung);
  });

  for (const { title, fences } of readme) {
    const playable = fences.filter(({ language }) => language !== "sh" && language !== "ts");
    if (!playable.some(({ language }) => language === "console")) continue;
    const reason = others[title];
    if (reason !== undefined) {
      notRunHere(`deno run: ${title}`, reason);
      continue;
    }
    test.concurrent(`deno run: ${title}: its examples, in order`, async () => {
      using place = new Place(rung);
      before[title]?.(place);
      const named = fences.filter(
        (each) => playable.includes(each) || /^\/\/ /.test(each.lines[0] ?? ""),
      );
      for (const fence of named) await play(place, fence);
    });
  }

  test("deno run: a TypeScript migration has the checksum that Bun gives it", async () => {
    using place = new Place(rung);
    const imports = [
      `import type { A } from "./lib/types.ts"; import { type B } from './lib/types.ts';`,
      `import used, { type C } from "./lib/used.ts"; import { unused } from "./lib/unused.ts";`,
      `// import "./lib/none.ts"\nconst quotes = /["'\`]/; export * from "./lib/exported.ts";`,
      "const later = () => import(`./lib/later.ts`); const no = `import './lib/none.ts'`;",
      `type D = typeof import("./lib/types.ts"); import "./lib/effect.ts";`,
      "const within = () => `${import('./lib/within.ts')}`;",
    ];
    for (const each of ["used", "unused", "exported", "later", "effect", "within"]) {
      place.write(
        `migrations/lib/${each}.ts`,
        `export default 1; export const ${each}: number = 2;`,
      );
    }
    place.write("migrations/lib/types.ts", "export type A = 1; export type B = A;");
    const steps = `export function up(db) { db.run("CREATE TABLE a (x)"); }`;
    place.write("migrations/1_a.ts", [...imports, steps].join("\n"));
    place.write(
      "migrations/2_b.ts",
      [...imports, "enum E { e }", steps.replace("TABLE a", "TABLE b")].join("\n"),
    );
    const byBun = await place.run([executable, "version", "--json", "--dir", "migrations"]);
    const byDeno = await place.rung("version", "--json", "--dir", "migrations");
    expect(fieldsOf(byDeno.stdout)["catalog"]).toEqual(fieldsOf(byBun.stdout)["catalog"]);
    expect(await place.rung("migrate")).toMatchObject({ status: 0, stderr: "" });
    const status = await place.run([executable, "status", "--check"]);
    expect(status).toMatchObject({ status: 0, stderr: "" });
  });

  test("deno run: values and counts are those of Bun", async () => {
    const steps = `export function up(db) {
      db.exec("CREATE TABLE a (x, t); CREATE TABLE told (x)");
      for (const x of [1, -0, 1.5, 12345678901, 2n ** 60n, true, null, new Uint8Array([1])])
        db.run("INSERT INTO a VALUES (?1, typeof(?1))", x);
      for (const sql of ["UPDATE a SET x = x", "CREATE TABLE b (x)", "DELETE FROM b"])
        db.run("INSERT INTO told VALUES (?)", db.run(sql).changes);
      for (const values of [[1], [1, 2, 3]]) {
        let told = "accepted";
        try { db.run("INSERT INTO a VALUES (?, ?)", ...values); } catch (error) { told = error.message; }
        db.run("INSERT INTO told VALUES (?)", told);
      }
    }`;
    const rowsBy = async (program: string): Promise<unknown> => {
      using place = new Place(program);
      place.write("migrations/1_a.ts", steps);
      expect(await place.rung("migrate")).toMatchObject({ status: 0, stderr: "" });
      using database = place.database();
      return ["a", "told"].map((table) => database.query(`SELECT * FROM ${table}`).values());
    };
    expect(await rowsBy(rung)).toEqual(await rowsBy(executable));
  });

  test("deno run: bundle says why it cannot", async () => {
    using place = new Place(rung);
    place.migration("1_a.sql", "CREATE TABLE a (x);", "DROP TABLE a;");
    const ran = await place.rung("bundle", "--out", "bundled");
    expect(ran.stderr).toContain("[bundle.no-program]");
    expect(place.files()).toEqual(["migrations"]);
  });

  const made = join(folder, "made");
  const compile = (env: Record<string, string> = {}): string => {
    const words = [deno, "compile", "-q", "-A", "-o", made, ...source];
    const ran = Bun.spawnSync(words, { env: { ...process.env, ...cache, ...env } });
    return ran.stderr.toString();
  };
  const why = compile();
  const name = "deno compile: the sample cases by the executable";
  if (!existsSync(made) && why.includes("dl.deno.land")) {
    notRunHere(name, "Deno's runtime for executables cannot be fetched");
    test("deno compile: makes an executable of the source, if one that cannot run", async () => {
      // Deno itself is no such runtime, but takes what is put into one.
      const itself = Bun.spawnSync([deno, "eval", "console.log(Deno.execPath())"]).stdout;
      const path = itself.toString().trim();
      expect(compile({ DENORT_BIN: path })).toBe("");
      const bytes = Buffer.from(await Bun.file(made).arrayBuffer());
      expect(bytes.length).toBeGreaterThan(Bun.file(path).size);
      for (const text of ["src/platform/deno/sqlite.ts", "CREATE TABLE users"]) {
        expect([text, bytes.includes(text)]).toEqual([text, true]);
      }
    });
  } else {
    test(name, async () => {
      expect(why).toBe("");
      using place = new Place(made);
      await playSamples(place, made);
    });
  }
}
