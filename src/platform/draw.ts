// The other thread of the progress line: it draws what stands on the board, until the board says that all is over.

import type { Board } from "./board.ts";

/** What it needs of the runtime. */
export interface Drawing {
  readonly writeSync: (descriptor: number, text: string) => number;
  readonly statSync: (path: string) => { readonly size: number };
  readonly columns: () => number | undefined;
}

/** Draws until the end. It travels to its thread as source text, so it must not use anything but itself. */
export function draw(board: Board, { writeSync, statSync, columns }: Drawing): void {
  const tickMs = 150;
  /** What takes less is not worth a line. */
  const quietMs = 1000;
  /** As many columns are left to the text before anything is added. */
  const leastText = 12;
  const decoder = new TextDecoder();
  const words = (bytes: Uint8Array, length: number): string =>
    decoder.decode(bytes.slice(0, length));

  const elapsed = (milliseconds: number): string => {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  };
  const size = (bytes: number): string => {
    const units = ["KiB", "MiB", "GiB", "TiB"];
    let amount = bytes / 1024;
    while (amount >= 1024 && units.length > 1) {
      amount /= 1024;
      units.shift();
    }
    return `${amount.toFixed(1)} ${units[0] ?? ""}`;
  };
  const grown = (path: string, totalBytes: number): string => {
    if (path === "") return "";
    try {
      return `, ${size(statSync(path).size)} of ${size(totalBytes)}`;
    } catch {
      return "";
    }
  };
  const counted = (statements: number, rows: number): string => {
    if (statements === 0) return "";
    return `, ${statements} statement${statements === 1 ? "" : "s"}${rows === 0 ? "" : `, ${rows} rows`}`;
  };
  /** As much as fits: what may be two columns wide counts as two. */
  const cut = (text: string, width: number): string => {
    const widthOf = (char: string): number => ((char.codePointAt(0) ?? 0) < 0x1100 ? 1 : 2);
    const chars = [...text];
    let rest = width;
    const end = chars.findIndex((char) => (rest -= widthOf(char)) < 0);
    if (end === -1) return text;
    let kept = chars.slice(0, end);
    const used = (): number => kept.reduce((sum, char) => sum + widthOf(char), 0);
    while (kept.length > 0 && used() + 1 > width) kept = kept.slice(0, -1);
    return width < 1 ? "" : `${kept.join("").trimEnd()}…`;
  };

  /** The line as it is now; null where there is none, or the board is being written to. */
  const lineNow = (now: number): string | null => {
    const edition = Atomics.load(board.edition, 0);
    const text = words(board.text, Atomics.load(board.textLength, 0));
    const path = words(board.path, Atomics.load(board.pathLength, 0));
    const [[since = now], [totalBytes = 0]] = [board.since, board.totalBytes];
    const [[statements = 0], [rows = 0]] = [board.statements, board.rows];
    const isTorn = edition % 2 === 1 || Atomics.load(board.edition, 0) !== edition;
    if (isTorn || text === "") return null;
    const time = `, ${elapsed(now - since)}`;
    const amount = `${counted(statements, rows)}${grown(path, totalBytes)}`;
    // The last column stays free: a terminal may wrap as soon as it is filled.
    const width = (columns() || 80) - 1;
    const done = [`${amount}${time}`, time].find((each) => width - each.length >= leastText) ?? "";
    return `${cut(text, width - done.length)}${done}`;
  };

  let drawn = "";
  while (Atomics.wait(board.isEnded, 0, 0, tickMs) === "timed-out") {
    const now = performance.timeOrigin + performance.now();
    if (now - (board.opened[0] ?? now) < quietMs) continue;
    const line = lineNow(now);
    const isUnchanged = line === drawn && Atomics.load(board.isDrawn, 0) === 1;
    if (line === null || isUnchanged) continue;
    // Somebody else is writing: the next time will do.
    if (Atomics.compareExchange(board.lock, 0, 0, 1) !== 0) continue;
    try {
      if (Atomics.load(board.isEnded, 0) === 1) return;
      Atomics.store(board.isDrawn, 0, 1);
      writeSync(2, `\r${line}\u001b[K`);
      drawn = line;
    } catch {
      // A terminal that is gone has nobody to watch it.
      return;
    } finally {
      Atomics.store(board.lock, 0, 0);
      Atomics.notify(board.lock, 0);
    }
  }
}
