// How low a goal can be: programs that do nothing but what has to be done, and where the time of `rung` goes.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeProfiled, profileOf } from "./profile.ts";

/** The benchmark's place, in which its directories and databases lie, and how it copies and runs executables. */
interface Bench {
  readonly place: string;
  readonly copied: (executable: string, name: string) => string;
  readonly run: (argv: readonly string[]) => void;
}

/** Programs of a few lines in the same runtime, compiled as `rung` is. */
export interface Floors {
  readonly nothing: string;
  readonly reads: string;
  readonly runs: string;
}

/** Makes the programs. */
export function makeFloors({ place, copied, run }: Bench): Floors {
  const make = (name: keyof Floors): string => {
    const flags = ["--compile", "--bytecode", "--format=esm", "--minify"];
    const source = join(import.meta.dir, "floor", `${name}.ts`);
    const made = join(place, `${name}.made`);
    const jit = "--compile-jit-policy=1000";
    run([process.execPath, "build", ...flags, jit, source, "--outfile", made]);
    return copied(made, `floor-${name}`);
  };
  return { nothing: make("nothing"), reads: make("reads"), runs: make("runs") };
}

async function profiles({ place, run }: Bench): Promise<readonly string[]> {
  const profiled = makeProfiled(place, run);
  const words = ["--dir", join(place, "m1000"), "--db", join(place, "profile.db")];
  const fresh = (): void => rmSync(join(place, "profile.db"), { force: true });
  const kept = (): void => undefined;
  return [
    ...(await profileOf("migrate 1,000, new file", [profiled, "migrate", ...words], fresh)),
    ...(await profileOf("status, 1,000 applied, --dir", [profiled, "status", ...words], kept)),
  ];
}

/** The section of the results that tells of the goals that are not met. */
export async function floorText(bench: Bench): Promise<readonly string[]> {
  const tables = await profiles(bench);
  return [
    "## What is in the way of the goals that are not met",
    "",
    "The floor is a program of a few lines in the same runtime, compiled in the same way and run in turn with the others. It does nothing but what has to be done: reads and hashes the files, reads history, runs the SQL in savepoints, writes a row for each, commits (`tests/bench/floor`). Where it does not reach a goal, nothing in this runtime does.",
    "",
    "Where the time goes in `rung`, effect by effect (milliseconds of the process itself, which takes some 2 to begin and to end):",
    "",
    ...tables,
    "- **Start.** The runtime takes what an executable that does nothing takes, and loads `node:fs` within 1 ms. What `rung` adds is to decode and run code for the first time.",
    "- **1,000 applied.** dbmate reads the names in the directory, and no file. SQLite reads and parses the whole schema, 2,000 objects, before the first row of any table; for dbmate, too.",
    "- **1,000 new ones.** What is left above the SQL itself is the reading of files, some 20 µs a migration to split, check and plan it, and some 40 µs to run, look at, fingerprint and record it, in code that is interpreted. Compiled by the runtime it takes 15 ms less and 12 MiB more.",
    "- **10,000.** After each CREATE, SQLite looks through the whole of `sqlite_schema` for the rows of the new object (`sqlite3VdbeExec`, `sqlite3BtreeNext` and `memcmp` are half of the shell's time in a profile) and through all tables for triggers to forget (`sqlite3FkClearTriggerCache`, a sixth): the time grows with the square of their number, whoever asks.",
    "- **Memory.** Half of a peak are pages of the executable itself, which all processes share: an executable that does nothing has most of them.",
  ];
}
