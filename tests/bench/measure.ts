// Whole processes, timed: commands in turn, A B C A B C …, so that all of them meet the same machine.

/** A command to be timed, with what has to be done before each of its runs. */
export interface Contender {
  readonly name: string;
  readonly argv: readonly string[];
  /** A file for its standard input. */
  readonly input?: string;
  readonly before?: (() => void | Promise<void>) | undefined;
}

/** What was measured of one contender. */
export interface Measured {
  readonly name: string;
  /** Wall time of each run, in milliseconds. */
  readonly wall: readonly number[];
  /** The largest resident set of a run, in MiB, where it is asked for; not below that of the launcher, some 25. */
  readonly peakMiB: number | null;
}

/** The largest resident set of one run more, in MiB. */
async function peakOf(contender: Contender, launcher: string): Promise<number> {
  await contender.before?.();
  const { argv, input = "" } = contender;
  const child = Bun.spawn([launcher, input, ...argv], { stdin: "ignore", stdout: "pipe" });
  return Number(await child.stdout.text()) / 1024 ** 2;
}

/** The wall time of one run, in milliseconds. */
async function once(contender: Contender): Promise<number> {
  await contender.before?.();
  const stdin = contender.input === undefined ? "ignore" : Bun.file(contender.input);
  const begin = performance.now();
  const child = Bun.spawn([...contender.argv], { stdin, stdout: "ignore", stderr: "ignore" });
  const status = await child.exited;
  const wall = performance.now() - begin;
  if (status !== 0) throw new Error(`${contender.name} ended with ${status}`);
  return wall;
}

/**
 * Runs every contender `runs` times in turn, after one run each that doesn't count; a single run has none before it. Of
 * those that are `weighed`, by name, the memory is measured, too.
 */
export async function measure(
  contenders: readonly Contender[],
  runs: number,
  launcher: string,
  weighed: readonly string[],
): Promise<readonly Measured[]> {
  const walls = contenders.map(() => new Array<number>());
  for (let run = runs === 1 ? 1 : 0; run <= runs; run++) {
    for (const [index, contender] of contenders.entries()) {
      const wall = await once(contender);
      if (run > 0) walls[index]?.push(wall);
    }
  }
  const results: Measured[] = [];
  for (const [index, contender] of contenders.entries()) {
    const { name } = contender;
    const peakMiB = weighed.includes(name) ? await peakOf(contender, launcher) : null;
    results.push({ name, wall: walls[index] ?? [], peakMiB });
  }
  return results;
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of the ratios of runs that were made one after the other. */
export function ratio(a: Measured, b: Measured): number {
  return median(a.wall.map((value, index) => value / (b.wall[index] ?? Number.NaN)));
}
