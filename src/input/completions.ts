// The name of a shell and the table of commands and options -> the script by which that shell completes our words.

import { fail, ok, type Result } from "../failure.ts";
import { bashScript } from "./completions-bash.ts";
import { fishScript } from "./completions-fish.ts";
import { zshScript } from "./completions-zsh.ts";

const scripts = new Map([
  ["bash", bashScript],
  ["zsh", zshScript],
  ["fish", fishScript],
]);

/** The script for a shell. Fails with `usage.invalid-option`. */
export function completions(shell: string): Result<string> {
  const script = scripts.get(shell);
  if (script !== undefined) return ok(script());
  const known = [...scripts.keys()].join(", ");
  const text = `SHELL must be one of ${known}: current value is ${JSON.stringify(shell)}.`;
  return fail("usage.invalid-option", text, "For example: rung completions bash");
}
