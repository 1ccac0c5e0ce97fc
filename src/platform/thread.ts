// Door to the runtime's threads: an import map can point it elsewhere.

/** Starts a thread with a program as text, and sends it a memory. It keeps no process alive; where none is to be had, nothing happens. */
export function startThread(program: string, memory: SharedArrayBuffer): void {
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(program)}`, {
    type: "module",
  });
  worker.unref();
  worker.onerror = (event) => event.preventDefault();
  worker.postMessage(memory);
}
