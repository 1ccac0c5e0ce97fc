// The executable that was written -> what a person, or a machine, reads of it.

import { summaryText, type Summary } from "../migration/summary.ts";
import { printable } from "./style.ts";

/** A new executable. */
export interface Written {
  readonly file: string;
  readonly bytes: number;
  readonly target: string | null;
  readonly catalog: Summary;
}

/** One line for people. */
export function writtenText({ file, bytes, catalog }: Written): string {
  const size = `${Math.round(bytes / 1e6)} MB`;
  return printable(`wrote ${file} (${summaryText(catalog)}, ${size})\n`);
}

/** The object for machines. */
export function writtenJson({ file, bytes, target, catalog }: Written): object {
  return { command: "bundle", ok: true, file, target, bytes, catalog };
}
