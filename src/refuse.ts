// A failure that comes before any work -> what is said of it, and its exit status.

import { exitStatus, type Failure } from "./failure.ts";
import type { OptionValues } from "./input/argv.ts";
import type { Io } from "./world.ts";

/** Says a failure in the form that was asked for; gives its exit status. */
export async function reportFailure(
  io: Io,
  found: Failure,
  options: OptionValues,
): Promise<number> {
  if (options["json"] === true) {
    const { failureJson, jsonLine } = await import("./report/json.ts");
    await io.writeOut(jsonLine({ ok: false, error: failureJson(found) }));
  } else {
    const { failureText } = await import("./report/rest.ts");
    await io.writeError(failureText(found));
  }
  return exitStatus(found.code);
}
