// The entry of a second executable, for tests only: the whole app over a driver that goes wrong where it is told to.

import { processIo, runProcess } from "../../src/process.ts";
import { FaultyDriver, readFaults, Saboteur } from "./driver.ts";

const { RUNG_FAULTS = "", RUNG_FAULTS_TRACE, RUNG_FAULTS_TICK = "0" } = process.env;
const tick = Number(RUNG_FAULTS_TICK);
const saboteur = new Saboteur(readFaults(RUNG_FAULTS), RUNG_FAULTS_TRACE, tick);

await runProcess({
  ...processIo,
  openDriver: async (request) =>
    new FaultyDriver(request.path, await processIo.openDriver(request), saboteur),
  now: () => saboteur.now,
});
