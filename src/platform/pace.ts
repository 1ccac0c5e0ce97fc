// Door to the pace of the runtime's compiler: an import map can point it elsewhere.

/**
 * From now on code is compiled as soon as it has run often. Until then an executable interprets it, as most commands
 * are over before what compiling takes, in time and memory, is won back (`jitPolicy`, in compile.ts).
 */
export function expectLongWork(): void {
  Bun.unsafe.setJITPolicy(1);
}
