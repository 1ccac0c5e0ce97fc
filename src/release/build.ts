// Development: makes dist/rung, the executable for this platform.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { make } from "../bundle/make.ts";
import { failureText } from "../report/rest.ts";
import { dist, stockSources } from "./program.ts";

mkdirSync(dist, { recursive: true });
const sources = await stockSources();
const out = join(dist, process.platform === "win32" ? "rung.exe" : "rung");
const made = sources.ok
  ? await make({ sources: sources.value, out, target: null, runtime: null })
  : sources;
if (!made.ok) {
  console.error(failureText(made.failure));
  process.exitCode = 1;
}
