// A protocol session: requests in, one reply a line out, in order, whatever a line holds.

import type { Event } from "./event.ts";
import { failure, type Failure, messageOf } from "./failure.ts";
import { messageForms } from "./input/fields.ts";
import type { Line } from "./input/lines.ts";
import { readRequest, type Envelope, type Request } from "./input/messages.ts";
import { KeptWorkplace } from "./kept.ts";
import type { Workplace } from "./job.ts";
import { perform } from "./perform.ts";
import { jsonLine } from "./report/json.ts";
import { commandReply, errorReply, eventBody, type Reply } from "./report/reply.ts";
import { shorten } from "./shorten.ts";

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
  const what = shorten(messageOf(error));
  const hint = "Please report it; rung status tells what is durable.";
  return failure("internal", `This is a bug in rung itself: ${what}.`, hint, {
    changed: "unknown",
  });
}

/** A session, from its first line to its last. */
export class Session {
  private readonly place: KeptWorkplace;
  private readonly settings: SessionSettings;
  private isNetwork = false;
  private lastMsgId = 0;
  private erred = false;

  constructor(place: Workplace, settings: SessionSettings) {
    this.place = new KeptWorkplace(place);
    this.settings = settings;
  }

  /** Whether any reply so far was an error. */
  get hasErred(): boolean {
    return this.erred;
  }

  /** Lets go of the database. */
  close(): void {
    this.place.close();
  }

  /** Answers a line, unless it is blank; false once nobody reads any more. */
  async answer(line: Line): Promise<boolean> {
    const request = readRequest(line);
    if (request === null) return true;
    const { msgId, envelope } = request;
    let text: string;
    try {
      const { body, isError } = await this.reply(request);
      this.erred ||= isError;
      text = this.line(body, envelope);
    } catch (error) {
      // A bug of ours answers this request; the next one has done nothing to deserve it, not even what this one may
      // have left open in the database.
      this.place.close();
      this.erred = true;
      text = this.line(errorReply(bug(error), msgId).body, envelope);
    }
    return this.settings.write(text);
  }

  private async reply(request: Request): Promise<Reply> {
    const { msgId } = request;
    switch (request.kind) {
      case "malformed":
        return errorReply(request.failure, msgId);
      case "init":
        this.isNetwork = true;
        return { body: { type: "init_ok", in_reply_to: msgId }, isError: false };
      case "help": {
        const messages = messageForms();
        return { body: { type: "help", in_reply_to: msgId, messages }, isError: false };
      }
      case "command":
        return this.run(request);
    }
  }

  private async run(request: Extract<Request, { kind: "command" }>): Promise<Reply> {
    const { command, msgId, envelope } = request;
    const events: Event[] = [];
    let sent: Promise<unknown> = Promise.resolve();
    await perform(command, this.place, (event) => {
      events.push(event);
      const body = this.settings.hasEvents ? eventBody(event, msgId) : null;
      if (body === null) return;
      const text = this.line(body, envelope);
      sent = sent.then(() => this.settings.write(text));
    });
    await sent;
    const reply = commandReply(command, events, msgId);
    // What made this request fail may have worn the connection too, and the next one is to start as if it were the first.
    if (reply.isError) this.place.close();
    return reply;
  }

  private line(body: object, envelope: Envelope | null): string {
    const { form } = this.settings;
    const isWanted = form === "envelope" || (form === "auto" && this.isNetwork);
    if (envelope === null || !isWanted) return jsonLine(body);
    const { src, dest } = envelope;
    return jsonLine({ src: dest, dest: src, body: { ...body, msg_id: ++this.lastMsgId } });
  }
}
