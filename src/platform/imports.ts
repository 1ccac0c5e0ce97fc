// Door to the runtime's TypeScript parser: an import map can point it elsewhere.

/** The specifiers that a TypeScript text imports; imports of types only are none. Throws on a syntax error. */
export function importsOf(code: string): string[] {
  return new Bun.Transpiler({ loader: "ts" }).scanImports(code).map((each) => each.path);
}
