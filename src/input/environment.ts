// Options and environment -> the options that hold: what the command line leaves open, a variable can say.

import { durationWanted, isDuration } from "../duration.ts";
import { fail, ok, type Result } from "../failure.ts";
import type { OptionValues } from "./argv.ts";
import type { Environment } from "./location.ts";
import { commonOptions, type OptionSpec } from "./options.ts";

const yes = ["1", "true", "yes", "on"];
const no = ["0", "false", "no", "off"];

/** What a variable says of its option; null where that is nothing. */
function valueOf(
  { variable = "", value: placeholder }: OptionSpec,
  text: string,
): Result<string | true | null> {
  const wrong = (what: string): Result<never> => {
    const current = `current value is ${JSON.stringify(text)}`;
    return fail("usage.invalid-option", `${variable} ${what}: ${current}.`, `Mend or unset it.`);
  };
  if (placeholder === null) {
    const word = text.toLowerCase();
    if (yes.includes(word)) return ok(true);
    return no.includes(word)
      ? ok(null)
      : wrong("must be 1 or 0, true or false, yes or no, on or off");
  }
  if (placeholder !== "TIME") return ok(text);
  return isDuration(text) ? ok(text) : wrong(durationWanted);
}

/** Adds what the environment says. A variable that is empty says nothing. Fails with `usage.invalid-option`. */
export function withEnvironment(
  options: OptionValues,
  environment: Environment,
): Result<OptionValues> {
  const all: Record<string, string | number | true> = { ...options };
  for (const option of commonOptions) {
    const { name, variable } = option;
    const text = variable === undefined ? "" : (environment[variable] ?? "");
    if (text === "" || name in options) continue;
    const value = valueOf(option, text);
    if (!value.ok) return value;
    if (value.value !== null) all[name] = value.value;
  }
  return ok(all);
}

/** Whether a failure to read the rest is to be told as JSON. */
export function wantsJson(words: readonly string[], environment: Environment): boolean {
  return words.includes("--json") || yes.includes((environment["RUNG_JSON"] ?? "").toLowerCase());
}
