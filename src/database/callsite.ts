// A stack trace -> the line of a TypeScript migration that it passed through.

import { nodePath } from "../platform/system.ts";
import type { Position } from "../failure.ts";

/**
 * The innermost place of a migration's file in a stack. Of an embedded migration, whose lines are lost in the
 * executable, and where the stack tells nothing, it is the file's beginning.
 */
export function callSite(file: string, stack: string | undefined): Position {
  const name = nodePath().basename(file);
  for (const frame of (stack ?? "").split("\n")) {
    const at = frame.lastIndexOf(`/${name}:`);
    if (at < 0) continue;
    const [, line, column] = /^:(\d+):(\d+)/.exec(frame.slice(at + name.length + 1)) ?? [];
    if (line !== undefined && column !== undefined) {
      return { file, line: Number(line), column: Number(column) };
    }
  }
  return { file, line: 1, column: 1 };
}
