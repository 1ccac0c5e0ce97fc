// Door to a line on the terminal that moves while this thread is busy: another thread draws it.

import { writeSync } from "node:fs";
import { boardBytes, boardIn } from "./board.ts";
import { draw } from "./draw.ts";

/** A line to draw. */
interface Line {
  readonly text: string;
  /** When it began, on the clock of `performance`; where nothing is said, now. */
  readonly since?: number;
  /** A file that grows until it has a size. */
  readonly file?: { readonly path: string; readonly totalBytes: number };
}

/** The other thread's program: as text it is part of whatever this file is bundled into. */
const program = `import { statSync, writeSync } from "node:fs";
import { WriteStream } from "node:tty";
onmessage = ({ data }) => {
  let stream;
  const columns = () => (stream ??= new WriteStream(2)).getWindowSize()[0];
  (${draw.toString()})((${boardIn.toString()})(data), { statSync, writeSync, columns });
  close();
};`;

/** The progress line of one command on standard error, a terminal. Nothing is started before there is a line to draw. */
export class ProgressLine {
  private readonly memory = new SharedArrayBuffer(boardBytes);
  private readonly board = boardIn(this.memory);
  private readonly encoder = new TextEncoder();
  private readonly error = console.error;
  private readonly endAtExit = (): void => this.end();
  private state: "new" | "started" | "ended" = "new";
  private holds = 0;

  constructor() {
    this.board.opened[0] = performance.timeOrigin + performance.now();
  }

  /** From now on this is what goes on. It never waits, not even for a terminal that is stopped. */
  show(line: Line): void {
    if (this.state === "ended") return;
    const board = this.board;
    const { text, since = performance.now(), file } = line;
    Atomics.add(board.edition, 0, 1);
    const { written } = this.encoder.encodeInto(text, board.text);
    Atomics.store(board.textLength, 0, written);
    Atomics.store(
      board.pathLength,
      0,
      this.encoder.encodeInto(file?.path ?? "", board.path).written,
    );
    board.since[0] = performance.timeOrigin + since;
    board.totalBytes[0] = file?.totalBytes ?? 0;
    board.statements[0] = 0;
    board.rows[0] = 0;
    Atomics.add(board.edition, 0, 1);
    if (this.state === "new") this.start();
  }

  /** So much more is done of what is shown. */
  count(statements: number, rows: number): void {
    const { statements: allStatements, rows: allRows } = this.board;
    allStatements[0] = (allStatements[0] ?? 0) + statements;
    allRows[0] = (allRows[0] ?? 0) + rows;
  }

  /** Writes something else to the terminal, with the line out of its way. */
  async aside<T>(write: () => Promise<T>): Promise<T> {
    this.hold();
    try {
      return await write();
    } finally {
      this.release();
    }
  }

  /** Erases the line for good. */
  end(): void {
    if (this.state === "started") {
      Atomics.store(this.board.isEnded, 0, 1);
      Atomics.notify(this.board.isEnded, 0);
      this.hold();
      this.release();
      console.error = this.error;
      process.off("exit", this.endAtExit);
    }
    this.state = "ended";
  }

  private start(): void {
    this.state = "started";
    const worker = new Worker(`data:text/javascript,${encodeURIComponent(program)}`, {
      type: "module",
    });
    worker.unref();
    // Where no thread is to be had, there is no line.
    worker.onerror = (event) => event.preventDefault();
    worker.postMessage(this.memory);
    process.on("exit", this.endAtExit);
    // What a migration prints arrives here, in the middle of a statement.
    console.error = (...words: unknown[]): void => {
      this.hold();
      this.error(...words);
      this.release();
    };
  }

  private hold(): void {
    if (this.holds++ > 0 || this.state !== "started") return;
    const { lock, isDrawn } = this.board;
    while (Atomics.compareExchange(lock, 0, 0, 1) !== 0) Atomics.wait(lock, 0, 1);
    if (Atomics.exchange(isDrawn, 0, 0) === 0) return;
    try {
      writeSync(2, "\r\u001b[K");
    } catch {
      return;
    }
  }

  private release(): void {
    if (--this.holds > 0 || this.state !== "started") return;
    Atomics.store(this.board.lock, 0, 0);
    Atomics.notify(this.board.lock, 0);
  }
}
