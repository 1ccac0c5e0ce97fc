// Door to what a migration's code could disturb in this process: its standard output, and its end.

let isKept = false;

/**
 * Standard output is for reports and replies: what a migration logs goes to standard error. What it does once it has
 * returned can change nothing any more, and is not to end the process.
 */
export function keepHouse(): void {
  if (isKept) return;
  isKept = true;
  console.log = console.info = console.debug = console.error;
  const late = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`rung: after it had returned, a migration failed: ${reason}`);
  };
  process.on("unhandledRejection", late);
  process.on("uncaughtException", late);
}
