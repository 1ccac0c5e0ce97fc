// Development: the sources -> what makes the bundler lay into one part what is always loaded together.

import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { importsOf } from "../platform/imports.ts";

/** What a module imports at once, and what only when it is asked for; as paths. */
interface Imported {
  readonly atOnce: readonly string[];
  readonly later: readonly string[];
}

/** A file and every file that can be reached from it, each with what it imports; what will be replaced is not read. */
function everyImport(entry: string, replaced: ReadonlySet<string>): ReadonlyMap<string, Imported> {
  const found = new Map<string, Imported>();
  const open = [entry];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path) || replaced.has(path)) continue;
    const folder = dirname(path);
    const code = readFileSync(path, "utf8");
    const ours = importsOf(code).filter((each) => /^\..*\.ts$/.test(each));
    const isLater = (each: string): boolean => code.includes(`import("${each}")`);
    const later = ours.filter(isLater).map((each) => resolve(folder, each));
    const atOnce = ours.filter((each) => !isLater(each)).map((each) => resolve(folder, each));
    found.set(path, { atOnce, later });
    open.push(...atOnce, ...later);
  }
  return found;
}

/** All that is loaded with a file. */
function loadedWith(path: string, imports: ReadonlyMap<string, Imported>): ReadonlySet<string> {
  const loaded = new Set([path]);
  for (const each of loaded) for (const next of imports.get(each)?.atOnce ?? []) loaded.add(next);
  return loaded;
}

/**
 * For every file that is loaded later than the entry, what is loaded by then, whichever way leads to it: the dominators
 * of the graph of what asks for what (Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm").
 */
function loadedBefore(
  entry: string,
  imports: ReadonlyMap<string, Imported>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const before = new Map<string, ReadonlySet<string>>([[entry, new Set()]]);
  const open = [entry];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const loaded = loadedWith(path, imports);
    const byNow = new Set([...(before.get(path) ?? []), ...loaded]);
    for (const target of [...loaded].flatMap((each) => imports.get(each)?.later ?? [])) {
      const known = before.get(target);
      const common = known?.intersection(byNow) ?? byNow;
      if (known?.size === common.size) continue;
      before.set(target, common);
      open.push(target);
    }
  }
  return before;
}

/** A file that is to be one part of the executable with all that it imports, but for what earlier parts have. */
export interface Part {
  readonly path: string;
  /** Whether whoever needs anything of it is to load it whole; else only those before whom it has been loaded anyway. */
  readonly isIndivisible: boolean;
}

/** The files that have to import a part so that it is one. */
function importersOf(
  parts: readonly Part[],
  before: ReadonlyMap<string, ReadonlySet<string>>,
  imports: ReadonlyMap<string, Imported>,
): readonly { readonly part: string; readonly importers: readonly string[] }[] {
  const earlier = new Set<string>();
  return parts.map(({ path: part, isIndivisible }) => {
    const own = loadedWith(part, imports).difference(earlier);
    for (const each of own) earlier.add(each);
    const shares = (path: string): boolean => !own.isDisjointFrom(loadedWith(path, imports));
    const importers = [...before].filter(([path, loaded]) => {
      // One of the part itself would import in a circle.
      return (
        imports.has(path) && !own.has(path) && (loaded.has(part) || (isIndivisible && shares(path)))
      );
    });
    return { part, importers: importers.map(([path]) => path) };
  });
}

/**
 * The texts of the files that are loaded later, with imports of the parts besides. The bundler lays into one what the
 * same files can reach, so modules that some of them share would be spread over a dozen pieces, one for each set of
 * those who share them.
 */
export function laidTogether(
  entry: string,
  parts: readonly Part[],
  replaced: readonly string[],
): Readonly<Record<string, string>> {
  const imports = everyImport(entry, new Set(replaced));
  const texts: Record<string, string> = {};
  for (const { part, importers } of importersOf(parts, loadedBefore(entry, imports), imports)) {
    for (const path of importers) {
      const from = relative(dirname(path), part).replaceAll("\\", "/");
      const line = `import ${JSON.stringify(from.startsWith(".") ? from : `./${from}`)};`;
      texts[path] = `${texts[path] ?? readFileSync(path, "utf8")}\n${line}`;
    }
  }
  return texts;
}
