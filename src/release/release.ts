// Development: makes dist/release/, an executable and an archive for each platform (or those named), and their sums.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { make } from "../bundle/make.ts";
import { targets, type Sources, type Target } from "../platform/compile.ts";
import { failureText } from "../report/rest.ts";
import { archiveOf, type Packed } from "./archive.ts";
import { dist, readmeFiles, stockSources } from "./program.ts";
import { tryExecutable } from "./smoke.ts";

const folder = join(dist, "release");

function stop(reason: string): never {
  console.error(reason);
  process.exit(1);
}

/** Makes the files of one platform; gives their names. */
async function release(target: Target, sources: Sources): Promise<readonly string[]> {
  const name = `rung-${packageJson.version}-${target}`;
  const end = target === "windows-x64" ? ".exe" : "";
  const executable = join(folder, `${name}${end}`);
  const made = await make({ sources, out: executable, target, runtime: null });
  if (!made.ok) stop(`${target}: ${failureText(made.failure)}`);
  const trial = tryExecutable(executable, target);
  if (trial.is === "broken") stop(`${name} does not work: ${trial.reason}`);
  console.log(trial.is === "ran" ? `${name}: runs` : `not run here: ${name} (${trial.reason})`);
  const bytes = readFileSync(executable);
  const packed: readonly Packed[] = [
    { path: `${name}/rung${end}`, mode: 0o755, bytes },
    ...readmeFiles.map(({ file, path }) => {
      return { path: `${name}/${file}`, mode: 0o644, bytes: readFileSync(path) };
    }),
  ];
  writeFileSync(join(folder, `${name}.tar.gz`), archiveOf(packed));
  return [`${name}${end}`, `${name}.tar.gz`];
}

function sumOf(name: string): string {
  const sum = createHash("sha256").update(readFileSync(join(folder, name)));
  return `${sum.digest("hex")}  ${name}\n`;
}

const asked = process.argv.slice(2);
const unknown = asked.find((word) => !targets.some((target) => target === word));
if (unknown !== undefined) stop(`${unknown} is none of ${targets.join(", ")}`);
const wanted = targets.filter((target) => asked.length === 0 || asked.includes(target));
const sources = await stockSources();
if (!sources.ok) stop(failureText(sources.failure));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const names: string[] = [];
for (const target of wanted) names.push(...(await release(target, sources.value)));
writeFileSync(join(folder, "SHA256SUMS"), names.sort().map(sumOf).join(""));
