// The names of SQLite's result codes, which node:sqlite tells by number.

/** The primary codes from 0 on, each with what follows its name in its extended codes, from 1 on (sqlite3.h). */
const codes: readonly (readonly [name: string, extended?: string])[] = [
  ["OK"],
  ["ERROR", "MISSING_COLLSEQ RETRY SNAPSHOT RESERVESIZE KEY UNABLE"],
  ["INTERNAL"],
  ["PERM"],
  ["ABORT", "- ROLLBACK"],
  ["BUSY", "RECOVERY SNAPSHOT TIMEOUT"],
  ["LOCKED", "SHAREDCACHE VTAB"],
  ["NOMEM"],
  ["READONLY", "RECOVERY CANTLOCK ROLLBACK DBMOVED CANTINIT DIRECTORY"],
  ["INTERRUPT"],
  [
    "IOERR",
    "READ SHORT_READ WRITE FSYNC DIR_FSYNC TRUNCATE FSTAT UNLOCK RDLOCK DELETE BLOCKED NOMEM ACCESS " +
      "CHECKRESERVEDLOCK LOCK CLOSE DIR_CLOSE SHMOPEN SHMSIZE SHMLOCK SHMMAP SEEK DELETE_NOENT MMAP " +
      "GETTEMPPATH CONVPATH VNODE AUTH BEGIN_ATOMIC COMMIT_ATOMIC ROLLBACK_ATOMIC DATA CORRUPTFS IN_PAGE",
  ],
  ["CORRUPT", "VTAB SEQUENCE INDEX"],
  ["NOTFOUND"],
  ["FULL"],
  ["CANTOPEN", "NOTEMPDIR ISDIR FULLPATH CONVPATH DIRTYWAL SYMLINK"],
  ["PROTOCOL"],
  ["EMPTY"],
  ["SCHEMA"],
  ["TOOBIG"],
  [
    "CONSTRAINT",
    "CHECK COMMITHOOK FOREIGNKEY FUNCTION NOTNULL PRIMARYKEY TRIGGER UNIQUE VTAB ROWID PINNED DATATYPE",
  ],
  ["MISMATCH"],
  ["MISUSE"],
  ["NOLFS"],
  ["AUTH", "USER"],
  ["FORMAT"],
  ["RANGE"],
  ["NOTADB"],
];

/** The name of a result code; an extended code without one has that of its primary code. */
export function codeOf(code: number): string {
  const [name, extended = ""] = codes[code & 0xff] ?? ["ERROR"];
  const more = extended.split(" ")[(code >> 8) - 1] ?? "";
  return more === "" || more === "-" ? `SQLITE_${name}` : `SQLITE_${name}_${more}`;
}
