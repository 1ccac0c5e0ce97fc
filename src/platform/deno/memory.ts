// Door to the garbage collector where Deno runs us: there is none to be asked, and it comes by itself.

/** Nothing: memory is given back when the runtime sees fit. */
export function collectGarbage(): void {
  return;
}
