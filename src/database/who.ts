// Who runs this, and on which machine: for the audit trail, and for steps outside any transaction.

import { hostName } from "../platform/system.ts";

/** Who runs this, as `user@host`; where the environment names nobody, by the number of the user. */
export function whoami(): string {
  const { USER, LOGNAME, USERNAME } = process.env;
  const user = USER ?? LOGNAME ?? USERNAME ?? `uid-${process.getuid?.() ?? "unknown"}`;
  return `${user}@${hostName()}`;
}

/** This process, as `process@host`: only this host can tell whether it is alive. */
export function runnerName(): string {
  return `${process.pid}@${hostName()}`;
}

/** Whose process of a number there is besides this one. */
export function othersProcess(id: number): "ours" | "another user's" | null {
  if (id === process.pid) return null;
  try {
    process.kill(id, 0);
    return "ours";
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EPERM";
    return isThere ? "another user's" : null;
  }
}

/** Whether a process is known to be alive, and is another one than this. */
export function isAlive(runner: string): boolean {
  const [id = "", host = ""] = runner.split(/@(.*)/s, 2);
  return host === hostName() && othersProcess(Number(id)) !== null;
}
