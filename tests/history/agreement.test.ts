// A history that agrees with its catalog is told without its rows, and nothing else may come of that.

import { expect, test } from "bun:test";
import { glance } from "../../src/database/glance.ts";
import { readHistory } from "../../src/database/history.ts";
import { foundHistory } from "../../src/database/recording.ts";
import { openConnection, schemaVersion, type Connection } from "../../src/database/sqlite.ts";
import type { Catalog, Migration } from "../../src/migration/migration.ts";
import { outlineOf } from "../../src/migration/outline.ts";
import { isUpToDate, lastSeq, type History, type Interest } from "../../src/plan/history.ts";
import { standings, statusRows, type StatusRow } from "../../src/plan/status.ts";
import { randomOf } from "../guard/random.ts";

/** What may have become of a row since it was written. */
const mishaps = [
  "UPDATE rung_history SET state = 'started' WHERE version = ?",
  "UPDATE rung_history SET checksum = 'other' WHERE version = ?",
  "UPDATE rung_history SET checksum = upper(checksum) WHERE version = ?",
  "UPDATE rung_history SET version = version + 1000 WHERE version = ?",
  "UPDATE rung_history SET version = -version WHERE version = ?",
  "DELETE FROM rung_history WHERE version = ?",
  "UPDATE rung_history SET seq = seq + 100 WHERE version = ?",
  "UPDATE rung_history SET name = 'other' WHERE version = ?",
  "UPDATE rung_history SET kind = 'other' WHERE version = ?",
  "UPDATE rung_history SET state = 'above' WHERE version = ?",
  "UPDATE rung_history SET state = 'under' WHERE version = ?",
  "UPDATE rung_history SET applied_by = 'another' WHERE version = ?",
];

/** What makes a table of history without any of the rules that ours keeps, and breaks one of them. */
const loosened = [
  "CREATE TABLE loose AS SELECT * FROM rung_history",
  "DROP TABLE rung_history",
  "ALTER TABLE loose RENAME TO rung_history",
  "UPDATE rung_history SET applied_by = NULL WHERE seq = 3",
];

const insertApplied = `INSERT INTO rung_history
  (version, name, checksum, kind, state, seq, applied_at, duration_ms, applied_by)
  VALUES (?, ?, ?, 'sql', 'applied', ?, '2026-01-01T00:00:00.000Z', 1, 'me')`;

/** Null where it cannot be read. */
function read(connection: Connection, interest: Interest): History | null {
  const history = readHistory(connection, interest);
  return history.ok ? history.value : null;
}

/** What a report shows of a history, steps under way included. */
function reported(catalog: Catalog, history: History): readonly StatusRow[] {
  return statusRows(catalog, history, () => {
    return { direction: "up", done: 0, total: 1, lastDone: null, inDoubt: null };
  });
}

test("a history that agrees with its catalog leaves the same to do, and shows the same, as its rows do", () => {
  const whole: Migration[] = Array.from({ length: 12 }, (_, at) => ({
    version: at * 3 + 1,
    name: `m${at}`,
    file: `${at}.sql`,
    kind: "sql",
    checksum: `${at}`.repeat(64).slice(0, 64),
    texts: () => ({ both: { path: "x.sql", text: "-- migrate:up\n" } }),
  }));
  const seen = { agreed: 0, atOnce: 0, moved: 0, not: 0, unreadable: 0 };
  for (let seed = 1; seed <= 300; seed++) {
    const pick = randomOf(seed);
    const migrations = whole.slice(0, pick(whole.length + 1));
    const outline = pick(2) === 0 ? outlineOf(migrations) : undefined;
    const catalog: Catalog = { origin: "directory", label: "x", migrations, outline };
    const connection = openConnection(":memory:", "memory");
    foundHistory(connection);
    for (const [seq, { version, name, checksum }] of whole
      .slice(0, pick(whole.length + 1))
      .entries()) {
      connection.write(insertApplied, [version, name, checksum, seq + 1]);
    }
    // In a table that somebody has made anew, anything may stand.
    const isLoose = pick(4) === 0;
    if (isLoose) for (const sql of loosened) connection.run(sql);
    // A counter that does not stand where it was kept takes a closer look, which must come to the same.
    const hasMoved = pick(4) === 0;
    const version = schemaVersion(connection) - (hasMoved ? 1 : 0);
    connection.write("UPDATE rung_format SET schema_version = ?", [version]);
    for (let count = pick(2); count > 0; count--) {
      connection.write(mishaps[pick(mishaps.length)] ?? "", [pick(whole.length) * 3 + 1]);
    }
    const rows = read(connection, {});
    const history = read(connection, { catalog, wantsRows: false });
    const shown = read(connection, { catalog, wantsRows: true });
    // What nobody shows may be damaged, and is not looked at.
    if (rows === null || history === null || shown === null) {
      expect([seed, shown]).toEqual([seed, rows]);
      if (!isLoose) expect([seed, history]).toEqual([seed, rows]);
      seen.unreadable++;
      connection.close();
      continue;
    }
    // A glance sees the same, or nothing.
    const seenAtOnce = glance(connection, { catalog, wantsRows: false });
    if (seenAtOnce !== null) {
      expect([seed, seenAtOnce]).toEqual([seed, history]);
      expect([seed, glance(connection, { catalog, wantsRows: true })]).toEqual([seed, shown]);
      seen.atOnce++;
    }
    expect([seed, reported(catalog, shown)]).toEqual([seed, reported(catalog, rows)]);
    const left = standings(catalog, rows).filter(({ state }) => state !== "applied");
    const found = standings(catalog, history).filter(({ state }) => state !== "applied");
    expect([seed, found]).toEqual([seed, left]);
    expect(lastSeq(history)).toBe(lastSeq(rows));
    if (history.agreement === undefined) seen.not++;
    else {
      seen.agreed++;
      if (hasMoved) seen.moved++;
      expect([history.rows, history.agreement.count]).toEqual([[], rows.rows.length]);
    }
    connection.close();
  }
  expect(Math.min(seen.agreed, seen.atOnce, seen.not)).toBeGreaterThan(50);
  expect(Math.min(seen.moved, seen.unreadable)).toBeGreaterThan(10);
});

test("a catalog of which all is applied is not asked for its migrations", () => {
  const outline = outlineOf([{ version: 1, checksum: "a" }]);
  const catalog: Catalog = {
    origin: "embedded",
    label: "x",
    outline,
    get migrations(): never {
      throw new Error("the migrations were asked for");
    },
  };
  const connection = openConnection(":memory:", "memory");
  foundHistory(connection);
  connection.write(insertApplied, [1, "m", "a", 1]);
  connection.write("UPDATE rung_format SET schema_version = ?", [schemaVersion(connection)]);
  const history = glance(connection, { catalog, wantsRows: true });
  connection.close();
  if (history === null) throw new Error("a glance was not enough");
  expect(isUpToDate(catalog, history)).toBe(true);
  expect(statusRows(catalog, history)).toMatchObject([{ version: 1, state: "applied" }]);
});
