// The single entry: this process runs the app.

import { processIo, runProcess } from "./process.ts";

// Without awaiting it here: what waited for this module could then not be part of it when it is made into an executable.
void runProcess(processIo);
