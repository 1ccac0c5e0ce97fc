// A name -> the next migration's files, in the directory's own habit, never over another file.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, ok, type Result, messageOf } from "../failure.ts";
import type { VersionFiles } from "./catalog.ts";
import { listDirectory } from "./directory.ts";
import { readFilename } from "./filename.ts";

/** What is asked of a new migration. */
export interface NewRequest {
  readonly directory: string;
  readonly name: string;
  /** TypeScript instead of SQL. */
  readonly isTypeScript: boolean;
  /** The time as version (UTC, 20260423120000) instead of the next number. */
  readonly isTimestamp: boolean;
  readonly date: Date;
}

interface NewFile {
  readonly file: string;
  readonly text: string;
}

function timestamp(date: Date): string {
  return date.toISOString().replace(/\D/g, "").slice(0, 14);
}

/** A dot would end the name: `a.up` is one half of a pair. */
const nameForm = /^[^./\\\p{Cc}]+$/u;
const timestampForm = /^20\d{12}_/;

/** The digits of the next version: as wide as those of the last, and a time where the last is one. */
function nextDigits(existing: readonly VersionFiles[], request: NewRequest): string {
  const last = existing.at(-1);
  if (last === undefined) return request.isTimestamp ? timestamp(request.date) : "0001";
  const hasHabit = timestampForm.test(last.main.file);
  const next = last.version + 1;
  if (request.isTimestamp || hasHabit) {
    const now = timestamp(request.date);
    // Two in one second, or a clock that went back: still the latest.
    return Number(now) > last.version ? now : String(next);
  }
  const [digits = ""] = /^\d+/.exec(last.main.file) ?? [];
  return String(next).padStart(digits.length, "0");
}

const typeScript = `export function up(db: { exec(sql: string): void }): void {
  db.exec(\`
  \`);
}

export function down(db: { exec(sql: string): void }): void {
  db.exec(\`
  \`);
}
`;

function newFiles(
  stem: string,
  existing: readonly VersionFiles[],
  isTypeScript: boolean,
): readonly NewFile[] {
  if (isTypeScript) return [{ file: `${stem}.ts`, text: typeScript }];
  const last = existing.findLast(({ main }) => main.part !== "typescript");
  if (last?.main.part === "up") {
    return [
      { file: `${stem}.up.sql`, text: "" },
      { file: `${stem}.down.sql`, text: "" },
    ];
  }
  return [{ file: `${stem}.sql`, text: "-- migrate:up\n\n-- migrate:down\n" }];
}

/** Writes the files and gives their paths. Fails with `catalog.*` where the directory, or the name, won't have them. */
export function createMigration(request: NewRequest): Result<readonly string[]> {
  const { directory, isTypeScript } = request;
  const found = listDirectory(directory);
  const listed = !found.ok && found.failure.code === "catalog.not-found" ? ok([]) : found;
  if (!listed.ok) return listed;
  const name = request.name.trim().replace(/\s+/g, "_");
  if (!nameForm.test(name)) {
    const text = `${JSON.stringify(request.name)} cannot be part of a file name.`;
    return fail("catalog.filename", text, "Use letters, digits, _ and -.");
  }
  const files = newFiles(
    `${nextDigits(listed.value, request)}_${name}`,
    listed.value,
    isTypeScript,
  );
  for (const { file } of files) {
    const fits = readFilename(file);
    if (!fits.ok) return fits;
  }
  try {
    mkdirSync(directory, { recursive: true });
    for (const { file, text } of files) writeFileSync(join(directory, file), text, { flag: "wx" });
  } catch (error) {
    const reason = messageOf(error);
    const text = `The migration cannot be written: ${reason}.`;
    return fail("catalog.unreadable", text, "Check the directory given with --dir.");
  }
  return ok(files.map(({ file }) => join(directory, file)));
}
