// The table of commands and options, as the scripts of all shells need it.

import { facts } from "../facts.ts";
import { allCommands, type CommandSpec } from "./commands.ts";
import { commandOptions, commonOptions, sessionOptions, type OptionSpec } from "./options.ts";

/** By what a value or a word can be completed. */
export type Source =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "files" | "directories" | "nothing" };

/** What an option's value, or a command's word, can be completed by. */
export function sourceOf(value: string | null, values: readonly string[] | undefined): Source {
  if (values !== undefined) return { kind: "words", words: values };
  if (value === "PATH" || value === "FILE") return { kind: "files" };
  return { kind: value === "DIR" ? "directories" : "nothing" };
}

/** A name for functions of a script: that of this executable, with nothing in it that a shell would mind. */
export const identifier = facts.program.replaceAll(/[^A-Za-z0-9]/g, "_");

/** What the shell completes the words of. */
export const program = facts.program;

/** Every option that takes a value, each once. */
export const valued: readonly OptionSpec[] = [
  ...commonOptions,
  ...sessionOptions(),
  ...commandOptions(),
].filter(({ value }) => value !== null);

/** By what the word that a command takes can be completed. */
export function wordSource({ name, argument }: CommandSpec): Source {
  if (name === "help") return { kind: "words", words: allCommands().map((each) => each.name) };
  return sourceOf(argument?.value ?? null, argument?.values);
}

/** A text between single quotes, as bash and zsh read it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
