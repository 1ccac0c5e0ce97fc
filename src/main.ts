// The single entry: this process runs the app.

import { processIo, runProcess } from "./process.ts";

await runProcess(processIo);
