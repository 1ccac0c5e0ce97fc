// Bytes as they arrive -> lines of text, in bounded memory whatever arrives.

/** A line without its newline, or why there is no text for it. */
export type Line =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "too-long"; readonly limit: number }
  | { readonly kind: "not-utf8" };

const newline = 10;

/** Collects one line; beyond the limit it keeps nothing, and remembers only that it was too long. */
class LineBuffer {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > this.#limit) this.#parts = [];
    else if (bytes.length > 0) this.#parts.push(bytes);
  }

  take(): Line {
    const parts = this.#parts;
    const isTooLong = this.#length > this.#limit;
    this.#parts = [];
    this.#length = 0;
    if (isTooLong) return { kind: "too-long", limit: this.#limit };
    const decoder = new TextDecoder("utf-8", { fatal: true });
    try {
      const text = parts.map((part) => decoder.decode(part, { stream: true })).join("");
      return { kind: "text", text: text + decoder.decode() };
    } catch {
      return { kind: "not-utf8" };
    }
  }
}

/**
 * Cuts a stream into lines; what stands behind the last newline is a line too. A line of more than `limit` bytes is
 * skipped to its newline.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Line> {
  const buffer = new LineBuffer(limit);
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      buffer.add(chunk.subarray(start, end));
      yield buffer.take();
      start = end + 1;
    }
    // The rest outlives its chunk, whose memory the stream may use again.
    if (start < chunk.length) buffer.add(chunk.slice(start));
  }
  if (!buffer.isEmpty) yield buffer.take();
}
