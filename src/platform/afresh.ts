// Door to the runtime's beginnings: this process, started over without what its environment told the runtime.

/** What is meant for the runtime, but for its cache, its certificates and the mirror that it is fetched from. */
const forRuntime =
  /^(?:BUN_(?!INSTALL|COMPILE_TARGET_TARBALL_URL)|NODE_(?!ENV$|EXTRA_CA_CERTS$|USE_))/;

/**
 * Starts this process over with the same words and a clean environment, where that is not clean already and the system
 * has a way to; else it goes on. Only a process that has done nothing yet may ask for it.
 */
export function startAfresh(): void {
  const entries = Object.entries(process.env);
  const clean = entries.filter(([name]) => !forRuntime.test(name));
  if (clean.length === entries.length || process.execve === undefined) return;
  const words = [process.execPath, ...process.argv.slice(2)];
  process.execve(process.execPath, words, Object.fromEntries(clean));
}
