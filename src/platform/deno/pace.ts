// Door to the pace of the compiler where Deno runs us: it is none of ours.

/** Nothing: the runtime finds out by itself. */
export function expectLongWork(): void {
  return;
}
