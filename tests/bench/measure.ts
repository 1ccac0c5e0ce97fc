// Whole processes, timed: commands in turn, A B C A B C …, so that all of them meet the same machine.

/** A command to be timed, with what has to be done before each of its runs. */
export interface Contender {
  readonly name: string;
  readonly argv: readonly string[];
  /** A file for its standard input. */
  readonly input?: string;
  readonly before?: () => void | Promise<void>;
}

/** What was measured of one contender. */
export interface Measured {
  readonly name: string;
  /** Wall time of each run, in milliseconds. */
  readonly wall: readonly number[];
  /** The largest resident set of any run, in MiB. */
  readonly peakMiB: number;
}

async function once(contender: Contender): Promise<{ wall: number; peak: number }> {
  await contender.before?.();
  const stdin = contender.input === undefined ? "ignore" : Bun.file(contender.input);
  const begin = performance.now();
  const child = Bun.spawn([...contender.argv], { stdin, stdout: "ignore", stderr: "ignore" });
  const status = await child.exited;
  const wall = performance.now() - begin;
  if (status !== 0) throw new Error(`${contender.name} ended with ${status}`);
  return { wall, peak: (child.resourceUsage()?.maxRSS ?? 0) / 1024 ** 2 };
}

/** Runs every contender `runs` times in turn, after one run each that doesn't count; a single run has none before it. */
export async function measure(
  contenders: readonly Contender[],
  runs: number,
): Promise<readonly Measured[]> {
  const results = contenders.map(({ name }) => ({ name, wall: new Array<number>(), peakMiB: 0 }));
  for (let run = runs === 1 ? 1 : 0; run <= runs; run++) {
    for (const [index, contender] of contenders.entries()) {
      const { wall, peak } = await once(contender);
      const result = results[index];
      if (run === 0 || result === undefined) continue;
      result.wall.push(wall);
      result.peakMiB = Math.max(result.peakMiB, peak);
    }
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
