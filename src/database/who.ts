// Who runs this, and on which machine: for the audit trail, and for steps outside any transaction.

import { hostname } from "node:os";

/** Who runs this, as `user@host`; where the environment names nobody, by the number of the user. */
export function whoami(): string {
  const { USER, LOGNAME, USERNAME } = process.env;
  const user = USER ?? LOGNAME ?? USERNAME ?? `uid-${process.getuid?.() ?? "unknown"}`;
  return `${user}@${hostname()}`;
}

/** This process, as `process@host`: only this host can tell whether it is alive. */
export function runnerName(): string {
  return `${process.pid}@${hostname()}`;
}

/** Whether a process is known to be alive, and is another one than this. */
export function isAlive(runner: string): boolean {
  const [id = "", host = ""] = runner.split(/@(.*)/s, 2);
  if (host !== hostname() || Number(id) === process.pid) return false;
  try {
    process.kill(Number(id), 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
