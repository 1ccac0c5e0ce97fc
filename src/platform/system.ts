// Door to what Node's modules know of the system, for what a start passes: each is loaded when it is first asked.

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

/** `node:os` in the same way. */
export function nodeOs(): typeof import("node:os") {
  return globalThis.process.getBuiltinModule("node:os");
}

/**
 * The name of this machine. To load `node:os` for it takes a fifth of loading `node:fs`; but where that is loaded
 * anyway, on Linux, to read what the kernel tells takes less still.
 */
export function hostName(): string {
  if (files === undefined || process.platform !== "linux") return nodeOs().hostname();
  try {
    return files.readFileSync("/proc/sys/kernel/hostname", "utf8").trimEnd();
  } catch {
    return nodeOs().hostname();
  }
}

/** The path of each file in a folder, as `node:path` joins them; that is asked only where there is something to mend. */
export function pathsIn(folder: string): (file: string) => string {
  const isPlain =
    process.platform !== "win32" &&
    folder !== "" &&
    !folder.endsWith("/") &&
    !folder.endsWith(".") &&
    !folder.includes("./") &&
    !folder.includes("//");
  return isPlain ? (file) => `${folder}/${file}` : (file) => nodePath().join(folder, file);
}
