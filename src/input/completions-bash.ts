// The table of commands and options -> the script by which bash, from 3.2 on, completes our words.

import {
  identifier,
  program,
  quoted,
  sourceOf,
  valued,
  wordSource,
  type Source,
} from "./completable.ts";
import { allCommands, commandWords } from "./commands.ts";
import { commonOptions, ownOptions, sessionOptions, type OptionSpec } from "./options.ts";

function flags(options: readonly OptionSpec[]): string {
  return options.map(({ name }) => `--${name}`).join(" ");
}

/** Files are what bash itself completes where there are no words. */
function offer(source: Source): string {
  switch (source.kind) {
    case "words":
      return `words=${quoted(source.words.join(" "))}`;
    case "files":
      return "return";
    case "directories":
      return "files='+o default -o dirnames'";
    case "nothing":
      return ":";
  }
}

function valueCases(): string {
  return valued
    .map(({ name, value, values }) => `      --${name}) ${offer(sourceOf(value, values))} ;;\n`)
    .join("");
}

function optionCases(): string {
  return allCommands()
    .map((command) => {
      const names = [command.name, ...command.aliases].join("|");
      return `      ${names}) words=${quoted(flags([...commonOptions, ...ownOptions(command)]))} ;;\n`;
    })
    .join("");
}

/** A command that takes no word is offered its options. */
function wordCases(): string {
  return allCommands()
    .map((command) => {
      const { name, aliases, argument } = command;
      const takesNone = argument === null && name !== "help";
      const own = flags([...ownOptions(command), ...commonOptions]);
      const given = takesNone ? `words=${quoted(own)}` : offer(wordSource(command));
      return `      ${[name, ...aliases].join("|")}) ${given} ;;\n`;
    })
    .join("");
}

/** The script for bash. */
export function bashScript(): string {
  return `# Completions of ${program} for bash: eval "$(${program} completions bash)"
_${identifier}() {
  local IFS=$' \\t\\n' cur=\${COMP_WORDS[COMP_CWORD]} command='' option='' words='' prefix='' files='+o default' word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # Bash takes --option=value for three words.
    if [[ -n $option ]]; then
      [[ $word == = ]] || option=''
      continue
    fi
    case $word in
      --) return ;;
      ${valued.map(({ name }) => `--${name}`).join("|")}) option=$word ;;
      -*) ;;
      *) [[ -n $command ]] || command=$word ;;
    esac
  done
  if [[ $cur == = ]]; then
    cur=''
  elif [[ -z $option && $cur == --*=* ]]; then
    option=\${cur%%=*} prefix=\${cur%%=*}= cur=\${cur#*=}
  fi
  if [[ -n $option ]]; then
    case $option in
${valueCases()}    esac
  elif [[ $cur == -* ]]; then
    case $command in
      '') words=${quoted(flags([...commonOptions, ...sessionOptions()]) + " --version")} ;;
${optionCases()}    esac
  else
    case $command in
      '') words=${quoted(commandWords().join(" "))} ;;
${wordCases()}    esac
  fi
  # Unquoted: these are words without blanks, and options of compopt, which bash 3.2 lacks.
  compopt $files 2>/dev/null
  COMPREPLY=($(compgen -P "$prefix" -W "$words" -- "$cur"))
}
complete -o default -F _${identifier} ${program}
`;
}
