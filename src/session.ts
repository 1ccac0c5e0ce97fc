// A protocol session: requests in, one reply a line out, in order, whatever a line holds.

import type { Event } from "./event.ts";
import { failure, type Failure, type Result } from "./failure.ts";
import { messageForms } from "./input/fields.ts";
import type { Line } from "./input/lines.ts";
import { readRequest, type Envelope, type Request } from "./input/messages.ts";
import type { Catalog } from "./migration/migration.ts";
import { perform, type DriverRequest, type Workplace } from "./perform.ts";
import { commandReply, errorReply, eventBody, type Reply } from "./report/reply.ts";
import type { Driver } from "./run/driver.ts";

/** Which replies are enveloped: none, those to enveloped requests, or those once the peer has sent `init`. */
export type ReplyForm = "body" | "envelope" | "auto";

/** How a session answers. */
export interface SessionSettings {
  readonly form: ReplyForm;
  /** Send what happens while a request runs, before its reply. */
  readonly hasEvents: boolean;
  /** Writes one line; false once nobody reads any more. */
  readonly write: (line: string) => Promise<boolean>;
}

function bug(error: unknown): Failure {
  const what = error instanceof Error ? error.message : String(error);
  const hint = "Please report it; rung status tells what is durable.";
  return failure("internal", `This is a bug in rung itself: ${what}.`, hint, {
    changed: "unknown",
  });
}

/** The workplace of a session: migrations are read once, and the database is opened once and kept. */
class KeptWorkplace implements Workplace {
  readonly path: string;
  readonly lockTimeoutMs: number;
  readonly now: () => number;
  readonly signals: Workplace["signals"];
  readonly #place: Workplace;
  #catalog: Result<Catalog> | null = null;
  #kept: { readonly driver: Driver; readonly readWaitMs: number } | null = null;

  constructor(place: Workplace) {
    this.#place = place;
    const { path, lockTimeoutMs, now, signals } = place;
    this.path = path;
    this.lockTimeoutMs = lockTimeoutMs;
    this.now = now;
    this.signals = signals;
  }

  readonly catalog = (): Result<Catalog> => {
    // What could not be read may be mended by the time of the next request.
    if (this.#catalog?.ok !== true) this.#catalog = this.#place.catalog();
    return this.#catalog;
  };

  readonly openDriver = async (request: DriverRequest): Promise<Driver> => {
    if (request.mode === "memory") return this.#place.openDriver(request);
    const { path, readWaitMs } = request;
    if (this.#kept?.readWaitMs !== readWaitMs) {
      this.close();
      // No command creates a database but by the effects that are its to perform.
      const driver = await this.#place.openDriver({ path, mode: "create", readWaitMs });
      this.#kept = { driver, readWaitMs };
    }
    const { driver } = this.#kept;
    return { perform: (effect) => driver.perform(effect), close: () => undefined };
  };

  close(): void {
    this.#kept?.driver.close();
    this.#kept = null;
  }
}

/** A session, from its first line to its last. */
export class Session {
  readonly #place: KeptWorkplace;
  readonly #settings: SessionSettings;
  #isNetwork = false;
  #lastMsgId = 0;
  #hasErred = false;

  constructor(place: Workplace, settings: SessionSettings) {
    this.#place = new KeptWorkplace(place);
    this.#settings = settings;
  }

  /** Whether any reply so far was an error. */
  get hasErred(): boolean {
    return this.#hasErred;
  }

  /** Lets go of the database. */
  close(): void {
    this.#place.close();
  }

  /** Answers a line, unless it is blank; false once nobody reads any more. */
  async answer(line: Line): Promise<boolean> {
    const request = readRequest(line);
    if (request === null) return true;
    const reply = await this.#reply(request);
    if (reply.isError) this.#hasErred = true;
    return this.#send(reply.body, request.envelope);
  }

  async #send(body: object, envelope: Envelope | null): Promise<boolean> {
    return this.#settings.write(`${JSON.stringify(this.#addressed(body, envelope))}\n`);
  }

  async #reply(request: Request): Promise<Reply> {
    const { msgId } = request;
    switch (request.kind) {
      case "malformed":
        return errorReply(request.failure, msgId);
      case "init":
        this.#isNetwork = true;
        return { body: { type: "init_ok", in_reply_to: msgId }, isError: false };
      case "help": {
        const messages = messageForms();
        return { body: { type: "help", in_reply_to: msgId, messages }, isError: false };
      }
      case "command":
        return this.#run(request);
    }
  }

  async #run(request: Extract<Request, { kind: "command" }>): Promise<Reply> {
    const { command, msgId, envelope } = request;
    const events: Event[] = [];
    let sent: Promise<unknown> = Promise.resolve();
    try {
      await perform(command, this.#place, (event) => {
        events.push(event);
        const body = this.#settings.hasEvents ? eventBody(event, msgId) : null;
        if (body !== null) sent = sent.then(() => this.#send(body, envelope));
      });
      await sent;
      return commandReply(command, events, msgId);
    } catch (error) {
      // A bug of ours answers this request; the next one has done nothing to deserve it.
      return errorReply(bug(error), msgId);
    }
  }

  #addressed(body: object, envelope: Envelope | null): object {
    const { form } = this.#settings;
    const isWanted = form === "envelope" || (form === "auto" && this.#isNetwork);
    if (envelope === null || !isWanted) return body;
    const { src, dest } = envelope;
    return { src: dest, dest: src, body: { ...body, msg_id: ++this.#lastMsgId } };
  }
}
