// A sentence of ours that names commands -> the same, as the users of this executable call it.

import { facts } from "./facts.ts";

/** Puts the name of this executable in place of ours. */
export function called(sentence: string): string {
  if (facts.program === "rung") return sentence;
  // Neither a part of a path, such as ./rung.db, nor a word that somebody else has put into quotes.
  return sentence.replace(/(?<![\w./\\"'-])rung(?![\w/\\"'-]|\.\w)/g, facts.program);
}
