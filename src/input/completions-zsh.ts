// The table of commands and options -> the script by which zsh completes our words.

import { called } from "../called.ts";
import { identifier, program, quoted, sourceOf, wordSource, type Source } from "./completable.ts";
import { allCommands, type CommandSpec } from "./commands.ts";
import { commonOptions, ownOptions, sessionOptions, type OptionSpec } from "./options.ts";

/** A text in which zsh's `_arguments` and `_describe` find nothing that is theirs. */
function plain(text: string): string {
  return called(text).replaceAll(/[\\[\]:]/g, String.raw`\$&`);
}

function action(source: Source): string {
  switch (source.kind) {
    case "words":
      return `(${source.words.join(" ")})`;
    case "files":
      return "_files";
    case "directories":
      return "_files -/";
    case "nothing":
      return " ";
  }
}

function optionSpec({ name, value, values, summary }: OptionSpec): string {
  const about = `[${plain(summary)}]`;
  if (value === null) return quoted(`--${name}${about}`);
  return quoted(`--${name}=${about}:${value}:${action(sourceOf(value, values))}`);
}

function wordSpec(command: CommandSpec): readonly string[] {
  const { name, argument } = command;
  if (argument === null && name !== "help") return [];
  const mark = argument === null || argument.isOptional ? "::" : ":";
  return [quoted(`1${mark}${argument?.value ?? "COMMAND"}:${action(wordSource(command))}`)];
}

function specs(options: readonly OptionSpec[]): string {
  return options.map((option) => `    ${optionSpec(option)}\n`).join("");
}

function commandCases(): string {
  return allCommands()
    .map((command) => {
      const names = [command.name, ...command.aliases].join("|");
      const own = [...wordSpec(command), ...ownOptions(command).map(optionSpec)];
      const lines = ["$common", ...own].map((each) => ` \\\n        ${each}`).join("");
      return `    ${names})\n      _arguments${lines}\n      ;;\n`;
    })
    .join("");
}

function described(): string {
  return allCommands()
    .flatMap(({ name, aliases, summary }) =>
      [name, ...aliases].map((word) => `    ${quoted(`${word}:${plain(summary)}`)}\n`),
    )
    .join("");
}

/** The script for zsh: to be sourced, or to lie as a file of its name in \`fpath\`. */
export function zshScript(): string {
  const name = `_${identifier}`;
  return `#compdef ${program}
# Completions of ${program} for zsh: source <(${program} completions zsh)
${name}() {
  local context state state_descr line
  typeset -A opt_args
  local -a common session commands
  common=(
${specs(commonOptions)}  )
  session=(
${specs(sessionOptions())}  )
  commands=(
${described()}  )
  _arguments -C $common $session '1:command:->command' '*::word:->word'
  case $state in
    command) _describe command commands ;;
    word)
      case $words[1] in
${commandCases().replaceAll(/^/gm, "    ").replaceAll(/ +$/gm, "")}      esac
      ;;
  esac
}
if [[ $funcstack[1] == ${name} ]]; then
  ${name} "$@"
else
  compdef ${name} ${program}
fi
`;
}
