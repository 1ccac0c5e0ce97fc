// Where the time of a run goes, effect by effect: a table for the results.

import { join } from "node:path";
import * as v from "valibot";
import { median } from "./measure.ts";

const profileSchema = v.object({
  first: v.number(),
  effects: v.record(v.string(), v.object({ count: v.number(), ms: v.number() })),
  total: v.number(),
});
type Profile = v.InferOutput<typeof profileSchema>;

/** What each effect is, for its reader. */
const names: Readonly<Record<string, string>> = {
  look: "history is read, the schema parsed by SQLite with it",
  begin: "the lock is taken, what writes is loaded",
  found: "our own tables are made",
  enter: "savepoints are opened",
  execute: "the SQL of the migrations runs",
  guard: "losses are looked for",
  record: "what is to be recorded is noted",
  leave: "savepoints are released",
  commit: "the schema is looked at, fingerprints are made, history is written, all is synced",
};

const rounds = 5;

/** The executable that tells of itself, made by the same rules as `rung`. */
export function makeProfiled(place: string, run: (argv: readonly string[]) => void): string {
  const out = join(place, "profiled");
  const flags = ["--compile", "--bytecode", "--format=esm", "--minify", "--splitting"];
  const source = join(import.meta.dir, "profiled.ts");
  const jit = "--compile-jit-policy=1000";
  run([process.execPath, "build", ...flags, jit, source, "--outfile", out]);
  return out;
}

async function once(argv: readonly string[], before: () => void): Promise<Profile> {
  before();
  const child = Bun.spawn([...argv], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const lines = (await child.stderr.text()).trimEnd().split("\n");
  return v.parse(profileSchema, JSON.parse(lines.at(-1) ?? ""));
}

/** The table of a command: medians of a few runs. */
export async function profileOf(
  title: string,
  argv: readonly string[],
  before: () => void,
): Promise<readonly string[]> {
  const profiles: Profile[] = [];
  for (let round = 0; round < rounds; round++) profiles.push(await once(argv, before));
  const row = (what: string, count: string, of: (profile: Profile) => number): string =>
    `| ${what} | ${count} | ${median(profiles.map(of)).toFixed(1)} ms |`;
  const spent = (profile: Profile): number =>
    Object.values(profile.effects).reduce((sum, { ms }) => sum + ms, 0);
  const effects = Object.entries(profiles[0]?.effects ?? {}).map(([name, { count }]) =>
    row(names[name] ?? name, String(count), ({ effects: all }) => all[name]?.ms ?? 0),
  );
  return [
    `| ${title} | Times | In all |`,
    "| --- | --- | --- |",
    row("start, words, the migrations are read and checked", "", ({ first }) => first),
    ...effects,
    row(
      "in between: the plan, the state machine, the report",
      "",
      (profile) => profile.total - profile.first - spent(profile),
    ),
    "",
  ];
}
