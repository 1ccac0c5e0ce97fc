// The TypeScript parser under Deno: Node's modules take the types away, and V8 says what is imported, as Bun would.

import { stripTypeScriptTypes } from "node:module";
import { SourceTextModule } from "node:vm";

const gap = String.raw`(?:\s|/\*.*?\*/)*`;
const quoted = String.raw`(?<quote>["'\u0060])(?<specifier>(?:(?!\k<quote>)[^\\\n])*)\k<quote>`;
const lazyImport = new RegExp(String.raw`\b(?:import|require)(?=${gap}\(${gap}${quoted})`, "gs");
const namingImport = new RegExp(
  String.raw`\bimport(?=\s+(?!type\b)(?<names>[\w$*{},\s]+?)\s*from\s*${quoted})`,
  "gs",
);

/** The code without types. Throws on a syntax error. */
function untyped(code: string): string {
  // Unlike "strip", which is all that the types know of, it takes enums; and it drops imports that nothing uses.
  return String(Reflect.apply(stripTypeScriptTypes, null, [code, { mode: "transform" }]));
}

/** What matches in the code itself. In strings and comments anything may stand; elsewhere, a parser takes offence. */
function found(code: string, pattern: RegExp, parse: (code: string) => unknown): RegExpExecArray[] {
  return [...code.matchAll(pattern)].filter(({ 0: word, index }) => {
    const end = index + word.length;
    try {
      parse(`${code.slice(0, end)} @@ ${code.slice(end)}`);
      return false;
    } catch {
      return true;
    }
  });
}

/** Whether an import names anything but types, used or not. */
function namesValues(names: string): boolean {
  return names.split(/[{},]/).some((name) => !/^\s*(?:type\s.*)?$/s.test(name));
}

/** The specifiers that a TypeScript text imports; imports of types only are none. Throws on a syntax error. */
export function importsOf(code: string): string[] {
  const bare = untyped(code);
  const parse = (text: string): SourceTextModule => new SourceTextModule(text);
  const naming = found(code, namingImport, untyped).filter(({ groups }) =>
    namesValues(groups?.["names"] ?? ""),
  );
  const others = [...naming, ...found(bare, lazyImport, parse)];
  const specifiers = others.map(({ groups }) => groups?.["specifier"] ?? "");
  return [...new Set([...parse(bare).dependencySpecifiers, ...specifiers])];
}
