// Door to the size of a file: an import map can point it elsewhere.

/** Endless for what has no size, such as a pipe. */
function told(path: string): number {
  // Told apart from a URL.
  return Bun.file(path.includes(":") && /^[a-z0-9]{2,}:/i.test(path) ? `./${path}` : path).size;
}

/** The size of the file at a path in bytes; 0 where there is none, and for what has no size. */
export function sizeOf(path: string): number {
  const size = told(path);
  return Number.isFinite(size) ? size : 0;
}

/** Whether there is nothing at a path, as far as can be seen, or an empty file. */
export function isEmpty(path: string): boolean {
  return told(path) === 0;
}
