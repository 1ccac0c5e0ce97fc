// The rows of a status report -> its table, and how many stand where.

import type { MigrationState, StatusRow } from "../plan/status.ts";
import { columns, duration, gapsTo, moment, printable, steers } from "./style.ts";

const head = ["VERSION", "NAME", "STATE", "APPLIED AT (UTC)", "TOOK", "BY"];

/** The table, cell by cell. */
export function tableByCells(rows: readonly StatusRow[]): string {
  const body = rows.map((row) => [
    String(row.version),
    printable(row.name),
    row.state,
    row.appliedAt === null ? "" : moment(row.appliedAt),
    row.durationMs === null ? "" : duration(row.durationMs),
    printable(row.appliedBy ?? ""),
  ]);
  return columns([head, ...body]);
}

/** What one walk through the rows finds, as each costs as much as a cell of every row. */
export interface Measured {
  /** How long each took, as it is shown. */
  readonly durations: readonly string[];
  readonly nameWidth: number;
  readonly stateWidth: number;
  readonly tookWidth: number;
  /** Whether every moment is as long as the next, no version is negative, and no line ends in white space. */
  readonly isEven: boolean;
  readonly hasApplied: boolean;
  readonly counts: ReadonlyMap<MigrationState, number>;
}

/** As long as a moment is in RFC 3339, with milliseconds and in UTC. */
const momentLength = "2026-04-23T12:00:00.000Z".length;

function endsInBlank(text: string | null): boolean {
  return text === null || text === "" || text.trimEnd() !== text;
}

/** Walks through the rows of a report. */
export function measured(rows: readonly StatusRow[]): Measured {
  const durations: string[] = [];
  let nameWidth = "NAME".length;
  let tookWidth = "TOOK".length;
  // In version order: none is longer than the last one, unless there are negative ones.
  let isEven = (rows[0]?.version ?? 0) >= 0;
  let lastBy: string | null = null;
  let hasApplied = false;
  const counts = new Map<MigrationState, number>();
  let last: MigrationState = "applied";
  let inTurn = 0;
  const count = (): void => {
    if (inTurn > 0) counts.set(last, (counts.get(last) ?? 0) + inTurn);
  };
  for (const { name, state, appliedAt, durationMs, appliedBy } of rows) {
    let took = "";
    if (appliedAt !== null && durationMs !== null) {
      hasApplied = true;
      took = duration(durationMs);
      if (took.length > tookWidth) tookWidth = took.length;
      if (appliedAt.length !== momentLength) isEven = false;
      if (appliedBy !== lastBy && endsInBlank(appliedBy)) isEven = false;
      lastBy = appliedBy;
    }
    durations.push(took);
    if (name.length > nameWidth) nameWidth = name.length;
    if (state !== last) {
      count();
      last = state;
      inTurn = 0;
    }
    inTurn++;
  }
  count();
  let stateWidth = "STATE".length;
  for (const [{ length }] of counts) if (length > stateWidth) stateWidth = length;
  return { durations, nameWidth, stateWidth, tookWidth, isEven, hasApplied, counts };
}

/** The same in a third of the time, as the status of many migrations is asked for often: rows whose moments are even. */
function tableByLines(rows: readonly StatusRow[], { durations, ...found }: Measured): string {
  const versionEnd = Math.max("VERSION".length, `${rows[rows.length - 1]?.version}`.length) + 2;
  const nameEnd = found.nameWidth + 2;
  const stateEnd = found.stateWidth + 2;
  const tookEnd = found.tookWidth + 2;
  const gaps = gapsTo(Math.max(versionEnd, nameEnd, stateEnd, tookEnd));
  const lines = [
    `VERSION${gaps[versionEnd - 7]}NAME${gaps[nameEnd - 4]}STATE${gaps[stateEnd - 5]}` +
      `APPLIED AT (UTC)${gaps[found.hasApplied ? 5 : 2]}TOOK${gaps[tookEnd - 4]}BY\n`,
  ];
  let at = 0;
  for (const { version, name, state, appliedAt, appliedBy } of rows) {
    const took = durations[at++] ?? "";
    const digits = String(version);
    lines.push(
      appliedAt === null
        ? `${digits}${gaps[versionEnd - digits.length]}${name}${gaps[nameEnd - name.length]}${state}\n`
        : `${digits}${gaps[versionEnd - digits.length]}${name}${gaps[nameEnd - name.length]}` +
            `${state}${gaps[stateEnd - state.length]}${appliedAt.slice(0, 10)} ${appliedAt.slice(11, 19)}  ` +
            `${took}${gaps[tookEnd - took.length]}${appliedBy}\n`,
    );
  }
  return lines.join("");
}

/** The table; by lines where nothing in it has to be made printable. */
export function tableOf(rows: readonly StatusRow[], found: Measured): string {
  const lines = found.isEven ? tableByLines(rows, found) : null;
  return lines === null || steers(lines) ? tableByCells(rows) : lines;
}
