// The README's files for containers and servers: read as their programs read them, and done by hand.

import { afterAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { restsOf, stagesOf, takenBy, wordsIn } from "./dockerfile.ts";
import { sectionOf } from "./readme.ts";
import { ownLibraries, Root, type Contents } from "./root.ts";
import { executable, json, notRunHere, Place, root as repository, table } from "./rung.ts";

const { fences } = sectionOf("Containers and servers");

/** The lines of the fence in a language that has a word in it. */
function linesOf(language: string, word: string): readonly string[] {
  const found = fences.find((each) => {
    return each.language === language && each.lines.join("\n").includes(word);
  });
  if (found === undefined) throw new Error(`There is no ${language} with ${word}.`);
  return found.lines;
}

const wordsOf = v.array(v.string());

/** The files that a path of the builder's stands for. */
const given: Readonly<Record<string, string>> = {
  "dist/rung": executable,
  migrations: join(repository, "migrations"),
  // The application is the reader's own; this one does what it reads on standard input.
  app: executable,
};

function filesBelow(from: string, to: string): Contents {
  if (from !== given["migrations"]) return [[to, from]];
  return readdirSync(from).map((name) => [`${to}/${name}`, join(from, name)] as const);
}

const [build, final] = stagesOf(linesOf("dockerfile", "FROM"));
if (build === undefined || final === undefined) throw new Error("The Dockerfile has two stages.");

/** What is in the first stage, from where it comes; a folder made there comes from nowhere. */
const built = new Map<string, string | null>();
for (const copied of restsOf(build, "COPY")) {
  const [from = "", to = ""] = copied.split(" ");
  built.set(to, given[from] ?? null);
}
for (const made of restsOf(build, "RUN")) {
  const [, folder] = /^mkdir (\S+)$/.exec(made) ?? [];
  if (folder !== undefined) built.set(folder, null);
}

const taken = takenBy(final);

test("the Dockerfile: two stages, and a final one without a shell, as nobody in particular", () => {
  expect(build.from).toEndWith(" AS build");
  expect(final.from).toMatch(/^gcr\.io\/distroless\/[\w-]+:nonroot$/);
  expect(restsOf(final, "RUN")).toEqual([]);
  expect(taken.filter(({ from }) => !built.has(from))).toEqual([]);
  expect(taken.filter(({ flags }) => !flags.includes("--from=build"))).toEqual([]);
  // Only what it writes to is its user's own, and that is a volume.
  const own = taken.filter(({ flags }) => flags.includes("--chown=nonroot:nonroot"));
  expect(own.map(({ to }) => to)).toEqual([...restsOf(final, "VOLUME")]);
  const [check = ""] = restsOf(build, "RUN");
  const words = wordsIn(check).map((word) => built.get(word) ?? word);
  const verified = Bun.spawnSync(words, { env: {} });
  expect([verified.exitCode, verified.stderr.toString()]).toEqual([0, ""]);
});

const image = new Root();
afterAll(() => image[Symbol.dispose]());
const contents = taken.flatMap(({ from, to }) => {
  const source = built.get(from) ?? null;
  return source === null ? [] : filesBelow(source, to);
});
const reason = image.make([...contents, ...ownLibraries()], restsOf(final, "VOLUME"));
const environment = Object.fromEntries(
  restsOf(final, "ENV").flatMap((rest) => {
    return rest.split(" ").map((pair) => pair.split("=", 2));
  }),
);

/** A test in a root of its own. */
function inside(name: string, body: () => void): void {
  if (reason === null) test(name, body);
  else notRunHere(name, reason);
}

inside("the Dockerfile: its image by hand migrates, and becomes the application", () => {
  expect(image.list()).toEqual(["app", "data", "dev", "migrations", "proc", "rung"]);
  const [entrypoint = ""] = restsOf(final, "ENTRYPOINT");
  const ran = image.run(wordsIn(entrypoint), environment, `{"type":"status","msg_id":1}\n`);
  expect([ran.status, ran.error]).toEqual([0, ""]);
  const [first = "", second = "", said = ""] = ran.out.split("\n");
  expect([first, second]).toEqual([
    expect.stringMatching(/^applied 1 /),
    expect.stringMatching(/^applied 2 /),
  ]);
  expect(json(said)).toMatchObject({ type: "migration_status", in_reply_to: 1 });
});

const podSchema = v.strictObject({
  initContainers: v.array(
    v.strictObject({
      name: v.string(),
      image: v.string(),
      command: wordsOf,
      volumeMounts: v.array(v.strictObject({ name: v.string(), mountPath: v.string() })),
    }),
  ),
});

inside("Kubernetes: the container of the pod does its command in that image", () => {
  const pod = v.parse(podSchema, Bun.YAML.parse(linesOf("yaml", "initContainers").join("\n")));
  expect(pod.initContainers).toHaveLength(1);
  for (const { command, volumeMounts } of pod.initContainers) {
    const ran = image.run(command);
    expect([ran.status, ran.error]).toEqual([0, ""]);
    const database = command[command.indexOf("--db") + 1] ?? "";
    expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual([dirname(database)]);
    expect(image.query("SELECT version FROM rung_history", database)).toHaveLength(2);
  }
});

const jobSchema = v.strictObject({ steps: v.array(v.strictObject({ run: v.string() })) });

test("GitHub Actions: the steps pass where all is applied, and fail where something is pending", async () => {
  const job = v.parse(jobSchema, Bun.YAML.parse(linesOf("yaml", "steps").join("\n")));
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  expect((await place.rung(["migrate", "--db", "copy.db"])).status).toBe(0);
  const statuses = (): readonly number[] =>
    job.steps.map(({ run }) => {
      const env = { PATH: `${dirname(executable)}:/usr/bin:/bin` };
      return Bun.spawnSync(["/bin/sh", "-e", "-c", run], { cwd: place.path, env }).exitCode;
    });
  expect(statuses()).toEqual([0, 0]);
  place.write({ "2_b.sql": table("b") });
  expect(statuses()).toEqual([0, 1]);
});

const unit = linesOf("ini", "ExecStartPre");

function valueOf(key: string): string {
  return unit.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
}

const systemd = Bun.which("systemd-analyze");
if (systemd === null) {
  notRunHere("systemd reads the unit", "there is no systemd-analyze");
} else {
  test("systemd reads the unit, and knows all that it says", () => {
    using place = new Place();
    mkdirSync(place.at("units"));
    // The programs are looked for, too.
    const text = unit.join("\n").replaceAll(/\/usr\/local\/bin\/\w+/g, executable);
    const path = place.at("units", "app.service");
    writeFileSync(path, `${text}\n`);
    const ran = Bun.spawnSync([systemd, "verify", "--man=no", path], { stderr: "pipe" });
    const complaints = ran.stderr.toString().split("\n");
    expect(complaints.filter((line) => line.includes("app.service"))).toEqual([]);
  });
}

const host = new Root();
afterAll(() => host[Symbol.dispose]());
const state = `/var/lib/${valueOf("StateDirectory")}`;
const [program = "", ...words] = valueOf("ExecStartPre").split(" ");
const directory = words[words.indexOf("--dir") + 1] ?? "";
host.write(directory, { "1_a.sql": table("a") });
const hostReason = host.make([[program, executable], ...ownLibraries()], [state]);
const starting =
  "systemd: what it does before the start migrates, with a backup before each change";
if (hostReason !== null) {
  notRunHere(starting, hostReason);
} else {
  test(starting, () => {
    const variables = Object.fromEntries([valueOf("Environment").split("=", 2)]);
    expect(dirname(String(variables["RUNG_DB"]))).toBe(state);
    const start = (): void => {
      const ran = host.run([program, ...words], variables);
      expect([ran.status, ran.error]).toEqual([0, ""]);
    };
    const backups = (): readonly string[] =>
      readdirSync(host.at(state)).filter((name) => name.endsWith(".backup"));
    start();
    expect(backups()).toEqual([]);
    host.write(directory, { "2_b.sql": table("b") });
    start();
    start();
    expect(backups()).toHaveLength(1);
    expect(host.query("SELECT version FROM rung_history", variables["RUNG_DB"] ?? "")).toHaveLength(
      2,
    );
  });
}
