// Door to other programs: where the system would find one, and how this process becomes it.

import { accessSync, constants, statSync } from "node:fs";

const isWindows = process.platform === "win32";

/** Where the system looks when nothing else is said. */
const usualPath = isWindows ? "" : "/bin:/usr/bin";

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The file that a command starts: its own path where it has a slash, else the first in PATH; null where there is none. */
export function findProgram(command: string, path: string = usualPath): string | null {
  const endings = isWindows ? ["", ".exe", ".com"] : [""];
  const isPath = command.includes("/") || (isWindows && command.includes("\\"));
  // An empty folder in PATH is the one that we are in.
  const folders = path.split(isWindows ? ";" : ":").map((folder) => (folder === "" ? "." : folder));
  const names = isPath ? [command] : folders.map((folder) => `${folder}/${command}`);
  const files = names.flatMap((name) => endings.map((ending) => name + ending));
  return command === "" ? null : (files.find(isProgram) ?? null);
}

/** Where a process cannot become another: that one runs beside it, and its end is ours. */
async function runBeside(program: string, words: readonly string[]): Promise<number> {
  const { spawn } = await import("node:child_process");
  return new Promise((resolve, reject) => {
    const child = spawn(program, words.slice(1), { stdio: "inherit" });
    for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => void child.kill(signal));
    }
    child.on("error", reject);
    child.on("exit", (status) => resolve(status ?? 1));
  });
}

/**
 * Becomes a program: the same process, environment and streams. Comes back only where the system knows no such thing,
 * with the program's exit status; throws where the program cannot be started.
 */
export async function become(program: string, words: readonly string[]): Promise<number> {
  if (isWindows || process.execve === undefined) return runBeside(program, words);
  // The runtime ignores these, which the program would inherit; what is handled, it finds as the system has it.
  for (const signal of ["SIGPIPE", "SIGXFSZ"] as const) process.on(signal, () => undefined);
  // That execve is new is no news to the application's users.
  process.emitWarning = () => undefined;
  return process.execve(program, words, process.env);
}
