// Objects of a schema -> the fingerprint that history records with each step: made of them, or the one recorded last.

import { sha256 } from "../platform/hash.ts";
import { canonicalSql } from "../plan/schema.ts";
import type { LiveObject } from "./live.ts";
import { schemaVersion, type Connection } from "./sqlite.ts";

/** The hash of one object: those of a schema, in any order, make its fingerprint by exclusive or. */
export function hashOf({ type, folded, foldedTable, sql }: LiveObject): bigint {
  return BigInt(`0x${sha256(`${type}\0${folded}\0${foldedTable}\0${canonicalSql(sql)}`)}`);
}

/** The fingerprint of a schema, as a number. */
export function sumOf(objects: Iterable<LiveObject>): bigint {
  let sum = 0n;
  for (const object of objects) sum ^= hashOf(object);
  return sum;
}

/** A fingerprint as it is recorded: 64 hexadecimal digits, and which objects it leaves out, if it does. */
export function fingerprintText(sum: bigint, ignored: readonly string[]): string {
  const digits = sum.toString(16).padStart(64, "0");
  return ignored.length === 0 ? digits : `${digits} without ${ignored.join(",")}`;
}

/** Of fewer objects it takes less to hash them all. */
const few = 30;

/** What the latest entry of the log says, if it is that a migration was applied: only then it left a fingerprint. */
const selectRecorded = `SELECT fingerprint, (SELECT schema_version FROM rung_format) AS kept,
  (SELECT count(*) FROM rung_schema) AS objects
  FROM rung_history JOIN (SELECT event, version AS latest FROM rung_log ORDER BY id DESC LIMIT 1) ON version = latest
  WHERE event = 'apply' AND state = 'applied'`;

/**
 * The fingerprint that the latest step has recorded, where it is that of so many objects; else null. It is theirs where
 * SQLite's counter stands where it was kept: a commit keeps it only if the schema had not drifted. A fingerprint that
 * leaves something out says so, and is no such number. Other builds may count other objects as the user's own.
 */
export function recordedFingerprint(connection: Connection, objects: number): bigint | null {
  if (objects < few) return null;
  const found = connection.get(selectRecorded);
  const fingerprint = found?.["fingerprint"];
  if (typeof fingerprint !== "string" || !/^[0-9a-f]{64}$/.test(fingerprint)) return null;
  const isTheirs = found?.["kept"] === schemaVersion(connection) && found["objects"] === objects;
  return isTheirs ? BigInt(`0x${fingerprint}`) : null;
}
