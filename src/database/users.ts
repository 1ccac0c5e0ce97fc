// Which other processes have the file of a database open, where the system tells.

import { readdirSync, statSync } from "node:fs";

function entriesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // It has ended, or is somebody else's.
    return [];
  }
}

function hasOpen(id: string, identity: string): boolean {
  return entriesOf(`/proc/${id}/fd`).some((descriptor) => {
    try {
      const { dev, ino } = statSync(`/proc/${id}/fd/${descriptor}`);
      return `${dev}:${ino}` === identity;
    } catch {
      return false;
    }
  });
}

/**
 * The other processes that have a file open, `identity` being its device and inode. In rollback-journal mode SQLite does
 * not see a connection that is idle; /proc does, where there is one, for processes that we may look into.
 */
export function usersOf(identity: string): readonly number[] {
  if (identity === "") return [];
  return entriesOf("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((id) => hasOpen(id, identity))
    .map(Number);
}
