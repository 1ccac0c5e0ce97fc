// The ends of a session's streams: readers that leave or stall, input that breaks off, and the exit status of it all.

import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { executable, jsonLines, notRunHere, Place, root, table, type Files } from "../rung.ts";
import { Peer } from "./peer.ts";

const status = `{"type":"status","msg_id":1}\n`;

/** What a shell made of a line in which $RUNG is the executable: output, and the status of each part of the pipe. */
async function shell(place: Place, line: string): Promise<{ stdout: string; stderr: string }> {
  const child = Bun.spawn(["/bin/bash", "-c", line], {
    cwd: place.path,
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", RUNG: executable },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  return { stdout, stderr };
}

test("replies are read one by one while the input stays open", async () => {
  using place = new Place();
  await using peer = new Peer(place);
  for (let id = 0; id < 100; id++) {
    expect(await peer.ask({ type: "log", msg_id: id })).toMatchObject({ in_reply_to: id });
  }
  expect(await peer.end()).toEqual({ rest: [], status: 0, stderr: "" });
});

test("head -1 ends an endless session quietly", async () => {
  using place = new Place();
  await place.rung(["migrate"]);
  const line = `yes '${status.trim()}' | "$RUNG" | head -1; echo "\${PIPESTATUS[1]}"`;
  const { stdout, stderr } = await shell(place, line);
  const [reply = "", exit] = stdout.split("\n");
  expect(jsonLines(`${reply}\n`)[0]).toMatchObject({ type: "migration_status" });
  expect([exit, stderr]).toEqual(["0", ""]);
});

test("after an error reply, a reader that leaves finds status 1", async () => {
  using place = new Place();
  const line = `yes nonsense | "$RUNG" | head -1 | wc -l; echo "\${PIPESTATUS[1]}"`;
  expect(await shell(place, line)).toEqual({ stdout: "1\n1\n", stderr: "" });
});

test("a reader that leaves loses replies, and nothing that was committed", async () => {
  using place = new Place();
  const names = Array.from({ length: 30 }, (_, index) => index + 1);
  place.write(Object.fromEntries(names.map((n) => [`${n}_t${n}.sql`, table(`t${n}`)])));
  const steps = `{"type":"migrate","steps":1}\n`.repeat(names.length);
  place.write({ in: steps }, ".");
  const { stderr } = await shell(place, `"$RUNG" < in | head -1 > out`);
  expect(stderr).toBe("");
  const applied = place.applied();
  expect(applied.length).toBeGreaterThan(0);
  // Whole migrations, in order, and a rerun brings the rest.
  expect(applied).toEqual(names.slice(0, applied.length));
  expect((await place.rung(["migrate"])).status).toBe(0);
  expect(place.applied()).toEqual(names);
});

test("a reader that closes its end while the session waits ends it with its next reply", async () => {
  using place = new Place();
  await using peer = new Peer(place);
  await peer.ask({ type: "migrate" });
  const left = peer.leave();
  // What comes first, the closing or the request, is not for us to say; one of these meets the closed pipe.
  await Promise.race([
    left,
    (async () => {
      for (;;) await peer.write(status);
    })().catch(() => undefined),
  ]);
  expect(await left).toBe(0);
  expect(place.applied()).toEqual([1, 2]);
});

test("output that cannot be written is told, is no crash, and stops no run in the middle", async () => {
  using place = new Place();
  place.write({ "1_a.sql": table("a"), "2_b.sql": table("b") });
  const told = "rung: Standard output cannot be written: ENOSPC.\n";
  for (const words of [`<<< '${status.trim()}'`, "status", "status --json", "help"]) {
    const { stdout, stderr } = await shell(place, `"$RUNG" ${words} > /dev/full; echo $?`);
    expect([words, stdout, stderr]).toEqual([words, "1\n", told]);
  }
  const run = await shell(place, `"$RUNG" migrate --commit each > /dev/full; echo $?`);
  expect(run).toEqual({ stdout: "1\n", stderr: told });
  expect(place.applied()).toEqual([1, 2]);
  const wrong = await shell(place, `"$RUNG" sing 2> /dev/full; echo $?`);
  expect(wrong).toEqual({ stdout: "2\n", stderr: "" });
});

test("standard streams that are closed, or no streams at all", async () => {
  using place = new Place();
  const silent = { stdout: "0\n", stderr: "" };
  expect(await shell(place, `"$RUNG" <&-; echo $?`)).toEqual(silent);
  expect(await shell(place, `"$RUNG" < /dev/null; echo $?`)).toEqual(silent);
  expect(await shell(place, `"$RUNG" <<< '${status.trim()}' >&-; echo $?`)).toEqual(silent);
  expect(await shell(place, `"$RUNG" < .; echo $?`)).toEqual({
    stdout: "1\n",
    stderr: "rung: Standard input cannot be read: EISDIR.\n",
  });
});

/** So many migrations by the names of their files. */
function manyTables(count: number): Files {
  const files = Array.from({ length: count }, (_, n) => [`${n + 1}_t${n}.sql`, table(`t${n}`)]);
  return Object.fromEntries(files);
}

/**
 * What is read bit by bit of all that the executable writes to a pipe that others made non-blocking, and that holds as
 * many full stops before: the last piece that fits is cut, and what is left of it finds room for a part of itself each
 * time that some is read.
 */
async function slowlyRead(place: Place, words: readonly string[], before: number): Promise<string> {
  const python = `import array, fcntl, os, subprocess, sys, termios, time
reading, writing = os.pipe()
os.set_blocking(writing, False)
os.write(writing, b"." * ${before})
child = subprocess.Popen([os.environ["RUNG"], *sys.argv[1:]], stdin=open("in"), stdout=writing)
os.close(writing)
waiting, before = array.array("i", [0]), -1
while waiting[0] <= ${before} or waiting[0] != before:
    before = waiting[0]
    time.sleep(0.1)
    fcntl.ioctl(reading, termios.FIONREAD, waiting)
while piece := os.read(reading, 5000):
    sys.stdout.buffer.write(piece)
    time.sleep(0.0005)
sys.exit(child.wait())`;
  place.write({ "slow.py": python }, ".");
  const { stdout, stderr } = await shell(place, `python3 slow.py ${words.join(" ")}`);
  expect(stderr).toBe("");
  expect(stdout.slice(0, before)).toBe(".".repeat(before));
  return stdout.slice(before);
}

test("a pipe that others made non-blocking, and that is full, loses nothing and repeats nothing", async () => {
  if (Bun.which("python3") === null) return notRunHere("a non-blocking pipe", "no python3");
  using place = new Place();
  // Replies of three pages each, of which a pipe holds sixteen.
  place.write(manyTables(230));
  const count = 500;
  place.write({ in: status.repeat(count) }, ".");
  const replies = await slowlyRead(place, [], 0);
  expect(jsonLines(replies)).toHaveLength(count);
  expect(new Set(replies.trimEnd().split("\n")).size).toBe(1);
});

for (const count of [12, 100, 230, 400]) {
  test(`one text alone finds such a pipe full: ${count} lines`, async () => {
    if (Bun.which("python3") === null) return notRunHere("a non-blocking pipe", "no python3");
    using place = new Place();
    place.write(manyTables(count));
    place.write({ in: "" }, ".");
    const { stdout } = await place.rung(["status"]);
    // Sixteen pages, but for the half of one.
    expect(await slowlyRead(place, ["status"], 63_488)).toBe(stdout);
  });
}

test("a file that is appended to gets all of a text, be it long or short", async () => {
  using place = new Place();
  for (const count of [2, 12, 40, 150, 400]) {
    place.write(manyTables(count));
    place.write({ out: "before\n" }, ".");
    const { stdout } = await place.rung(["status"]);
    await shell(place, `"$RUNG" status >> out; echo after >> out`);
    const written = readFileSync(place.at("out"), "utf8");
    expect([count, written]).toEqual([count, `before\n${stdout}after\n`]);
  }
});

test("a terminal that others made non-blocking, and that is full, loses nothing and repeats nothing", async () => {
  if (Bun.which("python3") === null) return notRunHere("a non-blocking terminal", "no python3");
  using place = new Place();
  const count = 400;
  place.write({ in: "nonsense\n".repeat(count) }, ".");
  // It takes a part of anything, even of a short line, and at the end of its last writer reading fails.
  const python = `import os, pty, subprocess, sys, time, tty
reading, writing = pty.openpty()
tty.setraw(writing)
os.set_blocking(writing, False)
child = subprocess.Popen([os.environ["RUNG"]], stdin=open("in"), stdout=writing)
os.close(writing)
time.sleep(0.3)
turn = 0
while True:
    turn += 1
    try: piece = os.read(reading, 100 + turn * 7 % 176)
    except OSError: break
    if not piece: break
    sys.stdout.buffer.write(piece)
sys.stdout.flush()
os._exit(0)`;
  place.write({ "slow.py": python }, ".");
  const { stdout, stderr } = await shell(place, "python3 slow.py");
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toHaveLength(count);
  expect(new Set(stdout.trimEnd().split("\n")).size).toBe(1);
});

test("replies of many processes in one file, or through one pipe, keep their lines whole", async () => {
  using place = new Place();
  place.write(manyTables(20));
  await place.rung(["migrate"]);
  const line = (await place.rung(["status", "--json"])).stdout;
  // Longer than what is handed over in one piece, and no longer than what a pipe takes as a whole.
  expect(line.length).toBeGreaterThan(1024);
  expect(line.length).toBeLessThan(4096);
  const all = `for _ in {1..24}; do "$RUNG" status --json & done; wait`;
  await shell(place, `{ ${all}; } >> out`);
  const { stdout } = await shell(place, all);
  expect([readFileSync(place.at("out"), "utf8"), stdout]).toEqual([
    line.repeat(24),
    line.repeat(24),
  ]);
});

test("an empty text leaves a file as it is", async () => {
  using place = new Place();
  place.write({ out: "before\n" }, ".");
  const door = JSON.stringify(`${root}/src/platform/stdio.ts`);
  const script = `const { writeOut } = await import(${door}); await writeOut(""); await writeOut("after\\n");`;
  place.write({ "write.ts": script }, ".");
  await shell(place, `"${process.execPath}" write.ts >> out`);
  expect(readFileSync(place.at("out"), "utf8")).toBe("before\nafter\n");
});

test("replies go to the end of a file that is appended to", async () => {
  using place = new Place();
  place.write({ out: "before\n" }, ".");
  const descriptor = openSync(place.at("out"), "a");
  try {
    const child = Bun.spawn([executable, status, status], {
      cwd: place.path,
      env: {},
      stdin: "ignore",
      stdout: descriptor,
    });
    expect(await child.exited).toBe(0);
  } finally {
    closeSync(descriptor);
  }
  const [before, ...replies] = (await Bun.file(place.at("out")).text()).trimEnd().split("\n");
  expect([before, replies.length]).toEqual(["before", 2]);
});

test("exit status at the end of input: 0 if no reply was an error, else 1", async () => {
  using place = new Place();
  const cases: readonly (readonly [readonly string[], number])[] = [
    [[], 0],
    [[status], 0],
    [[status, `{"type":"help"}`], 0],
    [["nonsense"], 1],
    [["nonsense", status], 1],
    [[status, `{"type":"rollback"}`, status], 1],
  ];
  for (const [lines, expected] of cases) {
    const ran = await place.rung([], { stdin: lines.join("\n") });
    expect([lines, ran.status, ran.stderr]).toEqual([lines, expected, ""]);
  }
});
