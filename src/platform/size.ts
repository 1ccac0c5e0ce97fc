// Door to the size of a file: an import map can point it elsewhere.

/** As the runtime tells it: endless for what has no size, such as a pipe, and 0 for what cannot be seen. */
function rawSize(path: string): number {
  // A path, and no URL.
  return Bun.file(path.includes(":") && /^[a-z0-9]{2,}:/i.test(path) ? `./${path}` : path).size;
}

/** The size of the file at a path in bytes; 0 where there is none, and for what has no size. */
export function sizeOf(path: string): number {
  const size = rawSize(path);
  return Number.isFinite(size) ? size : 0;
}

/**
 * Whether there is nothing at a path, or an empty file, in a folder that one may look into. A link that leads nowhere is
 * nothing, wherever that is.
 */
export function isEmpty(path: string): boolean {
  return rawSize(path) === 0 && rawSize(`${path.slice(0, path.lastIndexOf("/") + 1)}.`) > 0;
}
