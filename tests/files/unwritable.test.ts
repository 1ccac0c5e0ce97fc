// A database that whoever copies it may not write to: in WAL mode reading alone would leave files beside it, or fail.

import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { asUnchanging } from "../../src/database/source.ts";
import { ok } from "../../src/failure.ts";
import { notRunHere, Place, table } from "../rung.ts";
import { leave, look, modeOf } from "./states.ts";

const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const canDrop = Bun.which("setpriv") !== null && process.getuid?.() === 0;

function stateOf(place: Place): readonly unknown[] {
  const { mtimeMs, ino } = statSync(place.at("rung.db"));
  return [place.list(), mtimeMs, ino, Bun.hash(readFileSync(place.at("rung.db")))];
}

const places = {
  "in a folder that he may write to": [0o777, 0o644],
  "in a folder that he may not write to": [0o755, 0o666],
} as const;

for (const [where, [folder, file]] of Object.entries(places)) {
  for (const mode of ["wal", "delete"] as const) {
    const name = `${where}, ${mode}: rehearsed and backed up, it keeps its bytes and its company`;
    if (!canDrop) {
      notRunHere(name, "not root");
      continue;
    }
    test(name, async () => {
      using place = new Place();
      place.write({ "1_a.sql": table("a") });
      leave(mode, place.at("rung.db"), "old");
      mkdirSync(place.at("his"));
      chmodSync(place.at("his"), 0o777);
      chmodSync(place.at("rung.db"), file);
      chmodSync(place.path, folder);
      const before = stateOf(place);
      const rehearsed = await place.rung(["rehearse", "--tmp", "his"], { before: nobody });
      expect([rehearsed.status, rehearsed.stderr]).toEqual([0, ""]);
      const made = await place.rung(["backup", "his/b"], { before: nobody });
      expect([made.status, made.stderr]).toEqual([0, ""]);
      expect(stateOf(place)).toEqual(before);
      expect([look(place.at("his", "b")), modeOf(place.at("his", "b"))]).toEqual([
        "40 rows say old",
        mode,
      ]);
    });
  }
}

test("of a file that changes while it is read as if it could not, there is no copy", () => {
  using place = new Place();
  leave("wal", place.at("rung.db"), "old");
  expect(asUnchanging(place.at("rung.db"), () => ok(1))).toEqual(ok(1));
  const read = asUnchanging(place.at("rung.db"), () => {
    place.execute("DELETE FROM t WHERE row = 1");
    return ok(1);
  });
  expect(read.ok ? "" : read.failure.code).toBe("database.locked");
});
