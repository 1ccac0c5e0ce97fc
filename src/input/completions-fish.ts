// The table of commands and options -> the script by which fish completes our words.

import { called } from "../called.ts";
import { identifier, program, sourceOf, valued, wordSource, type Source } from "./completable.ts";
import { allCommands } from "./commands.ts";
import { commonOptions, ownOptions, sessionOptions, type OptionSpec } from "./options.ts";

function quotedForFish(text: string): string {
  return `'${called(text).replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}

function values(source: Source): string {
  switch (source.kind) {
    case "words":
      return ` -xa ${quotedForFish(source.words.join(" "))}`;
    case "files":
      return " -rF";
    case "directories":
      return " -xa '(__fish_complete_directories)'";
    case "nothing":
      return " -x";
  }
}

function optionLine(condition: string, option: OptionSpec): string {
  const { name, value, summary } = option;
  const taken = value === null ? "" : values(sourceOf(value, option.values));
  return `complete -c ${program}${condition} -l ${name}${taken} -d ${quotedForFish(summary)}\n`;
}

function wordLine(condition: string, source: Source): string {
  if (source.kind === "files") return `complete -c ${program}${condition} -F\n`;
  if (source.kind !== "words") return "";
  return `complete -c ${program}${condition}${values(source).replace("-x", "-f")}\n`;
}

/** The script for fish. */
export function fishScript(): string {
  const command = `__${identifier}_command`;
  const none = ` -n 'not ${command}'`;
  const forms = allCommands().map((spec) => {
    const { name, aliases, summary } = spec;
    const names = [name, ...aliases];
    const condition = ` -n '${command} ${names.join(" ")}'`;
    return [
      ...names.map(
        (each) => `complete -c ${program}${none} -a ${each} -d ${quotedForFish(summary)}\n`,
      ),
      ...ownOptions(spec).map((option) => optionLine(condition, option)),
      wordLine(condition, wordSource(spec)),
    ].join("");
  });
  return `# Completions of ${program} for fish: ${program} completions fish | source
# Whether there is a command yet and, where names are given, whether it is one of them.
function ${command}
  set -l words (commandline -opc)
  set -e words[1]
  set -l skips no
  for word in $words
    if test $skips = yes
      set skips no
      continue
    end
    switch $word
      case ${valued.map(({ name }) => `--${name}`).join(" ")}
        set skips yes
      case '-*'
      case '*'
        test (count $argv) -eq 0; or contains -- $word $argv
        return
    end
  end
  return 1
end
complete -c ${program} -f
${commonOptions.map((option) => optionLine("", option)).join("")}${sessionOptions()
    .map((option) => optionLine(none, option))
    .join("")}${forms.join("")}`;
}
