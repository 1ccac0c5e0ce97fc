// How low a goal can be: programs that do nothing but what has to be done, and where the time of `rung` goes.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { givenIn } from "./floor/given.ts";
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
  /** This one is made for its migrations: those of a directory. */
  readonly carries: (directory: string) => string;
}

/** Makes the programs. */
export function makeFloors({ place, copied, run }: Bench): Floors {
  const make = (name: keyof Floors, ...more: readonly string[]): string => {
    const flags = ["--compile", "--bytecode", "--format=esm", "--minify", ...more];
    const source = join(import.meta.dir, "floor", `${name}.ts`);
    const made = join(place, `${name}.made`);
    const jit = "--compile-jit-policy=1000";
    run([process.execPath, "build", ...flags, jit, source, "--outfile", made]);
    return copied(made, `floor-${name}`);
  };
  const carries = (directory: string): string =>
    make("carries", "--define", `carried=${JSON.stringify(givenIn(directory))}`);
  return { nothing: make("nothing"), reads: make("reads"), runs: make("runs"), carries };
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

/** By hand: `valgrind --tool=callgrind`, with the process ended at each place in turn. */
const counted = [
  "What a start costs can be counted more exactly than timed. In millions of instructions, by callgrind:",
  "",
  "| status, 2 applied, --dir                                           | Millions |",
  "| ------------------------------------------------------------------ | -------- |",
  "| the runtime begins and ends                                        | 3.5      |",
  "| our modules are decoded, linked and evaluated, SQLite's among them | 1.9      |",
  "| the words are read, and the environment                            | 0.5      |",
  "| `node:fs` is loaded, with its own bytecode                         | 2.4      |",
  "| the directory is read, its files, their checksums                  | 0.7      |",
  "| the database is opened, its schema parsed, history read            | 1.4      |",
  "| rows are laid out and written                                      | 0.6      |",
  "| in all (the floor: 7.7)                                            | 11.0     |",
  "",
  "A `migrate` of 2 on a new file takes 17.7 million (the floor: 7.8), in a bundle 15.8 (the floor: 5.2).",
] as const;

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
    ...counted,
    "",
    "- **Start.** Nearly nothing of it is repeated, so it is not the running of code that costs, but the first time: each function is decoded and linked when it is first called (8,000 to 20,000 instructions), each method of arrays that the runtime keeps as source is compiled then (30,000 to 300,000), each pattern too (20,000 to 300,000), each access to a property looks for it once (some 500), each name of a class that is private by `#` takes 6,000, and each function that waits 16,000 more. 166 functions run in a status of 2 and 331 in a `migrate` of 2, in the floor 12 and 19. What most starts do without is loaded by those that need it; what is left is spread over these functions.",
    "- **Pages.** The clock counts what instructions don't: a status of 2 touches some 1,170 pages for the first time, the floor 960, an executable that does nothing 720, and each takes the kernel some microseconds, in all more than half of the time. From the 65th block of its heap on the runtime has a thread make pages ready, which costs so short a run a twentieth; a bundle's status ends at the 57th. With `node:fs`, which takes 14 to itself, it ends at the 72nd. The same executable takes a seventh longer where the page cache holds it in single pages, as after a boot, than in 64 KiB each, as after `cp`: so all of them are copied alike before they are measured.",
    "- **Files.** Nothing that reads a file at once is cheaper than `node:fs` but `Bun.mmap` (it opens what it maps for writing, which sets off whoever watches the directory, and fails where one may only read) and calls of libc through `bun:ffi` (a compiler at run time, for a twelfth of the time): both are out of the question. `Bun.Glob` and `Bun.file` take 1 million instructions instead of 2.4, and threads that cost what that saves; with 1,000 files they are slower.",
    "- **The runtime's compiler.** That it is set up at all, before any code of ours runs, takes 1.4 million instructions and 80 pages: without it (`BUN_JSC_useJIT=0`) a status of 2 takes 0.89 of the time. An executable cannot give itself this option.",
    "- **1,000 applied.** dbmate reads the names in the directory, and no file. SQLite reads and parses the whole schema, 2,000 objects, before the first row of any table: 17 of 26 million instructions of a bundle that finds nothing to do, and for dbmate the same. A program that reads all rows of history and nothing else takes 28. A status takes 17 million more: 4 to read what it shows, 10 to lay it out, 2 to load `node:fs`, by which a long text is written in one go. With `--dir` 25 go into the files, 6 of these into SHA-256 and 3 into reading.",
    "- **1,000 new ones.** From 1,000 statements on the runtime compiles what runs once for each, which takes a twentieth of the time off and puts 8 MiB on; 20,000 statements in one file take half of the time then.",
    "- **10,000.** After each CREATE, SQLite looks through the whole of `sqlite_schema` for the rows of the new object (`sqlite3VdbeExec`, `sqlite3BtreeNext` and `memcmp` are half of the shell's time in a profile) and through all tables for triggers to forget (`sqlite3FkClearTriggerCache`, a sixth): the time grows with the square of their number, whoever asks.",
    "- **Memory.** 36 MiB of the peak are pages of the executable and of libc as they are mapped, 64 KiB around each that is touched; an executable that does nothing has 25 of them. 8 MiB are what the runtime lets gather before it looks for garbage, 10 what it compiles with. Interpreted, and with the garbage collected every 100 steps, a `migrate` of 1,000 has a peak of 48.3 MiB and takes 1.25 of the time: the goal of 48 MiB and those of time exclude each other here.",
  ];
}
