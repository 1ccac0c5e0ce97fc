// A database that may not be written, or that a crash has left with a journal: what only looks needs no more than that.

import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, readdirSync } from "node:fs";
import { Database } from "bun:sqlite";
import { json, notRunHere, Place, table, type RunOptions } from "../rung.ts";

// Root may write whatever the modes say.
const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const [program = "", ...words] = [...asNobody, "true"];
const isRoot = process.getuid?.() === 0;
const canLowerItself = !isRoot || spawnSync(program, words).status === 0;
const options: RunOptions = isRoot ? { before: asNobody } : {};

for (const mode of ["delete", "wal"]) {
  const name = `nothing to do on a file that may only be read: migrate exits 0, ${mode}`;
  if (!canLowerItself) {
    notRunHere(name, "setpriv is not permitted");
    continue;
  }
  test(name, async () => {
    using place = new Place();
    place.execute(`PRAGMA journal_mode = ${mode}`);
    place.write({ "1_a.sql": table("a") });
    expect((await place.rung(["migrate"])).status).toBe(0);
    chmodSync(place.at("rung.db"), 0o444);
    // Beside a file in WAL mode even a reader has to make one: without that, SQLite reads nothing.
    chmodSync(place.path, mode === "wal" ? 0o777 : 0o555);
    const before = readFileSync(place.at("rung.db"), "base64");
    const { status, stdout, stderr } = await place.rung(["migrate"], options);
    expect([status, stdout, stderr]).toEqual([0, "Nothing to apply: rung.db is up to date\n", ""]);
    const checked = await place.rung(["status", "--check"], options);
    expect([checked.status, checked.stderr]).toEqual([0, ""]);
    // What would have to write says so, and leaves the bytes as they were.
    const refused = json((await place.rung(["rollback", "--json"], options)).stdout);
    expect(refused).toMatchObject({ error: { code: "database.read-only", changed: "nothing" } });
    expect(readFileSync(place.at("rung.db"), "base64")).toBe(before);
    if (mode === "delete") expect(place.list()).toEqual(["migrations", "rung.db"]);
    chmodSync(place.path, 0o755);
  });
}

/** Leaves a database in the middle of a transaction that has reached the file, with the journal that takes it back. */
function crash(place: Place): void {
  const text = `import { Database } from "bun:sqlite";
const database = new Database(${JSON.stringify(place.at("rung.db"))});
database.run("PRAGMA cache_size = 1");
database.run("BEGIN IMMEDIATE");
database.run("DELETE FROM rung_history");
database.run("CREATE TABLE filler AS WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000) SELECT randomblob(500) FROM c");
process.kill(process.pid, "SIGKILL");
`;
  const ended = spawnSync(process.execPath, ["-e", text], { cwd: place.path });
  expect(ended.signal).toBe("SIGKILL");
  expect(existsSync(place.at("rung.db-journal"))).toBe(true);
}

test("a hot journal is played back by whoever looks first, status too", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a") });
  expect((await place.rung(["migrate"])).status).toBe(0);
  crash(place);
  const { status, stdout } = await place.rung(["status", "--check", "--json"]);
  expect(status).toBe(0);
  expect(json(stdout)).toMatchObject({ ok: true, applied: 1, pending: 0, drift: [] });
  expect(readdirSync(place.path)).not.toContain("rung.db-journal");
  using database = new Database(place.at("rung.db"), { readonly: true });
  expect(database.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  expect(place.tables()).toEqual(["a"]);
});

test("a log that a crash has left is read by status, and left to the next that writes", async () => {
  using place = new Place();
  place.execute("PRAGMA journal_mode = WAL");
  place.write({ "1_a.sql": table("a") });
  expect((await place.rung(["migrate"])).status).toBe(0);
  const text = `import { Database } from "bun:sqlite";
const database = new Database(${JSON.stringify(place.at("rung.db"))});
database.run("CREATE TABLE logged (id)");
process.kill(process.pid, "SIGKILL");
`;
  expect(spawnSync(process.execPath, ["-e", text]).signal).toBe("SIGKILL");
  const { status, stdout } = await place.rung(["status", "--check", "--json"]);
  expect(status).toBe(1);
  expect(json(stdout)).toMatchObject({ applied: 1, drift: [{ kind: "added", name: "logged" }] });
  place.write({ "2_b.sql": table("b") });
  expect((await place.rung(["migrate"])).status).toBe(0);
  expect(place.tables()).toEqual(["a", "b", "logged"]);
});
