// Door to the progress line where Deno runs us: its threads cannot draw while this one is busy, so there is no line.

/** What is to be shown goes nowhere. */
export class ProgressLine {
  show(_line: object): void {
    return;
  }

  count(_statements: number, _rows: number): void {
    return;
  }

  async aside<T>(write: () => Promise<T>): Promise<T> {
    return write();
  }

  end(): void {
    return;
  }
}
