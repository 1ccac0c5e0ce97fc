// The first bytes of an executable -> the platform that it is for.

import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { fail, messageOf, ok, type Result } from "../failure.ts";
import { ownPlatform, runtimeVersion, type Target } from "../platform/compile.ts";

const machines: Readonly<Record<string, string>> = {
  "linux 62": "linux-x64",
  "linux 183": "linux-arm64",
  "darwin 16777223": "darwin-x64",
  "darwin 16777228": "darwin-arm64",
  "windows 34404": "windows-x64",
};

/** The platform that an executable is for, by its first 4 KiB: `linux-x64`, `linux-x64-musl` …; null for none of ours. */
export function platformOf(head: Uint8Array): string | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.byteLength < 512) return null;
  if (view.getUint32(0) === 0x7f454c46) {
    const platform = machines[`linux ${view.getUint16(18, true)}`] ?? null;
    // The name of the dynamic loader stands among the first headers.
    const isMusl = new TextDecoder("latin1").decode(head).includes("/ld-musl-");
    return platform !== null && isMusl ? `${platform}-musl` : platform;
  }
  if (view.getUint32(0, true) === 0xfeedfacf) {
    return machines[`darwin ${view.getUint32(4, true)}`] ?? null;
  }
  if (view.getUint16(0) !== 0x4d5a) return null;
  const at = view.getUint32(60, true);
  const isPortable = at <= head.byteLength - 6 && view.getUint32(at) === 0x50450000;
  return isPortable ? (machines[`windows ${view.getUint16(at + 4, true)}`] ?? null) : null;
}

/** The platform of an executable file. */
export function platformOfFile(path: string): string | null {
  const head = new Uint8Array(4096);
  const file = openSync(path, "r");
  try {
    return platformOf(head.subarray(0, readSync(file, head)));
  } finally {
    closeSync(file);
  }
}

/** Whether an executable for a platform is one for the target; without a target either libc is that of this process. */
export function fits(platform: string | null, target: Target | null): boolean {
  if (target !== null) return platform === target;
  return platform !== null && platform.replace(/-musl$/, "") === ownPlatform;
}

/** Checks the runtime that was named: it must be the one that we are, for the platform that is asked. */
export function checkRuntime(path: string, target: Target | null): Result<string> {
  const wanted = `Bun ${runtimeVersion} for ${target ?? ownPlatform}`;
  const hint = `Give --runtime the executable of ${wanted}, or a rung of the same release for that platform.`;
  try {
    const platform = platformOfFile(path);
    if (!fits(platform, target)) {
      const found =
        platform === null ? "no executable of a platform known here" : `for ${platform}`;
      return fail("bundle.runtime", `The runtime ${path} is not ${wanted}: it is ${found}.`, hint);
    }
    if (readFileSync(path).includes(`Bun v${runtimeVersion} (`)) return ok(path);
    return fail("bundle.runtime", `The runtime ${path} is not ${wanted}.`, hint);
  } catch (error) {
    const text = `The runtime ${path} cannot be read: ${messageOf(error)}.`;
    return fail("bundle.runtime", text, hint);
  }
}
