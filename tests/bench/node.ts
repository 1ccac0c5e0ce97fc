// Measures a session: replies a second and resident memory over many pipelined requests. Run: bun tests/bench/node.ts

import { Peer } from "../node/peer.ts";
import { Place } from "../rung.ts";

const [count = 100_000] = process.argv.slice(2).map(Number);

function requests(from: number, to: number): string {
  let text = "";
  for (let id = from; id < to; id++) text += `{"type":"status","msg_id":${id}}\n`;
  return text;
}

/** Sends all requests at once, and reads the replies as they come. */
async function measure(): Promise<string> {
  using place = new Place();
  await using peer = new Peer(place);
  await peer.ask({ type: "migrate" });
  for (let id = 0; id < 100; id++) await peer.ask({ type: "status" });
  const input = requests(0, count);
  const resident = [peer.memory.resident];
  const start = performance.now();
  const sent = peer.write(input);
  for (let id = 0; id < count; id++) {
    const line = await peer.line();
    if (!line.includes(`"in_reply_to":${id},`)) throw new Error(`${id} was answered: ${line}`);
    if (id === Math.floor(count / 2)) resident.push(peer.memory.resident);
  }
  const seconds = (performance.now() - start) / 1000;
  await sent;
  resident.push(peer.memory.resident);
  const [first, middle, last] = resident.map((size) => size.toFixed(1));
  const rate = Math.round(count / seconds);
  return `${count} status requests: ${rate} replies/s, resident ${first} -> ${middle} -> ${last} MiB, peak ${peer.memory.peak.toFixed(1)}`;
}

for (let round = 0; round < 3; round++) console.log(await measure());
