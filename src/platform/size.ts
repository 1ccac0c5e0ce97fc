// Door to the size of a file: an import map can point it elsewhere.

/** The size of the file at a path in bytes; 0 where there is none, and for what has no size. */
export function sizeOf(path: string): number {
  // Told apart from a URL.
  const { size } = Bun.file(
    path.includes(":") && /^[a-z0-9]{2,}:/i.test(path) ? `./${path}` : path,
  );
  return Number.isFinite(size) ? size : 0;
}
