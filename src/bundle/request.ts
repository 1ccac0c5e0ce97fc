// The options of `bundle` -> what is to be made, checked as far as the words alone allow.

import { called } from "../called.ts";
import { fail, ok, type Result } from "../failure.ts";
import { targets, type Target } from "../platform/compile.ts";

/** What is asked of a bundle. */
export interface BundleRequest {
  /** The migrations to embed. */
  readonly directory: string;
  /** The executable to write. */
  readonly out: string;
  /** The name by which its users will call it. */
  readonly program: string;
  /** Null for the platform of this process. */
  readonly target: Target | null;
  /** The runtime's executable for that platform; null to use this process's own, or to fetch the target's. */
  readonly runtime: string | null;
  readonly isVerified: boolean;
}

/** Options by name, as the command line has them. */
export type BundleOptions = Readonly<Record<string, string | number | true>>;

const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const help = "See rung help bundle.";

function targetOf(word: string | null): Result<Target | null> {
  if (word === null) return ok(null);
  const target = targets.find((each) => each === word.replace(/^bun-/, ""));
  if (target !== undefined) return ok(target);
  const text = `--target must be one of ${targets.join(", ")}: current value is ${JSON.stringify(word)}.`;
  return fail("usage.invalid-option", text, help);
}

/** Reads the options. Fails with `usage.missing-argument` or `usage.invalid-option`. */
export function readBundleRequest(
  options: BundleOptions,
  directory: string,
): Result<BundleRequest> {
  const given = (name: string): string | null =>
    options[name] === undefined ? null : String(options[name]);
  const out = given("out");
  if (out === null) {
    const text = called("rung bundle needs --out FILE, the executable to write.");
    return fail("usage.missing-argument", text, "For example: rung bundle --out app-migrate");
  }
  const target = targetOf(given("target"));
  if (!target.ok) return target;
  const program = given("name") ?? "rung";
  if (!nameForm.test(program)) {
    const text = `--name must be letters, digits, dots, _ and -: current value is ${JSON.stringify(program)}.`;
    return fail("usage.invalid-option", text, help);
  }
  const isVerified = options["no-verify"] !== true;
  return ok({
    directory,
    out,
    program,
    target: target.value,
    runtime: given("runtime"),
    isVerified,
  });
}
