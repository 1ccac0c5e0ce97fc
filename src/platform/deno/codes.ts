// SQLite's result codes by number -> their names, as SQLite's documentation has them.

/** By primary code: its name, and what follows it in the names of its extended codes, from 1. */
const names: Readonly<Record<number, string>> = {
  1: "ERROR MISSING_COLLSEQ RETRY SNAPSHOT",
  2: "INTERNAL",
  3: "PERM",
  4: "ABORT - ROLLBACK",
  5: "BUSY RECOVERY SNAPSHOT TIMEOUT",
  6: "LOCKED SHAREDCACHE VTAB",
  7: "NOMEM",
  8: "READONLY RECOVERY CANTLOCK ROLLBACK DBMOVED CANTINIT DIRECTORY",
  9: "INTERRUPT",
  10:
    "IOERR READ SHORT_READ WRITE FSYNC DIR_FSYNC TRUNCATE FSTAT UNLOCK RDLOCK DELETE BLOCKED NOMEM ACCESS " +
    "CHECKRESERVEDLOCK LOCK CLOSE DIR_CLOSE SHMOPEN SHMSIZE SHMLOCK SHMMAP SEEK DELETE_NOENT MMAP GETTEMPPATH " +
    "CONVPATH VNODE AUTH BEGIN_ATOMIC COMMIT_ATOMIC ROLLBACK_ATOMIC DATA CORRUPTFS IN_PAGE",
  11: "CORRUPT VTAB SEQUENCE INDEX",
  12: "NOTFOUND",
  13: "FULL",
  14: "CANTOPEN NOTEMPDIR ISDIR FULLPATH CONVPATH DIRTYWAL SYMLINK",
  15: "PROTOCOL",
  16: "EMPTY",
  17: "SCHEMA",
  18: "TOOBIG",
  19: "CONSTRAINT CHECK COMMITHOOK FOREIGNKEY FUNCTION NOTNULL PRIMARYKEY TRIGGER UNIQUE VTAB ROWID PINNED DATATYPE",
  20: "MISMATCH",
  21: "MISUSE",
  22: "NOLFS",
  23: "AUTH USER",
  24: "FORMAT",
  25: "RANGE",
  26: "NOTADB",
};

/** The name of a result code, extended or not: SQLITE_BUSY, SQLITE_IOERR_WRITE … */
export function nameOfCode(code: number): string {
  const [primary = "ERROR", ...extended] = names[code & 255]?.split(" ") ?? [];
  const more = extended[(code >> 8) - 1];
  return more === undefined ? `SQLITE_${primary}` : `SQLITE_${primary}_${more}`;
}
