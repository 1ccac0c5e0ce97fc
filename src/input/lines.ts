// Bytes as they arrive -> lines of text, in bounded memory whatever arrives.

/** A line without its newline, or why there is no text for it. */
export type Line =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "too-long"; readonly limit: number }
  | { readonly kind: "not-utf8" };

const newline = 10;
const firstCapacity = 64 * 1024;

const decoder = new TextDecoder("utf-8", { fatal: true });

function decoded(bytes: Uint8Array): Line {
  try {
    return { kind: "text", text: decoder.decode(bytes) };
  } catch {
    return { kind: "not-utf8" };
  }
}

/**
 * Collects one line. Its pieces are copied into one block that doubles, as a line may come a byte at a time; beyond the
 * limit it keeps nothing, and remembers only that it was too long.
 */
class LineBuffer {
  private readonly limit: number;
  private block = new Uint8Array(0);
  private length = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  add(bytes: Uint8Array): void {
    const start = this.length;
    this.length += bytes.length;
    if (this.length > this.limit) {
      this.block = new Uint8Array(0);
      return;
    }
    if (this.length > this.block.length) this.grow(start);
    this.block.set(bytes, start);
  }

  /** The line that ends with these bytes; most lines come whole, and need no copy. */
  end(bytes: Uint8Array): Line {
    if (this.isEmpty && bytes.length <= this.limit) return decoded(bytes);
    this.add(bytes);
    return this.take();
  }

  take(): Line {
    const isTooLong = this.length > this.limit;
    const line = this.block.subarray(0, this.length);
    this.length = 0;
    if (this.block.length > firstCapacity) this.block = new Uint8Array(0);
    return isTooLong ? { kind: "too-long", limit: this.limit } : decoded(line);
  }

  private grow(used: number): void {
    const block = new Uint8Array(Math.max(firstCapacity, this.block.length * 2, this.length));
    block.set(this.block.subarray(0, used));
    this.block = block;
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
      yield buffer.end(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) buffer.add(chunk.subarray(start));
  }
  if (!buffer.isEmpty) yield buffer.take();
}
