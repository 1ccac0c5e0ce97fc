// Development: an executable -> what usual runs need of its bytecode, as the bundler takes it to lay that out together.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { orderFolder, sourceRoot } from "../platform/compile.ts";

/** The most usual runs, in the order in which they can be made; what is told of a later one counts for more. */
const runs = ["migrate", "status"] as const;

/** What each run needs, as texts for the program's sources. It is the same each time. */
export function orderOf(executable: string): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "rung-order-"));
  try {
    mkdirSync(join(folder, "migrations"));
    for (const version of [1, 2]) {
      const sql = `-- migrate:up\nCREATE TABLE t${version} (a);\n-- migrate:down\nDROP TABLE t${version};\n`;
      writeFileSync(join(folder, "migrations", `${version}_t.sql`), sql);
    }
    const told = runs.map((word): [string, string] => {
      const path = join(folder, word);
      const ran = spawnSync(executable, [word], {
        cwd: folder,
        env: { BUN_BYTECODE_ORDER_OUT: path },
      });
      if (ran.status !== 0) throw new Error(`${word} ended with ${ran.status}: ${ran.stderr}`);
      return [`${orderFolder.slice(sourceRoot.length + 1)}${word}`, readFileSync(path, "utf8")];
    });
    return Object.fromEntries(told.reverse());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
