// What an executable is made of and for, whoever makes it.

/** The platforms that executables are made for, by the runtime's own names for them. */
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

/** The folder that the sources of an executable seem to lie in; there is none of this name on any disk. */
export const sourceRoot = "/$rung";

/** Sources by their paths, all below `sourceRoot`. No file on a disk plays a part in what becomes of them. */
export type Sources = Readonly<Record<string, string>>;

/** What an executable is made of, and for whom. */
export interface Compilation {
  readonly sources: Sources;
  /** The path of the source to begin with. */
  readonly entry: string;
  /** An existing folder for this alone, in which the executable is made under a name of its own. */
  readonly folder: string;
  /** Null for the platform of this process. */
  readonly target: Target | null;
  /** An executable of the runtime for that platform; null to take this process's own, or to fetch the target's. */
  readonly runtime: string | null;
}

/** The executable's path, or why there is none. */
export type Compiled =
  | { readonly is: "compiled"; readonly path: string }
  | { readonly is: "failed" | "not-fetched"; readonly reason: string };

/** This process's platform as a target names it; on Linux it can be either libc's. */
export const ownPlatform = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

/** The version of the runtime that this process is, and that an executable gets. */
export const runtimeVersion = process.versions["bun"] ?? "";
