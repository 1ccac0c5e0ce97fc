// What the tests of history share: catalogs of plain tables, and the executable's answers in short.

import { expect } from "bun:test";
import { json, table, type Files, type Place, type Reply } from "../rung.ts";

/** Migrations `from` to `to`, of which each makes a table of its own: t1, t2 … */
export function tables(from: number, to: number): Files {
  const files: Record<string, string> = {};
  for (let at = from; at <= to; at++) files[`000${at}_t${at}.sql`] = table(`t${at}`);
  return files;
}

/** A migration of two sections, with the options of each marker line. */
export function sql(up: string, down: string, upOptions = "", downOptions = ""): string {
  return `-- migrate:up ${upOptions}\n${up}\n-- migrate:down ${downOptions}\n${down}\n`;
}

/** Standard output of a command that must come off, line by line, without how long anything took. */
export async function done(place: Place, words: string): Promise<string[]> {
  const { status, stdout, stderr } = await place.rung(words.split(" "));
  expect([words, status, status === 0 ? "" : stderr]).toEqual([words, 0, ""]);
  return stdout
    .replace(/ \(\d+ ms\)$/gm, "")
    .split("\n")
    .slice(0, -1);
}

/** The exit status, code and hint of a command that must be refused. */
export async function refused(
  place: Place,
  words: string,
): Promise<{ status: number | null; code: string; text: string; hint: string }> {
  const { status, stdout, stderr } = await place.rung(words.split(" "));
  expect([words, status === 0, stdout]).toEqual([words, false, ""]);
  const [, text = "", code = ""] = /^rung: (.*) \[([a-z.-]+)\]$/m.exec(stderr) ?? [];
  const [, hint = ""] = /^hint: (.*)$/m.exec(stderr) ?? [];
  return { status, code, text, hint };
}

/** Rows of a list in a report. */
export function listOf(report: Reply | undefined, key: string): readonly Reply[] {
  const list = report?.[key];
  if (!Array.isArray(list)) throw new Error(`There is no list ${key}.`);
  const rows: readonly Reply[] = list;
  return rows;
}

/** A command's report as `--json` prints it. */
export async function report(place: Place, words: string): Promise<Reply> {
  return json((await place.rung([...words.split(" "), "--json"])).stdout);
}

/** Where every migration stands: "1 applied", "2 pending" … */
export async function states(place: Place, words = ""): Promise<string[]> {
  const found = await report(place, `status${words === "" ? "" : ` ${words}`}`);
  return listOf(found, "migrations").map((row) => `${row["version"]} ${row["state"]}`);
}

/** What has drifted: "added index i", "changed table t" … */
export async function drift(place: Place): Promise<string[]> {
  const found = await report(place, "status");
  return listOf(found, "drift").map((row) => `${row["kind"]} ${row["type"]} ${row["name"]}`);
}

/** Every table of ours as text, so that it can be told whether anything at all was written. */
export function everything(place: Place): string {
  const names = ["rung_history", "rung_log", "rung_schema", "rung_format"];
  return JSON.stringify(names.map((name) => place.query(`SELECT * FROM ${name}`)));
}
