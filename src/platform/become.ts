// Door to other programs: how one is found, and how this process becomes it.

import { accessSync, constants, statSync } from "node:fs";

/** Where the system looks for programs if PATH doesn't say. */
const defaultPath = "/bin:/usr/bin";

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The file of a command's first word, as the system's execvp finds it; null for none that can be executed. */
export function findProgram(word: string): string | null {
  if (process.execve === undefined) return Bun.which(word);
  if (word.includes("/")) return isProgram(word) ? word : null;
  if (word === "") return null;
  const places = (process.env["PATH"] ?? defaultPath).split(":");
  // An empty place is the working directory.
  const paths = places.map((place) => `${place === "" ? "." : place}/${word}`);
  return paths.find(isProgram) ?? null;
}

/**
 * This process becomes a program, with the same environment and standard streams: it is never heard of again. Where the
 * system has no way to, the program runs as a child, and its exit status is given. Null if it cannot be run after all.
 */
export async function become(file: string, words: readonly string[]): Promise<number | null> {
  if (process.execve === undefined) return runChild(file, words);
  // The runtime ignores these, which the program would inherit; what has a handler is back at its default there.
  for (const signal of ["SIGPIPE", "SIGXFSZ"] as const) process.on(signal, () => undefined);
  try {
    return process.execve(file, [...words], process.env);
  } catch (error) {
    const isScript = error instanceof Error && "code" in error && error.code === "ENOEXEC";
    return isScript ? becomeScript(file, words) : null;
  }
}

/** A script that names no interpreter is the shell's, as execvp has it. */
function becomeScript(file: string, [, ...rest]: readonly string[]): null {
  const shell = "/bin/sh";
  if (process.execve === undefined || !isProgram(shell)) return null;
  try {
    return process.execve(shell, [shell, file, ...rest], process.env);
  } catch {
    return null;
  }
}

async function runChild(file: string, [, ...rest]: readonly string[]): Promise<number | null> {
  try {
    const stdio = ["inherit", "inherit", "inherit"] as const;
    return await Bun.spawn([file, ...rest], { stdio: [...stdio] }).exited;
  } catch {
    return null;
  }
}
