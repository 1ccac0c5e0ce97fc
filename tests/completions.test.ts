// What shells complete, asked of the shells themselves, and the help for everything at once.

import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { allCommands } from "../src/input/commands.ts";
import { commandOptions, commonOptions, sessionOptions } from "../src/input/options.ts";
import { executable, notRunHere, Place, table } from "./rung.ts";
import { noTerminal } from "./terminal.ts";

const commands = allCommands();

const bash = Bun.which("bash");

/** A test that needs a shell. */
function inShell(shell: string, name: string, body: (path: string) => Promise<void>): void {
  const path = Bun.which(shell);
  if (path === null) notRunHere(name, `there is no ${shell}`);
  else test.concurrent(name, async () => body(path));
}

const env = { PATH: `${dirname(executable)}:/usr/bin:/bin` };

/** What bash offers at the end of each of these lines, words as bash has split them. */
async function offered(
  script: string,
  complete: string,
  lines: readonly (readonly string[])[],
): Promise<readonly (readonly string[])[]> {
  const asked = lines.map((words) => {
    const list = words.map((word) => `'${word}'`).join(" ");
    return `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; COMPREPLY=(); ${complete}; echo "\${COMPREPLY[*]}"`;
  });
  const child = Bun.spawn([bash ?? "bash", "-c", `set -u\n${script}\n${asked.join("\n")}`], {
    env,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(stderr).toBe("");
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ").filter((word) => word !== ""));
}

const all = [...commonOptions, ...sessionOptions()].map(({ name }) => `--${name}`);
const words = commands.flatMap(({ name, aliases }) => [name, ...aliases]);

const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
  [["rung", ""], words],
  [["rung", "st"], ["status"]],
  [
    ["rung", "--db", "up", "r"],
    ["rollback", "redo", "rehearse", "restore", "repair"],
  ],
  [["rung", "--db", "=", "up", "st"], ["status"]],
  [
    ["rung", "-"],
    [...all, "--version"],
  ],
  [["rung", "migrate", "--a"], ["--allow-out-of-order"]],
  [["rung", "up", "--a"], ["--allow-out-of-order"]],
  [["rung", "--json", "down", "--do"], ["--down"]],
  [["rung", "rollback", "--com"], []],
  [
    ["rung", "new", "status", "--t"],
    ["--ts", "--timestamp"],
  ],
  [
    ["rung", "migrate", "--commit", ""],
    ["group", "each", "all"],
  ],
  [
    ["rung", "migrate", "--commit", "="],
    ["group", "each", "all"],
  ],
  [["rung", "migrate", "--commit", "=", "e"], ["each"]],
  [["rung", "migrate", "--commit=a"], ["--commit=all"]],
  [["rung", "repair", "--settle", "3", "--as", "p"], ["pending"]],
  [["rung", "plan", "--down", "c"], ["catalog"]],
  [
    ["rung", "--reply", ""],
    ["body", "envelope", "auto"],
  ],
  [
    ["rung", "bundle", "--target", "linux-arm"],
    ["linux-arm64", "linux-arm64-musl"],
  ],
  [
    ["rung", "completions", ""],
    ["bash", "zsh", "fish"],
  ],
  [
    ["rung", "help", "ver"],
    ["verify", "version"],
  ],
  [["rung", "migrate", "--steps", ""], []],
  [["rung", "migrate", "--db", ""], []],
  [["rung", "restore", ""], []],
  [["rung", "migrate", "--", "st"], []],
];

inShell("bash", "bash completes commands, options and values", async () => {
  const lines = cases.map(([line]) => line);
  const found = await offered('eval "$(rung completions bash)"', "_rung", lines);
  expect(lines.map((line, at) => [line, found[at] ?? []])).toEqual(
    cases.map(([line, wanted]) => [line, wanted]),
  );
});

inShell("bash", "bash completes every option of every command", async () => {
  const lines = commands.map(({ name }) => ["rung", name, "--"]);
  const found = await offered('eval "$(rung completions bash)"', "_rung", lines);
  commands.forEach(({ name, options }, at) => {
    const wanted = [...commonOptions.map((each) => each.name), ...options].map(
      (each) => `--${each}`,
    );
    expect([name, found[at]?.toSorted()]).toEqual([name, wanted.toSorted()]);
  });
});

inShell("bash", "an executable of another name has completions of its own", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  const out = place.at("own");
  await place.rung(["bundle", "--out", out, "--name", "app-1.x", "--no-verify"]);
  const { stdout } = await place.rung(["completions", "bash"], { executable: out });
  expect(stdout).not.toContain("rung");
  const script = `eval "$('${out}' completions bash)"`;
  expect(await offered(script, "_app_1_x", [["app-1.x", "st"]])).toEqual([["status"]]);
  expect(stdout).toEndWith("complete -o default -F _app_1_x app-1.x\n");
  for (const shell of ["zsh", "fish"]) {
    const other = (await place.rung(["completions", shell], { executable: out })).stdout;
    expect(other).toContain("explain app-1.x, or one command");
    expect(other.replaceAll("./rung.db", "")).not.toMatch(/\brung\b/);
  }
});

/** What bash has made of a line at its prompt, where the tabulator was pressed at its end. */
async function tabbed(place: Place, shell: string, line: string): Promise<string> {
  let shown = "";
  let heard = (): void => undefined;
  const decoder = new TextDecoder();
  const child = Bun.spawn([shell, "--norc", "--noprofile", "-i"], {
    cwd: place.path,
    env: { ...env, TERM: "dumb", PS1: "ready> ", INPUTRC: "/dev/null" },
    terminal: {
      cols: 200,
      data: (_terminal, data) => {
        shown += decoder.decode(data, { stream: true });
        heard();
      },
    },
  });
  const until = async (text: string): Promise<void> => {
    while (!shown.includes(text)) await new Promise<void>((resolve) => (heard = resolve));
  };
  await until("ready> ");
  child.terminal?.write(
    `eval "$(rung completions bash)"; rung() { printf '<%s>' "$@"; }; echo a''b\n`,
  );
  await until("ab\r\nready> ");
  // The line is run as it was completed; what it prints tells the words.
  child.terminal?.write(`${line}\t; echo c''d\n`);
  await until("cd\r\n");
  child.terminal?.write("exit\n");
  await child.exited;
  child.terminal?.close();
  return /(<[^\r\n]*>)cd/.exec(shown)?.[1] ?? shown;
}

const files = "bash completes files and directories at its prompt";
const unavailable = noTerminal();
if (unavailable !== null) notRunHere(files, unavailable);
else {
  inShell("bash", files, async (shell) => {
    using place = new Place();
    place.write({ "some thing.db": "", stray: "" }, ".");
    mkdirSync(place.at("straw"));
    const found = await Promise.all([
      tabbed(place, shell, "rung migrate --db so"),
      tabbed(place, shell, "rung migrate --dir=stra"),
      tabbed(place, shell, "rung restore some"),
      tabbed(place, shell, "rung new stra"),
    ]);
    expect(found).toEqual([
      "<migrate><--db><some thing.db>",
      "<migrate><--dir=straw/>",
      "<restore><some thing.db>",
      "<new><stra>",
    ]);
  });
}

for (const shell of ["zsh", "fish"]) {
  inShell(shell, `${shell} reads its script`, async (path) => {
    using place = new Place();
    const script = (await place.rung(["completions", shell])).stdout;
    place.write({ script }, ".");
    const child = Bun.spawnSync([path, "-n", place.at("script")]);
    expect([child.exitCode, child.stderr.toString()]).toEqual([0, ""]);
  });
}

test.concurrent(
  "the scripts of zsh and fish name every command and option, with what it means",
  async () => {
    using place = new Place();
    const known = [...commonOptions, ...sessionOptions(), ...commandOptions()];
    const zsh = (await place.rung(["completions", "zsh"])).stdout.replaceAll("\\", "");
    const fish = (await place.rung(["completions", "fish"])).stdout.replaceAll("\\", "");
    for (const { name, summary, value } of known) {
      expect(zsh).toContain(
        `--${name}${value === null ? "" : "="}[${summary.replaceAll("'", "'''")}]`,
      );
      expect(fish).toMatch(new RegExp(` -l ${name} (.* )?-d '`));
      expect(fish).toContain(`-d '${summary}'`);
    }
    for (const word of words) {
      expect(zsh).toContain(`    '${word}:`);
      expect(fish).toContain(` -a ${word} -d '`);
    }
  },
);

test.concurrent("the values of a choice are those that the option takes", async () => {
  using place = new Place();
  const chosen = [...sessionOptions(), ...commandOptions()].filter(
    ({ values }) => values !== undefined,
  );
  expect(chosen.map(({ name }) => name)).toEqual(["reply", "commit", "down", "as", "target"]);
  for (const { name, values = [] } of chosen) {
    const command = commands.find(({ options }) => options.includes(name));
    const besides = { as: ["--settle", "1"], target: ["--out", "x"] }[name] ?? [];
    const line = [...(command === undefined ? [] : [command.name]), ...besides, `--${name}`, "?"];
    const { status, stderr } = await place.rung(line);
    expect(status).toBe(2);
    expect(stderr).toContain(`--${name} must be one of ${values.join(", ")}: current value is "?"`);
  }
  const { status, stderr } = await place.rung(["completions", "?"]);
  expect(status).toBe(2);
  const shells = commands.find(({ name }) => name === "completions")?.argument?.values ?? [];
  expect(stderr).toContain(`SHELL must be one of ${shells.join(", ")}: current value is "?"`);
});

test.concurrent("help --all: rung as a whole, then every command with its options", async () => {
  using place = new Place();
  const { status, stdout } = await place.rung(["help", "--all"]);
  const general = (await place.rung(["help"])).stdout;
  expect(status).toBe(0);
  expect(stdout).toStartWith(general);
  const chapters = stdout
    .slice(general.length)
    .split(/^(?=\S)/m)
    .slice(1);
  expect(chapters).toHaveLength(commands.length);
  for (const [at, { name, aliases, summary, options, example }] of commands.entries()) {
    const chapter = chapters[at] ?? "";
    expect(chapter).toStartWith(
      `${[name, ...aliases].join(", ")}: ${summary}\n\n  rung ${name} `.trimEnd(),
    );
    expect(chapter).toContain(`  Example: ${example}\n`);
    const told = [...chapter.matchAll(/^  --([a-z-]+)/gm)].map(([, option]) => option);
    expect(told.toSorted()).toEqual(options.toSorted());
  }
  const refused = await place.rung(["help", "migrate", "--all"]);
  expect([refused.status, refused.stdout]).toEqual([2, ""]);
});

test.concurrent(
  "version heeds RUNG_JSON, and tells what the executable carries whatever RUNG_DIR says",
  async () => {
    using place = new Place();
    const named = { env: { RUNG_JSON: "1", RUNG_DIR: "nowhere" } };
    expect(await place.rung(["version"], named)).toEqual(await place.rung(["version", "--json"]));
  },
);
