// An executable for some platform -> what of it can be shown here: that it runs, or at least whose it is.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platformOfFile } from "../bundle/runtime.ts";
import { ownPlatform, type Target } from "../platform/compile.ts";
import { objectionToSignature } from "./signature.ts";

/** What became of the trial; `reason` says why it was not run, or what went wrong. */
export type Trial =
  { readonly is: "ran" } | { readonly is: "not-run" | "broken"; readonly reason: string };

/** The loader without which the system does not start an executable for Linux. */
const loaders: Readonly<Partial<Record<Target, string>>> = {
  "linux-x64": "/lib64/ld-linux-x86-64.so.2",
  "linux-arm64": "/lib/ld-linux-aarch64.so.1",
  "linux-x64-musl": "/lib/ld-musl-x86_64.so.1",
  "linux-arm64-musl": "/lib/ld-musl-aarch64.so.1",
};

/** The program that takes another processor's executables on Linux, and where Debian's cross packages put its libraries. */
const emulated = {
  target: "linux-arm64",
  program: "qemu-aarch64",
  root: "/usr/aarch64-linux-gnu",
} as const;

/** The words that go before the executable, or why it cannot be run. */
function wordsBefore(target: Target): readonly string[] | string {
  const loader = loaders[target] ?? "/";
  if (target.replace(/-musl$/, "") === ownPlatform) {
    return existsSync(loader) ? [] : `there is no ${loader}`;
  }
  const { program, root } = emulated;
  const isEmulated = target === emulated.target && process.platform === "linux";
  if (!isEmulated || !existsSync(root + loader)) return `this is ${ownPlatform}`;
  return spawnSync(program, ["--version"]).status === 0 ? [program, "-L", root] : `no ${program}`;
}

/** What is asked of it in turn, and the exit status that each must have. */
const words: readonly (readonly [string, number])[] = [
  ["version", 0],
  ["migrate", 0],
  ["status --check", 0],
  ["rollback", 0],
  ["status --check", 1],
];

/** Tries an executable that carries the sample, in an empty folder and with an empty environment. */
export function tryExecutable(executable: string, target: Target): Trial {
  const platform = platformOfFile(executable);
  if (platform !== target) return { is: "broken", reason: `it is for ${platform ?? "nobody"}` };
  if (target.startsWith("darwin")) {
    const objection = objectionToSignature(readFileSync(executable));
    if (objection !== null) return { is: "broken", reason: objection };
  }
  const before = wordsBefore(target);
  if (typeof before === "string") return { is: "not-run", reason: before };
  const folder = mkdtempSync(join(tmpdir(), "rung-release-"));
  try {
    for (const [line, wanted] of words) {
      const [program = executable, ...rest] = [...before, executable, ...line.split(" ")];
      // The emulator alone is looked up; what it runs is given no more than an empty environment.
      const env = before.length === 0 ? {} : { PATH: process.env["PATH"] ?? "" };
      const ran = spawnSync(program, rest, { cwd: folder, env, encoding: "utf8" });
      if (ran.error !== undefined) return { is: "broken", reason: ran.error.message };
      if (ran.status === wanted) continue;
      const [said = ""] = ran.stderr.split("\n");
      // So says the loader of musl, whose users install the C++ library besides.
      const isLibraryMissing = /^Error loading shared library lib\S+: No such file/.test(said);
      if (isLibraryMissing) return { is: "not-run", reason: said };
      const reason = `${line} ended with ${ran.status ?? ran.signal}: ${ran.stderr}`;
      return { is: "broken", reason };
    }
    return { is: "ran" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
