// The garbage collector under Deno, which collects when it sees fit.

/** Does nothing: a program of Deno cannot ask for it. */
export function collectGarbage(): void {}
