// The rules of the house: who may know whom, where the runtime is touched, and how files are written.

import { expect, test } from "bun:test";
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import denoJson from "../deno.json";
import packageJson from "../package.json";
import { Place, root } from "./rung.ts";
import { importsOf, lineOf, readSource, sourcesBelow, type Source } from "./source.ts";

const src = sourcesBelow(root, "src");
const everything = [...src, ...sourcesBelow(root, "tests"), ...sourcesBelow(root, "migrations")];

/**
 * Who imports whom: a file directly in src/ and a folder of it are units, and `type` means types alone. Units come
 * before those that they import, so there is no way round. An edge that is not here is a decision to take; one that
 * nobody needs any more has to go.
 */
const edges: Readonly<Record<string, readonly string[]>> = {
  main: ["process"],
  process: ["app", "work", "type world", "facts", "platform"],
  library: [
    "perform",
    "type job",
    "report",
    "database",
    "type event",
    "type plan",
    "migration",
    "command",
    "type failure",
  ],
  app: ["version", "work", "type world", "input", "failure"],
  version: ["work", "migration", "failure", "facts", "package.json"],
  work: ["invoke", "serve", "refuse", "type world", "input", "database", "migration", "failure"],
  invoke: [
    "workplace",
    "speech",
    "refuse",
    "type world",
    "perform",
    "bundle",
    "type job",
    "input",
    "report",
    "type event",
    "migration",
    "type command",
    "failure",
  ],
  serve: ["session", "workplace", "refuse", "type world", "input", "failure"],
  workplace: ["type world", "type job", "input", "migration", "failure"],
  speech: ["type world", "type report"],
  refuse: ["type world", "type input", "report", "failure"],
  world: ["type job", "type input", "type report", "type run"],
  session: ["kept", "perform", "type job", "input", "report", "type event", "failure", "shorten"],
  release: [
    "bundle",
    "report",
    "migration",
    "failure",
    "platform",
    "package.json",
    "node:child_process",
    "node:crypto",
    "node:fs",
    "node:os",
    "node:path",
    "node:url",
    "node:zlib",
  ],
  kept: ["type job", "type run", "type migration", "type failure"],
  perform: [
    "proof",
    "job",
    "run",
    "type event",
    "plan",
    "type migration",
    "type command",
    "failure",
  ],
  proof: ["job", "run", "type event", "plan", "type command"],
  job: ["type run", "type event", "type activity", "type migration", "type failure"],
  bundle: [
    "run",
    "plan",
    "migration",
    "failure",
    "called",
    "facts",
    "platform",
    "node:crypto",
    "node:fs",
    "node:path",
    "valibot",
  ],
  input: ["command", "duration", "failure", "called", "facts", "nearest", "shorten"],
  report: [
    "type event",
    "type activity",
    "plan",
    "migration",
    "type command",
    "failure",
    "called",
    "facts",
  ],
  database: [
    "type run",
    "plan",
    "migration",
    "failure",
    "platform",
    "bun:sqlite",
    "node:fs",
    "node:os",
    "node:path",
    "valibot",
  ],
  run: ["type event", "type activity", "plan", "migration", "type command", "failure", "valibot"],
  activity: ["type migration", "type failure"],
  event: ["type plan", "type migration", "type failure"],
  plan: ["migration", "type command", "failure"],
  migration: ["failure", "nearest", "platform", "migrations", "node:fs", "node:path", "node:url"],
  command: ["duration", "failure", "shorten", "valibot"],
  duration: [],
  failure: [],
  called: ["facts"],
  facts: [],
  nearest: [],
  shorten: [],
  platform: [
    "node:child_process",
    "node:crypto",
    "node:fs",
    "node:module",
    "node:os",
    "node:path",
    "node:sqlite",
    "node:tty",
    "node:vm",
  ],
};

function unitOf(path: string): string {
  const inSrc = path.startsWith("src/") ? path.slice("src/".length) : path;
  const [first = ""] = inSrc.split("/", 1);
  return inSrc.includes("/") ? first : first.replace(/\.ts$/, "");
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
  readonly at: string;
}

function edgesOf(sources: readonly Source[]): Edge[] {
  return sources.flatMap((source) =>
    importsOf(source).map(({ specifier, line, isType }) => {
      const target = posix.join(posix.dirname(source.path), specifier);
      return {
        from: unitOf(source.path),
        to: specifier.startsWith(".") ? unitOf(target) : specifier,
        isType,
        at: `${source.path}:${line}`,
      };
    }),
  );
}

function isAllowed({ from, to, isType }: Edge): boolean {
  const known = edges[from] ?? [];
  return from === to || known.includes(to) || (isType && known.includes(`type ${to}`));
}

function wrongEdges(sources: readonly Source[]): string[] {
  return edgesOf(sources)
    .filter((edge) => !isAllowed(edge))
    .map(
      ({ from, to, isType, at }) =>
        `${at}: ${from} must not import ${isType ? "even types of " : ""}${to}. See the table in tests/house.test.ts.`,
    );
}

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
  readonly remedy: string;
}

function breaches({ pattern, remedy }: Rule, sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, code }) =>
    [...code.matchAll(pattern)].map((match) => `${path}:${lineOf(code, match.index)}: ${remedy}`),
  );
}

test("imports go along the allowed edges only", () => {
  expect(wrongEdges(src)).toEqual([]);
});

test("no allowed edge is wider than its use, and none leads upwards", () => {
  const used = new Set(
    edgesOf(src).map(({ from, to, isType }) => `${from} -> ${isType ? `type ${to}` : to}`),
  );
  const order = Object.keys(edges);
  const all = Object.entries(edges).flatMap(([from, targets]) =>
    targets.map((to) => ({ from, to })),
  );
  const idle = all.filter(({ from, to }) => !used.has(`${from} -> ${to}`));
  expect(idle).toEqual([]);
  const upwards = all.filter(({ from, to }) => {
    const at = order.indexOf(to.replace(/^type /, ""));
    return at >= 0 && at <= order.indexOf(from);
  });
  expect(upwards).toEqual([]);
});

test("every unit is in the table", () => {
  const units = [...new Set(src.map(({ path }) => unitOf(path)))].filter(
    (unit) => unit !== "text-imports.d",
  );
  expect(units.sort()).toEqual(Object.keys(edges).sort());
});

test("main.ts, generate.ts, build.ts and release.ts are entries: nobody imports them", () => {
  const entries = src.flatMap((source) =>
    importsOf(source)
      .filter(({ specifier }) => /\/(main|generate|build|release)\.ts$/.test(specifier))
      .map(({ line }) => `${source.path}:${line}`),
  );
  expect(entries).toEqual([]);
});

test("a wrong edge would be found: types, lazy imports and exports too", () => {
  for (const line of [
    `import { openDatabase } from "../database/open.ts";`,
    `import type { Driver } from "../database/driver.ts";`,
    `export * from "../database/open.ts";`,
    `const x = await import("../database/open.ts");`,
    `import "../database/open.ts";`,
    `import {\n  a,\n} from '../database/open.ts';`,
  ]) {
    expect(wrongEdges([readSource("src/plan/x.ts", line)])).toHaveLength(1);
  }
  expect(wrongEdges([readSource("src/plan/x.ts", `import v from "valibot";`)])).toHaveLength(1);
  expect(wrongEdges([readSource("src/plan/x.ts", `// import "../database/open.ts";`)])).toEqual([]);
  expect(
    wrongEdges([readSource("src/plan/x.ts", 'const t = `import "../database/open.ts";`;')]),
  ).toEqual([]);
});

test("only src/database/sqlite.ts imports bun: modules", () => {
  const importers = src.flatMap((source) =>
    importsOf(source)
      .filter(({ specifier }) => specifier === "bun" || specifier.startsWith("bun:"))
      .map(() => source.path),
  );
  expect(importers).toEqual(["src/database/sqlite.ts"]);
});

test("the doors to the runtime are opened by those who need them: the database takes the hash, a size and the system alone", () => {
  const doors = src.flatMap((source) =>
    importsOf(source)
      .map(({ specifier }) => /platform\/(\w+)\.ts$/.exec(specifier)?.[1])
      .filter((door) => door !== undefined)
      .map((door) => `${unitOf(source.path)} -> ${door}`),
  );
  expect([...new Set(doors)].sort()).toEqual([
    "bundle -> afresh",
    "bundle -> compile",
    "database -> hash",
    "database -> size",
    "database -> system",
    "migration -> hash",
    "migration -> imports",
    "migration -> system",
    "process -> application",
    "process -> house",
    "process -> memory",
    "process -> pace",
    "process -> progress",
    "process -> signals",
    "process -> stdio",
    "release -> compile",
    "release -> imports",
  ]);
});

test("deno.json puts each door of src/platform/deno/ in the place of its namesake, and no other file knows them", () => {
  const below = "src/platform/deno/";
  const importers = src.filter(({ path }) => !path.startsWith(below)).flatMap(importsOf);
  expect(importers.filter(({ specifier }) => specifier.includes("/deno/"))).toEqual([]);
  const mapped = Object.entries(denoJson.imports).filter(([from]) => from !== "valibot");
  for (const [from, to] of mapped) {
    const door = from === "bun:sqlite" ? "sqlite.ts" : from.slice("./src/platform/".length);
    expect(to).toBe(`./${below}${door}`);
  }
  // Whoever uses the runtime has a namesake there, and none of those uses it.
  const users = src.filter(({ code }) => /\bBun\b/.test(code)).map(({ path }) => `./${path}`);
  expect(users.filter((path) => !mapped.some(([from]) => from === path))).toEqual([]);
  expect(denoJson.imports.valibot).toBe(`npm:valibot@${packageJson.dependencies.valibot}`);
});

const bunGlobal: Rule = {
  name: "the Bun global stands behind the doors in src/platform/ only",
  pattern: /\bBun\b|\bimport\.meta\.(?!url\b)/g,
  remedy: "Put what is needed of the runtime behind a door in src/platform/.",
};

const escapes: readonly Rule[] = [
  { name: "any", pattern: /(?<!\.)\bany\b/g, remedy: "Say what it is, or unknown." },
  {
    name: "a cast",
    pattern: /(?<!\*\s*)(?<!\b(?:import|export)\b[^;]*\{[^}]*)\bas\s+(?!const\b)[\w{[("]/g,
    remedy: "Let a check convince the compiler.",
  },
  {
    name: "a cast in brackets",
    pattern: /[=(,]\s*<\w+>\s*[\w{[]/g,
    remedy: "Let a check convince the compiler.",
  },
  {
    name: "a non-null assertion",
    pattern: /[\w)\]"]!(?=[.;,)\]\s[(:?])(?!=)/g,
    remedy: "Handle the absence.",
  },
];

test(bunGlobal.name, () => {
  const outside = src.filter(({ path }) => !path.startsWith("src/platform/"));
  expect(breaches(bunGlobal, outside)).toEqual([]);
  expect(breaches(bunGlobal, src).length).toBeGreaterThan(0);
});

for (const rule of escapes) {
  test(`no ${rule.name}: the compiler is convinced, never told`, () => {
    expect(breaches(rule, everything)).toEqual([]);
  });
}

test("an escape would be found, and what only looks like one is not", () => {
  const bad: readonly (readonly [string, string])[] = [
    ["any", "let x: any;"],
    ["any", "const x = (y: Array<any>) => y;"],
    ["a cast", "const x = y as string;"],
    ["a cast", "const x = JSON.parse(y) as { a: 1 };"],
    ["a cast", "const x = y as unknown;"],
    ["a cast in brackets", "const x = <Y>z;"],
    ["a non-null assertion", "x!.y();"],
    ["a non-null assertion", "const x = y[0]!;"],
    ["a non-null assertion", "f(x()!, 1);"],
  ];
  for (const [name, code] of bad) {
    const found = escapes.filter((rule) => breaches(rule, [readSource("x.ts", code)]).length > 0);
    expect(found.map((rule) => rule.name)).toEqual([name]);
  }
  const good = [
    `import * as v from "valibot";`,
    `import { a as b, type C as D } from "./x.ts";`,
    "export { a as b };",
    "const x = [1] as const;",
    `const x = "as any, as string, x!.y";`,
    "// as any\nconst x = 1; /* y! */",
    'const x = /as any!/.test(`as any ${1 !== 2 ? "y as z" : `x!`}`);',
    "if (!x || a !== b || c != d) return;",
    "const f = <T>(x: T): T => x;",
    "expect(x).toEqual(expect.any(Number));",
  ];
  for (const code of good) {
    const found = escapes.flatMap((rule) => breaches(rule, [readSource("x.ts", code)]));
    expect([code, found]).toEqual([code, []]);
  }
});

test("no compiler check and no test is switched off", () => {
  const wrong = everything.flatMap(({ path, text, code }) => {
    const directive = /(?:\/\/|\/\*)\s*@ts-(?:ignore|expect-error|nocheck)\b/.test(text);
    const skipped =
      /\b(?:test|describe|it)\s*\.\s*(?:skip|todo|only|if|skipIf|todoIf|failing)\b/.test(code);
    return directive || skipped ? [path] : [];
  });
  expect(wrong).toEqual([]);
});

test("every file opens with a sentence that says what it is", () => {
  const wrong = [...src, ...sourcesBelow(root, "tests")].filter(
    ({ text }) => !/^\/\/ [^\n]*\w[^\n]*\.\n/.test(text),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test("no file in src/ tells of to-dos or leaves code in comments", () => {
  const wrong = src.filter(({ text }) =>
    /\b(?:TODO|FIXME|XXX|HACK)\b|^\s*\/\/ (?:const|let|return|if \()/m.test(text),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test("the dependencies are valibot, and Bun's types to develop with; exact versions", () => {
  expect(Object.keys(packageJson.dependencies)).toEqual(["valibot"]);
  expect(Object.keys(packageJson.devDependencies)).toEqual(["@types/bun"]);
  for (const version of [
    ...Object.values(packageJson.dependencies),
    ...Object.values(packageJson.devDependencies),
  ]) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  }
  const others = Object.keys(packageJson).filter((key) => /dependenc/i.test(key));
  expect(others.sort()).toEqual(["dependencies", "devDependencies"]);
});

/** Runs the generator of a copy of the tree, so that the repository itself stays as it is. */
function generate(place: Place, ...words: string[]): { status: number; stderr: string } {
  const { exitCode, stderr } = Bun.spawnSync(
    [process.execPath, place.at("src/migration/generate.ts"), ...words],
    { cwd: place.path, stdout: "ignore" },
  );
  return { status: exitCode, stderr: stderr.toString() };
}

const mapPath = "src/migration/embedded.gen.ts";

test("the generated map is fresh, and generating it anew gives the same bytes", () => {
  using place = new Place();
  for (const name of ["src", "migrations", "package.json"]) {
    cpSync(`${root}/${name}`, place.at(name), { recursive: true });
  }
  symlinkSync(`${root}/node_modules`, place.at("node_modules"));
  expect(generate(place, "--check")).toEqual({ status: 0, stderr: "" });
  const committed = readFileSync(`${root}/${mapPath}`, "utf8");
  rmSync(place.at(mapPath));
  expect(generate(place, "--check").status).toBe(1);
  expect(generate(place)).toEqual({ status: 0, stderr: "" });
  expect(readFileSync(place.at(mapPath), "utf8")).toBe(committed);

  // A changed migration makes it stale, a new one too; a broken one is told, not generated.
  writeFileSync(place.at("migrations/0003_more.sql"), "-- migrate:up\nSELECT 1;\n");
  const stale = generate(place, "--check");
  expect(stale.status).toBe(1);
  expect(stale.stderr).toContain("bun run generate");
  generate(place);
  const grown = readFileSync(place.at(mapPath), "utf8");
  expect(grown).toContain(`origin: "embedded"`);
  expect(grown).toContain("0003_more.sql");
  writeFileSync(place.at("migrations/0003_more.sql"), "SELECT 1;\n");
  const broken = generate(place);
  expect(broken.status).toBe(1);
  expect(broken.stderr).toContain("0003_more.sql:1:1: There is no '-- migrate:up'");
  expect(readFileSync(place.at(mapPath), "utf8")).toBe(grown);
});
