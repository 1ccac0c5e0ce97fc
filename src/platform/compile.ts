// Door to the runtime's bundler: an import map can point it elsewhere.

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

/** Where the sources hold no code, but what a usual run needs of it: its bytecode is laid out together. */
export const orderFolder = `${sourceRoot}/order/`;

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
export const runtimeVersion = process.versions.bun ?? "";

/** How every executable is made: all of it decided here, nothing left to the surroundings. */
const how = {
  target: "bun",
  format: "esm",
  // Measured: with bytecode status takes 11 ms, and 21 without; minified it takes as long, and has 80 kB less.
  minify: true,
  bytecode: true,
  // What a command does not need is not even read.
  splitting: true,
  // Else the value of the environment at hand would be written into the executable.
  define: { "process.env.NODE_ENV": "process.env.NODE_ENV" },
  env: "disable",
} as const;

const whatItHeeds = {
  autoloadDotenv: false,
  autoloadBunfig: false,
  autoloadTsconfig: false,
  autoloadPackageJson: false,
} as const;

/** What the bundler says, with the place where it names one. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  const reason = messageOf(error).trim().replaceAll(`${sourceRoot}/`, "");
  if (!(error instanceof BuildMessage) || error.position === null) return reason;
  const { file, line, column } = error.position;
  return `${file.replace(`${sourceRoot}/`, "")}:${line}:${column}: ${reason}`;
}

function messageOf(error: unknown): string {
  const hasMessage = typeof error === "object" && error !== null && "message" in error;
  return String(hasMessage ? error.message : error);
}

/** Writes what the sources tell of usual runs where the bundler can read it; the paths, the most usual run first. */
async function writeOrders(sources: Sources, folder: string): Promise<string[]> {
  const told = Object.entries(sources).filter(([path]) => path.startsWith(orderFolder));
  const paths = told.map((_, at) => `${folder}/order-${at}`);
  for (const [at, [, text]] of told.entries()) await Bun.write(paths[at] ?? "", text);
  return paths;
}

/**
 * Makes an executable. The name is part of its bytes, so it is always the same; and the runtime works in the current
 * folder, so that is the given one meanwhile.
 */
export async function compile(request: Compilation): Promise<Compiled> {
  const { sources, entry, folder, target, runtime } = request;
  const name = target === "windows-x64" ? "rung.exe" : "rung";
  const outfile = `${folder}/${name}`;
  const before = process.cwd();
  const { NODE_ENV } = process.env;
  process.chdir(folder);
  delete process.env.NODE_ENV;
  try {
    const built = await Bun.build({
      ...how,
      entrypoints: [entry],
      files: sources,
      throw: false,
      compile: {
        ...whatItHeeds,
        // Hardly anything runs so often that compiling it pays: see `expectLongWork`.
        jitPolicy: 1000,
        bytecodeOrder: await writeOrders(sources, folder),
        outfile,
        ...(target === null ? {} : { target: `bun-${target}` }),
        ...(runtime === null ? {} : { executablePath: runtime }),
      },
    });
    if (built.success) return { is: "compiled", path: outfile };
    return failed(built.logs.map(reasonOf).join("; "));
  } catch (error) {
    return failed(reasonOf(error));
  } finally {
    process.chdir(before);
    if (NODE_ENV !== undefined) process.env.NODE_ENV = NODE_ENV;
  }
}

function failed(reason: string): Compiled {
  return { is: /^Failed to (download|extract)\b/.test(reason) ? "not-fetched" : "failed", reason };
}

/**
 * Texts in the place of files. To give them as files themselves would do as well, but puts their absolute paths among
 * what the names of all outputs come from: each clone of the repository would make other bytes.
 */
function replacing(texts: Sources): Bun.BunPlugin {
  return {
    name: "replacing",
    setup: (build) => {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = texts[path];
        return contents === undefined ? undefined : { contents, loader: "ts" };
      });
    },
  };
}

/**
 * The program from its sources on the disk as texts by name, from which `compile` can make executables: `main.js` to
 * begin with, and what is loaded only when it is needed. Modules that have a replacement are left out: what stands for
 * them is given then, below `sourceRoot`.
 */
export async function textsOfProgram(entry: string, replaced: Sources): Promise<Sources> {
  const { target, format, minify, define, env } = how;
  const built = await Bun.build({
    target,
    format,
    minify,
    define,
    env,
    splitting: true,
    entrypoints: [entry],
    plugins: [replacing(replaced)],
    external: [`${sourceRoot}/*`],
  });
  const texts = built.outputs.map(async (output): Promise<[string, string]> => {
    return [output.path.replace(/^\.\//, ""), await output.text()];
  });
  return Object.fromEntries(await Promise.all(texts));
}
