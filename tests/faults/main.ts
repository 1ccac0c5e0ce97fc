// The entry of a second executable, for tests only: the whole app over a driver that goes wrong where it is told to.

import { processIo, runProcess } from "../../src/process.ts";
import { disturbed, readFaults, Saboteur } from "./driver.ts";

const { RUNG_FAULTS = "", RUNG_FAULTS_TRACE = "", RUNG_FAULTS_TICK = "0" } = process.env;
// "real" is the time that it takes: for counting what depends on it.
const isReal = RUNG_FAULTS_TICK === "real";
const tick = isReal ? 0 : Number(RUNG_FAULTS_TICK);
const saboteur = new Saboteur(readFaults(RUNG_FAULTS), RUNG_FAULTS_TRACE, tick);

await runProcess({
  ...processIo,
  openDriver: async (request) => disturbed(request, await processIo.openDriver(request), saboteur),
  now: isReal ? processIo.now : () => saboteur.now,
});
