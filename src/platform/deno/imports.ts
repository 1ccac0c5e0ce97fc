// Door to the TypeScript parser where Deno runs us: types are stripped, then what is imported is read from the rest.

import { stripTypeScriptTypes } from "node:module";

/** Enums and namespaces are code too; the types of Node know no such mode. */
const how: object = { mode: "transform" };

/** A comment, a string, or a template. */
const tokens =
  /\/\/[^\n]*|\/\*[^]*?\*\/|"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|`(?:\\[^]|[^`\\])*`/g;

/** The specifiers that a TypeScript text imports; imports of types only are none. Throws on a syntax error. */
export function importsOf(code: string): string[] {
  const strings: string[] = [];
  const bare = stripTypeScriptTypes(code, how).replace(tokens, (token) => {
    if (token.startsWith("/") || token.startsWith("`")) return token.startsWith("/") ? " " : "``";
    strings.push(token.slice(1, -1));
    return `"${strings.length - 1}"`;
  });
  const imports = /(?<![.\w$])(?:import|export)\b(?:\s*\(\s*|\s*|[\s\w$,*{}]*\bfrom\s*)"(\d+)"/g;
  const found = [...bare.matchAll(imports)].filter(([text]) => !/\{[\s,]*\}\s*from/.test(text));
  return found.map(([, index]) => strings[Number(index)] ?? "");
}
