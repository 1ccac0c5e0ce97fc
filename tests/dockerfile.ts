// A Dockerfile -> its stages, what each says, and what one takes from another.

import * as v from "valibot";

/** What one FROM begins. */
export interface Stage {
  readonly from: string;
  readonly instructions: (readonly [name: string, rest: string])[];
}

/** The stages of a Dockerfile that has each instruction on a line of its own. */
export function stagesOf(lines: readonly string[]): readonly Stage[] {
  const stages: Stage[] = [];
  for (const line of lines.filter((each) => each !== "")) {
    const [, name = "", rest = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (name === "FROM") stages.push({ from: rest, instructions: [] });
    else stages.at(-1)?.instructions.push([name, rest]);
  }
  return stages;
}

/** What stands behind each instruction of a name. */
export function restsOf({ instructions }: Stage, wanted: string): readonly string[] {
  return instructions.filter(([name]) => name === wanted).map(([, rest]) => rest);
}

/** The words of a command that no shell reads. */
export function wordsIn(text: string): readonly string[] {
  return v.parse(v.array(v.string()), JSON.parse(text));
}

/** A path that is copied. */
export interface Taken {
  readonly from: string;
  readonly to: string;
  readonly flags: readonly string[];
}

/** What a stage takes, and where it puts it. */
export function takenBy(stage: Stage): readonly Taken[] {
  return restsOf(stage, "COPY").flatMap((rest) => {
    const words = rest.split(" ");
    const flags = words.filter((word) => word.startsWith("--"));
    const [to = "", ...from] = words.filter((word) => !word.startsWith("--")).reverse();
    return from.map((path) => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      return { from: path, to: to.endsWith("/") ? to + name : to, flags };
    });
  });
}
