// TypeScript text -> its bare code, so that rules can be matched without being fooled by strings and comments.

import { Glob } from "bun";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A source file, with what stands in it apart. */
export interface Source {
  /** From the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Line for line the text, without comments; each string is `"#n"`, and each regular expression `/#/`. */
  readonly code: string;
  /** What the strings hold, by their n. */
  readonly strings: readonly string[];
}

const beforeRegExp = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|yield|await))\s*$/;

function endOfRegExp(text: string, start: number): number {
  let isClass = false;
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === "[") isClass = true;
    else if (char === "]") isClass = false;
    else if (char === "/" && !isClass) return at + 1;
  }
  return text.length;
}

function endOfQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[start]) return at + 1;
  }
  return text.length;
}

function newlinesOf(text: string): string {
  return text.replace(/[^\n]/g, "");
}

/** Reads a file's text. */
export function readSource(path: string, text: string): Source {
  const strings: string[] = [];
  let code = "";
  /** How many braces are open in each `${…}` that is. */
  const depths: number[] = [];
  const keep = (from: number, to: number): void => {
    const string = text.slice(from, to);
    code += `"#${strings.length}"${newlinesOf(string)}`;
    strings.push(string);
  };
  const template = (start: number): number => {
    for (let at = start; at < text.length; at++) {
      if (text[at] === "\\") at++;
      else if (text[at] === "`") {
        keep(start, at);
        return at + 1;
      } else if (text.startsWith("${", at)) {
        keep(start, at);
        code += "+(";
        depths.push(0);
        return at + 2;
      }
    }
    return text.length;
  };
  for (let at = 0; at < text.length;) {
    const char = text.charAt(at);
    const depth = depths.at(-1);
    if (text.startsWith("//", at)) {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at + 2) + 2;
      code += ` ${newlinesOf(text.slice(at, end))}`;
      at = end;
    } else if (char === '"' || char === "'") {
      const end = endOfQuote(text, at);
      keep(at + 1, end - 1);
      at = end;
    } else if (char === "`") {
      at = template(at + 1);
    } else if (char === "/" && beforeRegExp.test(code)) {
      code += "/#/";
      at = endOfRegExp(text, at);
    } else if (char === "}" && depth === 0) {
      depths.pop();
      code += ")+";
      at = template(at + 1);
    } else {
      if (depth !== undefined && char === "{") depths[depths.length - 1] = depth + 1;
      if (depth !== undefined && char === "}") depths[depths.length - 1] = depth - 1;
      code += char;
      at++;
    }
  }
  return { path, text, code, strings };
}

/** The TypeScript files below a folder of the repository, in order. */
export function sourcesBelow(root: string, folder: string): readonly Source[] {
  const paths = [...new Glob(`${folder}/**/*.ts`).scanSync({ cwd: root })].sort();
  return paths.map((path) => readSource(path, readFileSync(join(root, path), "utf8")));
}

/** The line on which an offset of a text stands, from 1. */
export function lineOf(text: string, offset: number): number {
  return newlinesOf(text.slice(0, offset)).length + 1;
}

/** One import of a file, or an export of what another holds. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Whether nothing of it is left when the file runs. */
  readonly isType: boolean;
}

/** What a file imports, in order. */
export function importsOf(source: Source): readonly Import[] {
  const { code, strings } = source;
  return [...code.matchAll(/\b(?:from|import|require)\s*\(?\s*"#(\d+)"/g)].map((match) => {
    const before = code.slice(code.lastIndexOf(";", match.index) + 1, match.index);
    return {
      specifier: strings[Number(match[1])] ?? "",
      line: lineOf(code, match.index),
      isType: /\b(?:import|export)\s+type\b[^"]*$/.test(before),
    };
  });
}
