// A thread under Deno, by Node's module: only there it can be left behind.

import { Worker } from "node:worker_threads";

/** Starts a thread with a program as text, and sends it a memory. It keeps no process alive; where none is to be had, nothing happens. */
export function startThread(program: string, memory: SharedArrayBuffer): void {
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
  worker.unref();
  worker.on("error", () => {});
  worker.postMessage(memory);
}
