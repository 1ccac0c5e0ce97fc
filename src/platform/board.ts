// The memory that two threads see: what is to be drawn on the terminal, and who may write there.

/** A single number is shared as an array of one. */
export interface Board {
  /** 1 while somebody writes to the terminal. */
  readonly lock: Int32Array;
  /** 1 once nothing is to be drawn any more. */
  readonly isEnded: Int32Array;
  /** 1 while a line stands on the terminal that has to be erased. */
  readonly isDrawn: Int32Array;
  /** Odd while what is below changes: who has read then reads again later. */
  readonly edition: Int32Array;
  readonly textLength: Int32Array;
  readonly pathLength: Int32Array;
  /** When the command began, and what is shown did: milliseconds of this system. */
  readonly opened: Float64Array;
  readonly since: Float64Array;
  /** Counted as it goes on. */
  readonly statements: Float64Array;
  readonly rows: Float64Array;
  readonly totalBytes: Float64Array;
  /** In UTF-8. */
  readonly text: Uint8Array;
  readonly path: Uint8Array;
}

/** How much memory a board takes. */
export const boardBytes = 64 + 4096 + 8192;

/** The board in a memory. It travels to the other thread as source text, so it must not use anything but itself. */
export function boardIn(memory: SharedArrayBuffer): Board {
  return {
    lock: new Int32Array(memory, 0, 1),
    isEnded: new Int32Array(memory, 4, 1),
    isDrawn: new Int32Array(memory, 8, 1),
    edition: new Int32Array(memory, 12, 1),
    textLength: new Int32Array(memory, 16, 1),
    pathLength: new Int32Array(memory, 20, 1),
    opened: new Float64Array(memory, 24, 1),
    since: new Float64Array(memory, 32, 1),
    statements: new Float64Array(memory, 40, 1),
    rows: new Float64Array(memory, 48, 1),
    totalBytes: new Float64Array(memory, 56, 1),
    text: new Uint8Array(memory, 64, 4096),
    path: new Uint8Array(memory, 64 + 4096, 8192),
  };
}
