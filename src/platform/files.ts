// Door to the system's files and paths for what a start does, loaded when first asked: a bundle's start seldom asks.

let files: typeof import("node:fs") | undefined;
let paths: typeof import("node:path") | undefined;

/**
 * `node:fs` as it is: an import would have the runtime make a module of it besides, of more than a hundred names, which
 * takes as long as reading a dozen files. Without `globalThis` the bundler would make an import of it.
 */
export function fileSystem(): typeof import("node:fs") {
  return (files ??= globalThis.process.getBuiltinModule("node:fs"));
}

/** `node:path` in the same way. */
export function nodePath(): typeof import("node:path") {
  return (paths ??= globalThis.process.getBuiltinModule("node:path"));
}

/** The path of a file in a folder, as `node:path` joins them; that is asked only where there is something to mend. */
export function pathIn(folder: string, file: string): string {
  const isPlain =
    process.platform !== "win32" &&
    folder !== "" &&
    !folder.endsWith("/") &&
    !folder.endsWith(".") &&
    !folder.includes("./") &&
    !folder.includes("//");
  return isPlain ? `${folder}/${file}` : nodePath().join(folder, file);
}
