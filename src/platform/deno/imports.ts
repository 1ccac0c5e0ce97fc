// Door to the TypeScript parser where Deno runs us: types are stripped, then what is imported is read from the rest.

import { stripTypeScriptTypes } from "node:module";

/** Enums and namespaces are code too; the types of Node know no such mode. */
const whole: object = { mode: "transform" };

const comment = /\/\/[^\n]*|\/\*[^]*?\*\//;
const text = /"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|`(?:\\[^]|[^`\\])*`/;
const regExp =
  /(?<=(?:^|[(,=:[!&|?{};+*%<>~^-]|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//;

/** What could look like an import and is none, and the texts that specifiers are. */
const tokens = new RegExp(`${comment.source}|${text.source}|${regExp.source}`, "g");

const imports =
  /(?<![.\w$]|\btypeof\s+)(?:import|export|require)\b(?!\s+type\b(?!\s*(?:,|from\b)))(?:\s*\(?\s*|([\s\w$,*{}]*)\bfrom\s*)"(\d+)"/g;

/** Bare of types where they can just be left out: whatever else is imported has to stay, used or not. */
function bareOfTypes(code: string): string {
  try {
    return stripTypeScriptTypes(code);
  } catch {
    stripTypeScriptTypes(code, whole);
    return code;
  }
}

/** Whether a list of names holds types only: stripped, nothing is left of it. */
function isOfTypes(names: string): boolean {
  const [, list] = /^\s*\{([^}]*)\}\s*$/.exec(names) ?? [];
  return list?.split(",").every((name) => /^\s*(?:type\s.*)?$/.test(name)) ?? false;
}

/** The specifiers that a TypeScript text imports; imports of types only are none. Throws on a syntax error. */
export function importsOf(code: string): string[] {
  const strings: string[] = [];
  const bare = bareOfTypes(code).replace(tokens, (token) => {
    if (token.startsWith("/")) return " ";
    strings.push(token.slice(1, -1));
    return `"${strings.length - 1}"`;
  });
  const found = [...bare.matchAll(imports)].filter(([, names = ""]) => !isOfTypes(names));
  return found.map(([, , index]) => strings[Number(index)] ?? "");
}
