// Sources -> an executable at a path: made in private, checked, and put there in one rename.

import { failure, type Failure, type Result } from "../failure.ts";
import { compile, type Compiled, type Sources, type Target } from "../platform/compile.ts";
import { Workshop } from "./publish.ts";
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
    return failure("bundle.failed", text, "Mend what it names, or make room where --out is.");
  }
  const text = `The runtime for ${target ?? "this platform"} cannot be fetched: ${why}.`;
  const hint =
    "Ask again where the npm registry can be reached, or give the runtime with --runtime.";
  return failure("bundle.runtime", text, hint);
}

/** Makes an executable; gives its size. Fails with `bundle.*`, and then leaves what was there. */
export async function make({ sources, out, target, runtime }: Order): Promise<Result<number>> {
  const opened = Workshop.open(out);
  if (!opened.ok) return opened;
  using workshop = opened.value;
  const { folder } = workshop;
  const made = await compile({ sources, entry: entryPath, folder, target, runtime });
  if (made.is !== "compiled") return { ok: false, failure: notMade(target, made) };
  return workshop.publish(made.path);
}
