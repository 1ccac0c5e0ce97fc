// Measures a session: replies a second and resident memory over many pipelined requests.

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
  const input = requests(0, count);
  const resident = [peer.memory.resident];
  // By the thousandth reply the code is compiled; until then it is the compiler's pages that come in.
  const marks = new Set([1000, Math.floor(count / 2)]);
  const start = performance.now();
  const sent = peer.write(input);
  for (let id = 0; id < count; id++) {
    const line = await peer.line();
    if (!line.includes(`"in_reply_to":${id},`)) throw new Error(`${id} was answered: ${line}`);
    if (marks.has(id)) resident.push(peer.memory.resident);
  }
  const seconds = (performance.now() - start) / 1000;
  await sent;
  resident.push(peer.memory.resident);
  const sizes = resident.map((size) => size.toFixed(1)).join(" -> ");
  const rate = Math.round(count / seconds);
  return `${count} status requests: ${rate} replies/s, resident MiB before, at 1,000, half way, at the end: ${sizes}`;
}

for (let round = 0; round < 3; round++) console.log(await measure());
