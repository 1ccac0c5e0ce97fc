// The TypeScript parser under Deno: Node's modules take the types away, and let V8 say what is imported.

import { stripTypeScriptTypes } from "node:module";
import { SourceTextModule } from "node:vm";

const lazyImport =
  /\b(?<word>import|require)\s*\(\s*(?<quote>["'`])(?<specifier>(?:(?!\k<quote>)[^\\\n])*)\k<quote>/g;

function isModule(code: string): boolean {
  try {
    return new SourceTextModule(code) !== null;
  } catch {
    return false;
  }
}

/** What is imported as the code runs. In a string or a comment anything may stand; in code, V8 takes offence at it. */
function lazyImportsOf(code: string): string[] {
  return [...code.matchAll(lazyImport)].flatMap(({ index, groups }) => {
    const { word = "", specifier = "" } = groups ?? {};
    const end = index + word.length;
    return isModule(`${code.slice(0, end)} @@ ${code.slice(end)}`) ? [] : [specifier];
  });
}

/** The specifiers that a TypeScript text imports; imports of types only are none. Throws on a syntax error. */
export function importsOf(code: string): string[] {
  // Unlike "strip", which is all that the types know of, it drops what is imported for types only, and takes enums.
  const bare = String(Reflect.apply(stripTypeScriptTypes, null, [code, { mode: "transform" }]));
  return [...new SourceTextModule(bare).dependencySpecifiers, ...lazyImportsOf(bare)];
}
