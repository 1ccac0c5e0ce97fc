// What the system means by an I/O error: a quota and a limit on the size of files are not the disk's fault.

import { expect, test } from "bun:test";
import { constants } from "node:os";
import { databaseFailure } from "../../src/database/errors.ts";
import { exitStatus, protocolCode } from "../../src/failure.ts";

/** What bun:sqlite throws, as far as it is looked at. */
class SqliteError extends Error {
  readonly code: string;

  constructor(code: string) {
    super("disk I/O error");
    this.code = code;
  }
}

const { EDQUOT, EFBIG, EIO, ENOSPC } = constants.errno;
const write = "SQLITE_IOERR_WRITE";

for (const [code, errno, ours] of [
  [write, EDQUOT, "database.full"],
  ["SQLITE_IOERR_FSYNC", EDQUOT, "database.full"],
  [write, EFBIG, "database.size-limit"],
  [write, EIO, "database.io"],
  [write, 0, "database.io"],
  ["SQLITE_IOERR_READ", ENOSPC, "database.io"],
  ["SQLITE_FULL", 0, "database.full"],
  // An error number that is left from before says nothing of what is no I/O error.
  ["SQLITE_BUSY", EDQUOT, "database.locked"],
  ["SQLITE_CORRUPT", EFBIG, "database.corrupt"],
  ["SQLITE_CONSTRAINT_UNIQUE", EFBIG, undefined],
] as const) {
  test(`${code} with error number ${errno} is ${ours ?? "the statement's fault"}`, () => {
    const found = databaseFailure(new SqliteError(code), { path: "nowhere.db", errno });
    expect(found?.code).toBe(ours);
  });
}

test("a limit on the size of files has its sentence, its hint, and the statuses of its family", () => {
  const found = databaseFailure(new SqliteError(write), { path: "a.db", errno: EFBIG });
  expect(found?.text).toBe(
    "The database a.db cannot grow: a file may not become larger here (SQLITE_IOERR_WRITE: disk I/O error).",
  );
  expect(found?.hint).toContain("ulimit -f");
  expect([exitStatus("database.size-limit"), protocolCode("database.size-limit")]).toEqual([5, 13]);
});
