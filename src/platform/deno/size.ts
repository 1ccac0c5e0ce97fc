// Door to the size of a file where Deno runs us.

import { statSync } from "node:fs";

/** The size of the file at a path in bytes; 0 where there is none, and for what has no size. */
export function sizeOf(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}

/**
 * Whether there is nothing at a path, or an empty file, in a folder that one may look into. A link that leads nowhere is
 * nothing, wherever that is.
 */
export function isEmpty(path: string): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined || (found.isFile() && found.size === 0);
  } catch {
    return false;
  }
}
