// Restore: a backup takes the place of whatever is there, and nothing that was there gets into it.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Restoration } from "../../src/database/restore.ts";
import { json, notRunHere, Place, table } from "../rung.ts";
import { leave, leftovers, look, modeOf } from "./states.ts";

/** The failure code that a command ended with; null for none. */
async function codeOf(place: Place, ...words: string[]): Promise<unknown> {
  const { error } = json((await place.rung([...words, "--json"])).stdout);
  return typeof error === "object" && error !== null && "code" in error ? error.code : null;
}

for (const leftover of leftovers) {
  const isBroken = leftover === "broken";
  test(`over a database left behind as ${leftover}: the backup is there, and what was is kept`, async () => {
    using place = new Place();
    leave("delete", place.at("b.backup"), "new");
    leave(leftover, place.at("rung.db"), "old");
    const before = look(place.at("rung.db"));
    if (isBroken) {
      const files = place.list();
      expect(await codeOf(place, "restore", "b.backup")).toBe("database.not-a-database");
      // The index of a log is made anew by whoever reads it.
      expect(place.list().filter((name) => !name.endsWith("-shm"))).toEqual(files);
    }
    const words = ["restore", "b.backup", ...(isBroken ? ["--force"] : [])];
    const { stdout } = await place.rung([...words, "--json"]);
    const { kept, ok } = json(stdout);
    expect([stdout, ok]).toEqual([stdout, true]);
    expect(look(place.at("rung.db"))).toBe("40 rows say new");
    expect(place.list()).not.toContain("rung.db-wal");
    expect(place.list()).not.toContain("rung.db-journal");
    expect(modeOf(place.at("rung.db"))).toBe("delete");
    expect(look(place.at(String(kept)))).toBe(leftover === "log alone" ? "nothing" : before);
    expect(existsSync(place.at(`${String(kept)}-wal`))).toBe(isBroken || leftover === "log alone");
    expect(place.list().filter((name) => name.includes(".rung-"))).toEqual([]);
    if (leftover === "wal" || leftover === "killed in wal") {
      expect(modeOf(place.at(String(kept)))).toBe("wal");
    }
  });

  test(`over one left behind as ${leftover}, with --discard: nothing but the backup is left`, async () => {
    using place = new Place();
    leave("wal", place.at("b.backup"), "new");
    leave(leftover, place.at("rung.db"), "old");
    const ran = await place.rung(["restore", "b.backup", "--discard", "--force"]);
    expect([ran.status, ran.stdout]).toEqual([0, "restored rung.db from b.backup\n"]);
    expect(place.list()).toEqual(["b.backup", "rung.db"]);
    expect([look(place.at("rung.db")), modeOf(place.at("rung.db"))]).toEqual([
      "40 rows say new",
      "wal",
    ]);
  });
}

test("what is no whole, sound backup is refused, and nothing is changed", async () => {
  using place = new Place();
  leave("killed in wal", place.at("rung.db"), "old");
  leave("killed in wal", place.at("open"), "new");
  leave("hot journal", place.at("hot"), "new");
  leave("delete", place.at("torn"), "new");
  const torn = await Bun.file(place.at("torn")).bytes();
  torn.fill(0xff, 4096, 8192);
  writeFileSync(place.at("torn"), torn);
  writeFileSync(place.at("empty"), "");
  writeFileSync(place.at("text"), "no database".repeat(100));
  symlinkSync("rung.db", place.at("itself"));
  const files = place.list();
  const bytes = (): unknown[] =>
    ["rung.db", "rung.db-wal"].map((name) => Bun.hash(readFileSync(place.at(name))));
  const before = bytes();
  const cases = {
    nowhere: "database.cannot-open",
    ".": "database.cannot-open",
    open: "database.not-alone",
    hot: "database.not-alone",
    empty: "database.corrupt",
    text: "database.not-a-database",
    itself: "usage.invalid-option",
    "rung.db": "usage.invalid-option",
  };
  for (const [file, code] of Object.entries(cases)) {
    expect([file, await codeOf(place, "restore", file, "--force")]).toEqual([file, code]);
  }
  expect([place.list(), bytes()]).toEqual([files, before]);
  // Only a copy of it shows what is wrong with this one, and for that the database is settled first.
  const { status, stderr } = await place.rung(["restore", "torn"]);
  expect([status, stderr]).toEqual([5, expect.stringContaining("The backup torn is damaged: ")]);
  expect(place.list()).toEqual(files.filter((name) => name !== "rung.db-wal"));
  expect(modeOf(place.at("rung.db"))).toBe("wal");
  expect(look(place.at("rung.db"))).toBe("40 rows say old");
});

test("what is wrong with a backup is told a line each, and no more of it than can be read", async () => {
  using place = new Place();
  place.execute("CREATE TABLE t (x TEXT)", "torn");
  const many = "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)";
  place.execute(`${many} INSERT INTO t SELECT hex(i * 1000003) FROM n`, "torn");
  const torn = await Bun.file(place.at("torn")).bytes();
  // The places of the rows of a few pages, behind the headers of these.
  for (const page of [5, 7, 9]) torn.fill(0x0f, page * 4096 + 8, page * 4096 + 108);
  writeFileSync(place.at("torn"), torn);
  const { status, stderr } = await place.rung(["restore", "torn"]);
  expect(status).toBe(5);
  expect(stderr).toMatch(/^rung: .+ \[database\.corrupt\]\n(?: {2}- .+\n){2,20}hint: .+\n$/);
  expect(stderr).not.toContain("***");
});

describe("while somebody uses the database", () => {
  for (const mode of ["DELETE", "WAL"]) {
    const name = `an idle connection in ${mode} mode stands in the way`;
    if (!existsSync("/proc/self/fd") && mode === "DELETE") {
      notRunHere(name, "there is no /proc, and SQLite does not see it");
      continue;
    }
    test(name, async () => {
      using place = new Place();
      leave("delete", place.at("b.backup"), "new");
      place.execute(`PRAGMA journal_mode = ${mode}; CREATE TABLE x (y)`);
      const before = place.list();
      {
        using application = new Database(place.at("rung.db"));
        application.query("SELECT * FROM x").all();
        const words = ["restore", "b.backup", "--lock-timeout", "200ms"];
        const { status, stderr } = await place.rung(words);
        expect(stderr).toContain(`process ${process.pid} has it open. [database.in-use]`);
        expect(status).toBe(5);
        application.query("SELECT * FROM x").all();
      }
      expect(place.list()).toEqual(before);
      expect((await place.rung(["restore", "b.backup"])).status).toBe(0);
      expect(look(place.at("rung.db"))).toBe("40 rows say new");
    });
  }
});

test("owner, permissions and a link to the file stay as they were", async () => {
  using place = new Place();
  leave("delete", place.at("b.backup"), "new");
  chmodSync(place.at("b.backup"), 0o644);
  place.write({}, "data");
  leave("delete", place.at("data", "real.db"), "old");
  chmodSync(place.at("data", "real.db"), 0o640);
  symlinkSync("data/real.db", place.at("rung.db"));
  expect((await place.rung(["restore", "b.backup", "--discard"])).status).toBe(0);
  expect(statSync(place.at("data", "real.db")).mode & 0o777).toBe(0o640);
  expect(look(place.at("data", "real.db"))).toBe("40 rows say new");
  expect(look(place.at("rung.db"))).toBe("40 rows say new");
  expect(place.list()).toEqual(["b.backup", "data", "rung.db"]);
});

test("a restored database knows that it was: its history goes on, and its log says so", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  await place.rung(["migrate", "--steps", "1"]);
  await place.rung(["migrate", "--backup"]);
  const [backup = ""] = place.list().filter((name) => name.endsWith(".backup"));
  expect(backup).toStartWith("rung.db.v1.");
  expect(place.tables()).toEqual(["a", "b"]);
  expect((await place.rung(["restore", backup])).status).toBe(0);
  expect(place.tables()).toEqual(["a"]);
  expect((await place.rung(["status", "--json"])).stdout).toContain(`"pending":1`);
  const log = place.query("SELECT event, version, name FROM rung_log ORDER BY id");
  expect(log.at(-1)).toEqual({ event: "restore", version: 1, name: backup });
  expect((await place.rung(["migrate"])).stdout).toStartWith("applied 2 b");
  expect((await place.rung(["status", "--check"])).status).toBe(0);
});

test("a session lets go of the database for a restore, and goes on with the new one", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  const { replies, status } = await place.send([
    { type: "migrate", steps: 1 },
    { type: "backup", file: "one" },
    { type: "migrate" },
    { type: "restore", file: "one" },
    { type: "status" },
    { type: "migrate" },
  ]);
  expect(replies.map(({ type }) => type)).toEqual([
    "migrations_applied",
    "backed_up",
    "migrations_applied",
    "restored",
    "migration_status",
    "migrations_applied",
  ]);
  expect(replies[4]).toMatchObject({ migrations: [{ applied: true }, { applied: false }] });
  expect(replies[5]).toMatchObject({ count: 1 });
  expect(status).toBe(0);
});

test("a link that leads to nothing yet: the database comes to be where it leads", async () => {
  using place = new Place();
  leave("delete", place.at("b.backup"), "new");
  place.write({}, "data");
  symlinkSync("data/real.db", place.at("rung.db"));
  symlinkSync("round.db", place.at("round.db"));
  expect((await place.rung(["restore", "b.backup"])).status).toBe(0);
  expect(lstatSync(place.at("rung.db")).isSymbolicLink()).toBe(true);
  expect(look(place.at("data", "real.db"))).toBe("40 rows say new");
  expect((await place.rung(["restore", "b.backup", "--db", "round.db"])).status).toBe(5);
});

test("rows that break a CHECK are no damage: what backup made, restore takes", async () => {
  using place = new Place();
  place.execute(`CREATE TABLE t (x CHECK (x > 0));
    PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (-1)`);
  expect((await place.rung(["backup", "b"])).status).toBe(0);
  expect((await place.rung(["restore", "b"])).status).toBe(0);
  expect(place.query("SELECT x FROM t")).toEqual([{ x: -1 }]);
});

test("killed before it replaces, it leaves the live file a second name, which the next one takes away", async () => {
  using place = new Place();
  leave("delete", place.at("b.backup"), "new");
  leave("delete", place.at("rung.db"), "old");
  const wish = { file: place.at("b.backup"), force: false, discard: false };
  const killed = new Restoration(place.at("rung.db"), wish, new Date(0), "somebody");
  for (const stage of ["settle", "copy", "keep"] as const) killed.perform(stage);
  for (const name of place.list()) {
    if (name.includes(".rung-")) rmSync(place.at(name));
  }
  expect(place.list()).toEqual(["b.backup", "rung.db", "rung.db.replaced-19700101T000000Z"]);
  const next = new Restoration(place.at("rung.db"), wish, new Date(1000), "somebody");
  next.perform("copy");
  expect(next.perform("keep")).toEqual({ is: "done" });
  expect(next.perform("replace")).toEqual({ is: "done" });
  expect(next.perform("finish")).toMatchObject({ is: "restored" });
  expect(place.list()).toEqual(["b.backup", "rung.db", "rung.db.replaced-19700101T000001Z"]);
  expect(look(place.at("rung.db.replaced-19700101T000001Z"))).toBe("40 rows say old");
  expect(look(place.at("rung.db"))).toBe("40 rows say new");
});

for (const mode of ["delete", "wal"] as const) {
  const name = `who opens the database in ${mode} mode while the backup is copied stands in the way, too`;
  if (!existsSync("/proc/self/fd")) notRunHere(name, "no /proc");
  else {
    test(name, async () => {
      using place = new Place();
      const live = place.at("rung.db");
      leave("delete", place.at("b.backup"), "new");
      leave(mode, live, "old");
      const files = place.list();
      const wish = { file: place.at("b.backup"), force: false, discard: false };
      const restoration = new Restoration(live, wish, new Date(), "somebody");
      for (const stage of ["settle", "copy", "keep"] as const) {
        expect(restoration.perform(stage)).toEqual({ is: "done" });
      }
      const user = Bun.spawn(["sleep", "60"], { stdin: Bun.file(live) });
      try {
        expect(restoration.perform("replace")).toMatchObject({
          failure: { code: "database.in-use" },
        });
        expect(restoration.perform("discard")).toEqual({ is: "done" });
      } finally {
        user.kill();
        await user.exited;
      }
      expect([place.list(), look(live), modeOf(live)]).toEqual([files, "40 rows say old", mode]);
    });
  }
}

const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const canDrop = Bun.which("setpriv") !== null && process.getuid?.() === 0;
if (!canDrop) notRunHere("restoring as the owner of a backup that is read-only", "not root");
else {
  test("a backup that its owner may only read is restored by him, and by nobody else's means", async () => {
    using place = new Place();
    chmodSync(place.path, 0o777);
    leave("delete", place.at("rung.db"), "old");
    chmodSync(place.at("rung.db"), 0o444);
    expect((await place.rung(["backup", "b"], { before: nobody })).status).toBe(0);
    expect(statSync(place.at("b")).mode & 0o777).toBe(0o400);
    const other = await place.rung(["restore", "b", "--db", "new.db"], { before: nobody });
    expect([other.stderr, look(place.at("new.db"))]).toEqual(["", "40 rows say old"]);
    chmodSync(place.at("rung.db"), 0o666);
    const files = place.list();
    const foreign = await place.rung(["restore", "b"], { before: nobody });
    expect([foreign.status, place.list()]).toEqual([5, files]);
    expect(foreign.stderr).toContain(
      "cannot be given to the owner and group of the database: EPERM.",
    );
  });
}
