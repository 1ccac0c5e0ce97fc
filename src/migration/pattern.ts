// Patterns that are made when they are first asked for.

/** A pattern that is made when it is first asked for, as many a start asks for none. */
export function pattern(source: () => string, flags: string): () => RegExp {
  let made: RegExp | undefined;
  return () => (made ??= new RegExp(source(), flags));
}
