// Sources -> an executable at a path: made in private, checked, and put there in one rename.

import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fail, failure, type Failure, type Result } from "../failure.ts";
import { compile, type Compiled, type Sources, type Target } from "../platform/compile.ts";
import { Workshop } from "./publish.ts";
import { fits, platformOfFile } from "./runtime.ts";
import { signed } from "./sign.ts";
import { entryPath } from "./tree.ts";

/** An executable to make. */
export interface Order {
  readonly sources: Sources;
  readonly out: string;
  /** Null for the platform of this process. */
  readonly target: Target | null;
  /** The path of a runtime that is known to fit; null to use this process's own, or to fetch the target's. */
  readonly runtime: string | null;
}

function notMade(
  target: Target | null,
  { is, reason }: Exclude<Compiled, { path: string }>,
): Failure {
  const why = reason.replace(/\.$/, "");
  if (is === "failed") {
    const text = `The executable cannot be made: ${why}.`;
    const cache = target === null ? "" : "; a fetched runtime lies in ~/.bun/install/cache";
    return failure(
      "bundle.failed",
      text,
      `Mend what it names, or make room where --out is${cache}.`,
    );
  }
  const text = `The runtime for ${target ?? "this platform"} cannot be fetched: ${why}.`;
  const hint =
    "Ask again where the npm registry can be reached and HOME written to, or give it with --runtime.";
  return failure("bundle.runtime", text, hint);
}

/** A runtime for musl fetches musl's for every Linux: what came of it is looked at, not taken on trust. */
function wrongPlatform(path: string, target: Target | null): Failure | null {
  const platform = platformOfFile(path);
  if (fits(platform, target)) return null;
  const text = `The runtime for ${target ?? "this platform"} cannot be fetched from here: this rung gets that for ${platform ?? "no known platform"} in its place.`;
  const hint = `Give it with --runtime: Bun, or a rung of the same release, for ${target ?? "this platform"}.`;
  return failure("bundle.runtime", text, hint);
}

/**
 * The bundler leaves an executable for macOS on Intel with the signature of the runtime, which fits no more, and the
 * system may kill it for that; for ARM it makes a new one.
 */
function sign(path: string): Failure | null {
  if (platformOfFile(path) !== "darwin-x64") return null;
  const pieces = signed(readFileSync(path), "rung");
  if (pieces === null) {
    const reason = "the runtime has no signature that another could take the place of";
    return notMade(null, { is: "failed", reason });
  }
  // One after the other: together they would be in memory once more.
  writeFileSync(path, "");
  for (const piece of pieces) appendFileSync(path, piece);
  return null;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** Makes an executable; gives its size. Fails with `bundle.*`, and then leaves what was there. */
export async function make({ sources, out, target, runtime }: Order): Promise<Result<number>> {
  const opened = Workshop.open(out);
  if (!opened.ok) return opened;
  using workshop = opened.value;
  const { folder } = workshop;
  const made = await compile({ sources, entry: entryPath, folder, target, runtime });
  if (made.is === "compiled") {
    const wrong = wrongPlatform(made.path, target) ?? sign(made.path);
    return wrong === null ? workshop.publish(made.path) : { ok: false, failure: wrong };
  }
  // The bundler tells the cause of that to the terminal alone. All runtimes are of about one size.
  const needed = statSync(runtime ?? process.execPath).size;
  const { free } = workshop;
  if (made.is === "failed" && free < needed) {
    const text = `${out} cannot be written: there is room for ${megabytes(free)}, and ${megabytes(needed)} are needed.`;
    return fail("bundle.output", text, "Make room, or name a file elsewhere with --out.");
  }
  return { ok: false, failure: notMade(target, made) };
}
