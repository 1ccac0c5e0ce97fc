// Door to the bundler where Deno runs us: there is none; what its callers know of it at once is here all the same.

/** The platforms that executables are made for. */
export const targets = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
  "windows-x64",
] as const;
export type Target = (typeof targets)[number];

/** The folder that the sources of an executable seem to lie in. */
export const sourceRoot = "/$rung";

/** Sources by their paths, all below `sourceRoot`. */
export type Sources = Readonly<Record<string, string>>;

/** What an executable is made of, and for whom. */
interface Compilation {
  readonly sources: Sources;
  readonly entry: string;
  readonly folder: string;
  readonly target: Target | null;
  readonly runtime: string | null;
}

/** The executable's path, or why there is none. */
export type Compiled =
  | { readonly is: "compiled"; readonly path: string }
  | { readonly is: "failed" | "not-fetched"; readonly reason: string };

/** This process's platform as a target names it. */
export const ownPlatform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

/** No executable gets this runtime. */
export const runtimeVersion = "";

/** Makes nothing: says why. */
export async function compile(_request: Compilation): Promise<Compiled> {
  return {
    is: "failed",
    reason: "Deno cannot make an executable of rung; a rung built by Bun can",
  };
}
