// A bug inside answers one request with code 13, and leaves nothing behind for the next.

import { expect, test } from "bun:test";
import { fail, ok } from "../../src/failure.ts";
import { linesOf } from "../../src/input/lines.ts";
import type { Catalog } from "../../src/migration/migration.ts";
import type { Workplace } from "../../src/job.ts";
import { noHistory } from "../../src/plan/history.ts";
import type { Driver, Outcome } from "../../src/run/driver.ts";
import { Session } from "../../src/session.ts";
import { jsonLines } from "../rung.ts";
import { bytes } from "./peer.ts";

const catalog: Catalog = { origin: "directory", label: "none", migrations: [] };
const looked: Outcome = { is: "looked", history: noHistory };

interface Staged {
  readonly replies: readonly object[];
  readonly hasErred: boolean;
  readonly opened: number;
  readonly closed: number;
}

/** A session over a driver whose looks come to what is said, one after the other. */
async function staged(looks: readonly (() => Outcome)[], messages: string): Promise<Staged> {
  const left = [...looks];
  let opened = 0;
  let closed = 0;
  const openDriver = async (): Promise<Driver> => {
    opened++;
    const perform = (): Outcome => (left.shift() ?? (() => looked))();
    return { perform, close: () => void closed++ };
  };
  const place: Workplace = {
    path: "no.db",
    catalog: async () => ok(catalog),
    openDriver,
    lockTimeoutMs: 0,
    now: () => 0,
    signals: null,
    heldSignals: () => {
      throw new Error("no signals are to be held");
    },
  };
  let written = "";
  const write = async (line: string): Promise<boolean> => {
    written += line;
    return true;
  };
  const session = new Session(place, { form: "auto", hasEvents: false, write });
  async function* arriving(): AsyncGenerator<Uint8Array> {
    yield bytes(messages);
  }
  for await (const line of linesOf(arriving(), 1000)) await session.answer(line);
  session.close();
  return { replies: jsonLines(written), hasErred: session.hasErred, opened, closed };
}

const two = `{"type":"status","msg_id":1}\n{"type":"status","msg_id":2}\n`;
const fine = { type: "migration_status", in_reply_to: 2, migrations: [] };

function broken(thrown: unknown): () => Outcome {
  return () => {
    throw thrown;
  };
}

test("a bug is code 13, and the next request gets a database opened anew", async () => {
  const { replies, ...rest } = await staged([broken(new Error("it broke"))], two);
  const error = {
    type: "error",
    in_reply_to: 1,
    code: 13,
    text: "This is a bug in rung itself: it broke.",
    error: "internal",
    hint: "Please report it; rung status tells what is durable.",
    changed: "unknown",
  };
  expect(replies).toEqual([error, fine]);
  expect(rest).toEqual({ hasErred: true, opened: 2, closed: 2 });
});

test("whatever is thrown, little of it is told", async () => {
  for (const thrown of ["text", null, 7, new Error("x".repeat(10_000)), { toString: () => "o" }]) {
    const { replies } = await staged([broken(thrown)], two);
    expect(replies).toEqual([expect.objectContaining({ code: 13, error: "internal" }), fine]);
    expect(JSON.stringify(replies[0]).length).toBeLessThan(400);
  }
});

test("a reply that JSON cannot hold is such a bug", async () => {
  const row = {
    version: 1,
    name: "a",
    checksum: "",
    kind: "sql",
    state: "applied",
    seq: 1,
    down: null,
    fingerprint: "",
    appliedAt: "2026-01-01T00:00:00.000Z",
    durationMs: 1,
    appliedBy: "me",
  } as const;
  const unwritable = Object.defineProperty({ ...row }, "name", { value: { toJSON: broken("no") } });
  const history = { ...noHistory, rows: [unwritable] };
  const { replies } = await staged([() => ({ is: "looked", history })], two);
  expect(replies).toEqual([expect.objectContaining({ code: 13, in_reply_to: 1 }), fine]);
});

test("after an error the database is opened anew, and else it is kept", async () => {
  const found = fail("database.io", "It met an error.", "Try again.");
  const fails = (): Outcome => ({ is: "failed", failure: found.failure });
  // It is looked at twice, the second time through a new connection.
  const failed = await staged([fails, fails], two);
  expect(failed.replies).toEqual([expect.objectContaining({ error: "database.io" }), fine]);
  expect([failed.opened, failed.closed]).toEqual([2, 3]);
  const recovered = await staged([fails], two);
  expect(recovered.replies).toEqual([{ ...fine, in_reply_to: 1 }, fine]);
  expect([recovered.opened, recovered.closed]).toEqual([1, 2]);
  const well = await staged([], two + two);
  expect([well.opened, well.closed]).toEqual([1, 1]);
});
