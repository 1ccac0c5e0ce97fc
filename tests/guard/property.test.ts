// Random schemas: a right rebuild of any table is never refused, and one that leaves something out always is.

import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dumpOf, type Dump } from "./harness.ts";
import { migrateHere } from "./pure.ts";
import { makeSchema, randomOf, rebuildSql, schemaSql, type Omission } from "./random.ts";

const seeds = Array.from({ length: 30 }, (_, at) => at + 1);
const directory = mkdtempSync(join(tmpdir(), "rung-property-"));
const path = join(directory, "app.db");

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function dump(): Dump {
  const database = new Database(path);
  try {
    return dumpOf(database);
  } finally {
    database.close();
  }
}

/** All but the rebuilt table, whose text changes, and with it each row's last column. */
function withoutTable(of: Dump, name: string): Dump {
  const bare = name.replaceAll(/^["[`]|["\]`]$/g, "").replaceAll('""', '"');
  return Object.fromEntries(Object.entries(of).filter(([key]) => key !== `table ${bare}`));
}

test.each(seeds)("seed %d", async (seed) => {
  const random = randomOf(seed);
  const schema = makeSchema(random);
  const built = new Database(":memory:");
  built.run(schemaSql(schema));
  const bytes = built.serialize();
  built.close();

  for (const table of schema.tables) {
    const attempt = async (omit: Omission): Promise<[string, Dump, Dump, string]> => {
      writeFileSync(path, bytes);
      const before = dump();
      const sql = rebuildSql(random, schema, table, omit);
      const failure = await migrateHere(path, sql);
      const losses = failure === null ? "" : [failure.text, ...(failure.losses ?? [])].join("; ");
      return [failure?.code ?? "applied", before, dump(), `${sql}\n${losses}`];
    };

    const [right, before, after, why] = await attempt({ of: "nothing" });
    expect(right === "applied" ? right : `${right}: ${why}`).toBe("applied");
    expect(withoutTable(after, table.name)).toEqual(withoutTable(before, table.name));

    const omissions: Omission[] = [{ of: "row" }];
    for (const part of schema.parts) {
      if (part.table !== table) continue;
      if (part.kind === "view") omissions.push({ of: "column", column: part.column });
      else omissions.push({ of: "part", part });
    }
    for (const omit of omissions) {
      const [code, intact, left, text] = await attempt(omit);
      const wanted = omit.of === "row" ? "guard.lost-rows" : "guard.lost-objects";
      expect(code === wanted ? code : `${code}: ${text}`).toBe(wanted);
      expect(left).toEqual(intact);
    }
  }
});
