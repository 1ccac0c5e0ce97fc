// What an executable for musl needs to run here, from Debian's packages: the loader, and a C++ library linked for it.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where a system with musl has its loader, which is its C library, too. */
export const muslLoader = "/lib/ld-musl-x86_64.so.1";

/** The files that a root with musl needs. */
export interface Musl {
  readonly loader: string;
  readonly library: string;
}

/** What glibc has that Debian's C++ library asks for, and musl does not have. */
const missing = `#include <stddef.h>
__attribute__((visibility("hidden"))) void *__dso_handle = 0;
char __libc_single_threaded = 0;
int getentropy(void *, size_t);
unsigned arc4random(void) { unsigned x = 0; getentropy(&x, sizeof x); return x; }
int _dl_find_object(void *address, void *found) { return -1; }
`;

function succeeds(words: readonly [string, ...string[]], cwd: string): boolean {
  return spawnSync(words[0], words.slice(1), { cwd }).status === 0;
}

/** The loader of Debian's package musl: as it is installed, else, where that is asked for, fetched. */
function findLoader(folder: string): string | null {
  if (existsSync(muslLoader)) return muslLoader;
  if (process.env["RUNG_MUSL"] !== "fetch") return null;
  const script = "apt-get download musl && dpkg-deb -x musl_*.deb .";
  const fetched = join(folder, "lib/x86_64-linux-musl/libc.so");
  return succeeds(["sh", "-c", script], folder) && existsSync(fetched) ? fetched : null;
}

/** The names of a C++ library's that the executable asks for. */
function asked(executable: string): readonly string[] {
  const { stdout } = spawnSync("nm", ["-D", executable], { encoding: "utf8" });
  const names = /^ +U ((?:_Z|__cxa|__gxx|__once|__dynamic|_Unwind)\S*)|^\w+ B (_ZTV\S+)/gm;
  return [...(stdout ?? "").matchAll(names)].flatMap(([, used, copied]) => used ?? copied ?? []);
}

/**
 * Debian has no C++ library for musl. But of its own, which is there for static linking, the few parts that are asked
 * for touch next to nothing of the C library.
 */
function linkLibrary(folder: string, executable: string): string | null {
  const library = join(folder, "libstdc++.so.6");
  writeFileSync(join(folder, "missing.c"), missing);
  const archives = ["libstdc++.a", "libgcc_eh.a", "libgcc.a"].map((name) => {
    return (
      spawnSync("gcc", [`-print-file-name=${name}`], { encoding: "utf8" }).stdout?.trim() ?? ""
    );
  });
  const names = asked(executable).map((name) => `-Wl,-u,${name}`);
  const shared = ["-shared", "-fPIC", "-nostdlib", "-Wl,-soname,libstdc++.so.6", "-o", library];
  const group = ["-Wl,--start-group", ...archives, "-Wl,--end-group"];
  const isLinked = succeeds(["gcc", ...shared, ...names, "missing.c", ...group], folder);
  return isLinked && names.length > 0 ? library : null;
}

/** What there is for an executable for musl, or why there is nothing. */
export function findMusl(folder: string, executable: string): Musl | string {
  mkdirSync(folder, { recursive: true });
  const loader = findLoader(folder);
  if (loader === null) return "no loader of musl; RUNG_MUSL=fetch takes it from Debian's package";
  const library = linkLibrary(folder, executable);
  return library === null ? "gcc cannot link a C++ library for musl" : { loader, library };
}
