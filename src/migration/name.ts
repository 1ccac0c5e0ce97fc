// How names compare in SQL.

/** Names compare without regard to ASCII case (SQLite, sqlite3_stricmp). */
export function foldName(name: string): string {
  if (!/[A-Z]/.test(name)) return name;
  // Beyond ASCII, lower case is not SQLite's affair.
  if (!/[\x80-\uffff]/.test(name)) return name.toLowerCase();
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
