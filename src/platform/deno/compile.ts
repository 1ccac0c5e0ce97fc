// The bundler under Deno: there is none that could make an executable of ours.

import type { Compilation, Compiled, Sources } from "../compilation.ts";

export * from "../compilation.ts";

const reason = "this rung runs on Deno, and only one that runs on Bun makes executables";

/** Makes no executable, and says why. */
export async function compile(_request: Compilation): Promise<Compiled> {
  return { is: "failed", reason };
}

/** Always throws: the program is made into texts by Bun. */
export async function textsOfProgram(_entry: string, _replaced: Sources): Promise<Sources> {
  throw new Error(reason);
}
