// An executable for some platform -> what of it can be shown here: that it runs, or at least whose it is.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platformOfFile } from "../bundle/runtime.ts";
import { ownPlatform, type Target } from "../platform/compile.ts";

/** What became of the trial; `reason` says why it was not run, or what went wrong. */
export type Trial =
  { readonly is: "ran" } | { readonly is: "not-run" | "broken"; readonly reason: string };

const muslLoader = "/lib/ld-musl-x86_64.so.1";

function canRun(target: Target): boolean {
  const isMusl = target.endsWith("-musl");
  if (target.replace(/-musl$/, "") !== ownPlatform) return false;
  return isMusl === (process.platform === "linux" && existsSync(muslLoader));
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
  if (!canRun(target)) return { is: "not-run", reason: `this is ${ownPlatform}` };
  const folder = mkdtempSync(join(tmpdir(), "rung-release-"));
  try {
    for (const [line, wanted] of words) {
      const ran = spawnSync(executable, line.split(" "), { cwd: folder, env: {} });
      if (ran.error !== undefined) return { is: "broken", reason: ran.error.message };
      if (ran.status !== wanted) {
        const reason = `${line} ended with ${ran.status ?? ran.signal}: ${ran.stderr.toString()}`;
        return { is: "broken", reason };
      }
    }
    return { is: "ran" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
