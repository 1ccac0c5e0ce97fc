// Backup: a whole, private, durable copy under a name of its own, whatever goes on meanwhile.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { json, notRunHere, Place, table } from "../rung.ts";
import { leave, look, modeOf } from "./states.ts";

function backupsIn(place: Place): string[] {
  return place.list().filter((name) => name.endsWith(".backup"));
}

for (const mode of ["delete", "wal"] as const) {
  test(`a backup in ${mode} mode is the whole database in one private file, and leaves nothing else`, async () => {
    using place = new Place();
    leave(mode, place.at("rung.db"), "old");
    chmodSync(place.at("rung.db"), 0o666);
    const ran = await place.rung(["backup", "--json"], { env: { TZ: "Asia/Tokyo" } });
    const { path, bytes, removed } = json(ran.stdout);
    expect(place.list()).toEqual(["rung.db", String(path)]);
    expect(path).toMatch(/^rung\.db\.v0\.\d{8}T\d{6}Z\.backup$/);
    expect([statSync(place.at(String(path))).size, removed]).toEqual([Number(bytes), []]);
    expect(statSync(place.at(String(path))).mode & 0o777).toBe(0o600);
    expect([look(place.at(String(path))), modeOf(place.at(String(path)))]).toEqual([
      "40 rows say old",
      mode,
    ]);
  });
}

test("a backup is no more open than a database that is closed to its own owner", async () => {
  using place = new Place();
  leave("delete", place.at("rung.db"), "old");
  chmodSync(place.at("rung.db"), 0o400);
  const { status } = await place.rung(["backup", "b"]);
  expect([status, statSync(place.at("b")).mode & 0o777]).toEqual([0, 0o400]);
});

test("names: head and time in the file's name, a folder, a file of one's own, never over another", async () => {
  using place = new Place();
  place.write({ "3_a.sql": table("a"), "12_b.sql": table("b") });
  expect((await place.rung(["backup"])).stderr).toContain("There is no database rung.db.");
  expect(place.list()).toEqual(["migrations"]);
  await place.rung(["migrate"]);
  place.write({}, "kept");
  expect((await place.rung(["backup", "kept"])).stdout).toMatch(
    /^backed up to kept\/rung\.db\.v12\.\d{8}T\d{6}Z\.backup \(/,
  );
  // Several in one second.
  for (let count = 0; count < 3; count++) await place.rung(["backup"]);
  expect(backupsIn(place)).toHaveLength(3);
  writeFileSync(place.at("mine"), "precious");
  const { status, stdout } = await place.rung(["backup", "mine", "--json"]);
  expect([status, json(stdout)]).toMatchObject([2, { error: { code: "usage.file-exists" } }]);
  expect(readFileSync(place.at("mine"), "utf8")).toBe("precious");
  const nowhere = await place.rung(["backup", "no/where", "--json"]);
  expect(json(nowhere.stdout)).toMatchObject({ error: { code: "database.copy-failed" } });
  // The database is what cannot be opened there, not its copy.
  for (const command of ["backup", "rehearse"]) {
    const inside = await place.rung([command, "--db", "mine/x.db", "--json"]);
    expect(json(inside.stdout)).toMatchObject({ error: { code: "database.cannot-open" } });
  }
  for (const name of ["a b'c\".backup", "file:x?mode=memory", ":memory:", "%41"]) {
    expect([name, (await place.rung(["backup", name])).status]).toEqual([name, 0]);
    expect([name, existsSync(place.at(name))]).toEqual([name, true]);
  }
  for (const suffix of ["-wal", "-journal", "-shm"]) {
    const journal = await place.rung(["backup", `./rung.db${suffix}`, "--json"]);
    expect(json(journal.stdout)).toMatchObject({ error: { code: "usage.invalid-option" } });
    expect(existsSync(place.at(`rung.db${suffix}`))).toBe(false);
  }
  const wrong = await place.rung(["backup", "new", "--keep", "2", "--json"]);
  expect(json(wrong.stdout)).toMatchObject({ error: { code: "usage.invalid-option" } });
});

test("--keep leaves the latest, and touches nothing that only looks like a backup of this database", async () => {
  using place = new Place();
  leave("delete", place.at("rung.db"), "old");
  const strangers = [
    "rung.db.v1.backup",
    "rung.db.v1.20200101T000000Z.backup.txt",
    "xrung.db.v1.20200101T000000Z.backup",
    "rung.dbx.v1.20200101T000000Z.backup",
  ];
  const ours = [
    "rung.db.v9.20200101T000000Z.backup",
    "rung.db.v2.20210101T000000Z-2.backup",
    "rung.db.v2.20210101T000000Z-10.backup",
    "rung.db.v1.20220101T000000Z.backup",
  ];
  for (const name of [...strangers, ...ours]) writeFileSync(place.at(name), "x");
  const { removed } = json((await place.rung(["backup", "--keep", "3", "--json"])).stdout);
  expect(removed).toEqual([ours[1], ours[0]].map(String));
  expect(place.list()).toContainValues([...strangers, String(ours[2]), String(ours[3])]);
});

test("several at once with --keep leave as many as they are to, each of them whole", async () => {
  using place = new Place();
  leave("delete", place.at("rung.db"), "old");
  const runs = await Promise.all(
    Array.from({ length: 8 }, () => place.rung(["backup", "--keep", "3", "--json"])),
  );
  for (const { status, stdout } of runs) {
    expect([status, json(stdout)]).toMatchObject([0, { bytes: expect.any(Number) }]);
    expect(json(stdout)["bytes"]).toBeGreaterThan(8192);
  }
  expect(backupsIn(place)).toHaveLength(3);
  for (const name of backupsIn(place)) expect(look(place.at(name))).toBe("40 rows say old");
});

test("readers and writers go on while a backup is made, and it is a moment between two commits", async () => {
  for (const mode of ["DELETE", "WAL"]) {
    using place = new Place();
    place.execute(`PRAGMA journal_mode = ${mode};
      CREATE TABLE a (row INTEGER PRIMARY KEY, text); CREATE TABLE b (row INTEGER PRIMARY KEY, text)`);
    using application = new Database(place.at("rung.db"));
    application.run("PRAGMA busy_timeout = 10000");
    let rounds = 0;
    const timer = setInterval(() => {
      application.run("BEGIN IMMEDIATE");
      application.run("INSERT INTO a (text) VALUES (hex(randomblob(2000)))");
      application.run("INSERT INTO b (text) VALUES (hex(randomblob(2000)))");
      application.run("COMMIT");
      rounds++;
    }, 5);
    for (let count = 0; count < 3; count++) {
      expect((await place.rung(["backup", `b${count}`])).status).toBe(0);
      const counts = "SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM b) AS b";
      const [found] = place.query(counts, `b${count}`);
      expect(found?.["a"]).toBe(Number(found?.["b"]));
    }
    clearInterval(timer);
    expect(rounds).toBeGreaterThan(0);
  }
});

test("migrate --backup: before anything is changed, and only where something is to be", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  // Of an empty database there is nothing to come back to.
  expect((await place.rung(["migrate", "--steps", "1", "--backup"])).stdout).not.toContain(
    "backed",
  );
  const { stdout } = await place.rung(["migrate", "--backup", "--json"]);
  const { backup, count } = json(stdout);
  const [name = ""] = backupsIn(place);
  expect([count, backup]).toMatchObject([1, { path: name, removed: [] }]);
  expect(place.tables(name)).toEqual(["a"]);
  expect((await place.rung(["migrate", "--backup"])).stdout).toStartWith("Nothing to apply");
  expect(backupsIn(place)).toEqual([name]);
  place.write({ "3_c.sql": "-- migrate:up\nCREATE TABLE c (x);\nnonsense;\n" });
  const failed = await place.rung(["migrate", "--backup", "--keep", "1", "--json"]);
  expect(json(failed.stdout)).toMatchObject({ ok: false, backup: { removed: [name] } });
  expect(backupsIn(place)).toHaveLength(1);
});

test("no write falls between the backup and the migration", async () => {
  for (const mode of ["DELETE", "WAL"]) {
    using place = new Place();
    place.write({
      "1_a.sql": "-- migrate:up\nCREATE TABLE seen AS SELECT count(*) AS rows FROM t;\n",
    });
    place.execute(`PRAGMA journal_mode = ${mode}; CREATE TABLE t (row INTEGER PRIMARY KEY)`);
    using application = new Database(place.at("rung.db"));
    application.run("PRAGMA busy_timeout = 10000");
    const timer = setInterval(() => application.run("INSERT INTO t DEFAULT VALUES"), 5);
    const ran = await place.rung(["migrate", "--backup"]);
    clearInterval(timer);
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    const [name = ""] = backupsIn(place);
    const [seen] = place.query("SELECT rows FROM seen");
    expect(place.query("SELECT count(*) AS rows FROM t", name)).toEqual([seen ?? {}]);
  }
});

const links = existsSync("/proc/self/fd");
if (!links) notRunHere("a copy that is left by a dead process goes with the next", "no /proc");
else {
  test("a copy that is left by a dead process goes with the next; one of a living process stays", async () => {
    using place = new Place();
    leave("delete", place.at("rung.db"), "old");
    const host = (await Bun.$`hostname`.text()).trim().replace(/[^\w-]/g, "_");
    const name = (id: number): string => `rung.db.rung-${id}-${host}-${crypto.randomUUID()}`;
    const dead = Bun.spawnSync(["true"]).pid;
    const [left, living, other] = [name(dead), name(process.pid), `x${name(dead)}`];
    // Of some a removal that was killed, too, has left no more than a journal.
    const orphans = [`${name(dead)}-journal`, `${name(dead)}-shm`];
    const written = [left, `${left}-wal`, ...orphans, living, `${living}-wal`, other];
    for (const each of written) writeFileSync(place.at(each), "x");
    expect((await place.rung(["backup", "b"])).status).toBe(0);
    expect(place.list()).toEqual(["b", "rung.db", living, `${living}-wal`, other].sort());
    // Whatever way leads to it, it is the same database.
    writeFileSync(place.at(left), "x");
    symlinkSync("rung.db", place.at("link"));
    expect((await place.rung(["rehearse", "--db", "link", "--dir", "."])).status).toBe(0);
    expect(place.list()).toEqual(["b", "link", "rung.db", living, `${living}-wal`, other].sort());
  });
}

const zombies = existsSync("/proc/self/stat") && Bun.which("sh") !== null;
if (!zombies) notRunHere("the copy of a process that nobody has reaped goes, too", "no /proc");
else {
  test("the copy of a process that nobody has reaped goes, too", async () => {
    using place = new Place();
    leave("delete", place.at("rung.db"), "old");
    // The shell's child ends, and what the shell has become never asks for it.
    const parent = Bun.spawn(["sh", "-c", "sleep 0.1 & echo $!; exec sleep 60"], {
      stdout: "pipe",
    });
    try {
      const { value } = await parent.stdout.getReader().read();
      const dead = new TextDecoder().decode(value).trim();
      while (!/\) Z /.test(readFileSync(`/proc/${dead}/stat`, "utf8"))) await Bun.sleep(5);
      const host = (await Bun.$`hostname`.text()).trim().replace(/[^\w-]/g, "_");
      writeFileSync(place.at(`rung.db.rung-${dead}-${host}-${crypto.randomUUID()}`), "x");
      expect((await place.rung(["backup", "b"])).status).toBe(0);
      expect(place.list()).toEqual(["b", "rung.db"]);
    } finally {
      parent.kill();
      await parent.exited;
    }
  });
}

const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const canDrop = Bun.which("setpriv") !== null && process.getuid?.() === 0;
if (!canDrop)
  notRunHere("a copy left by another user's process does not stand in the way", "not root");
else {
  test("a copy left by another user's process does not stand in the way", async () => {
    using place = new Place();
    leave("delete", place.at("rung.db"), "old");
    chmodSync(place.path, 0o1777);
    const host = (await Bun.$`hostname`.text()).trim().replace(/[^\w-]/g, "_");
    const left = `rung.db.rung-${Bun.spawnSync(["true"]).pid}-${host}-${crypto.randomUUID()}`;
    writeFileSync(place.at(left), "x");
    const ran = await place.rung(["backup", "b"], { before: nobody });
    expect([ran.stderr, ran.status]).toEqual(["", 0]);
    expect(place.list()).toEqual(["b", "rung.db", left].sort());
  });
}
