// A protocol session: requests in, one reply a line out, in order, whatever a line holds.

import type { Event } from "./event.ts";
import { failure, type Failure } from "./failure.ts";
import { readRequest, type Envelope, type Request } from "./input/messages.ts";
import { perform, type Workplace } from "./perform.ts";
import { commandReply, errorReply, type Reply } from "./report/reply.ts";

/** Which replies are enveloped: none, those to enveloped requests, or those once the peer has sent `init`. */
export const replyForms = ["body", "envelope", "auto"] as const;
export type ReplyForm = (typeof replyForms)[number];

function bug(error: unknown): Failure {
  const what = error instanceof Error ? error.message : String(error);
  const hint = "Please report it; rung status tells what is durable.";
  return failure("internal", `This is a bug in rung itself: ${what}.`, hint, {
    changed: "unknown",
  });
}

/** A session, from its first line to its last. */
export class Session {
  readonly #place: Workplace;
  readonly #form: ReplyForm;
  #isNetwork = false;
  #lastMsgId = 0;
  #hasErred = false;

  constructor(place: Workplace, form: ReplyForm) {
    this.#place = place;
    this.#form = form;
  }

  /** Whether any reply so far was an error. */
  get hasErred(): boolean {
    return this.#hasErred;
  }

  /** The line that answers a line, newline included; empty for a blank one. */
  async answer(line: string): Promise<string> {
    const request = readRequest(line);
    if (request === null) return "";
    const reply = await this.#reply(request);
    if (reply.isError) this.#hasErred = true;
    return `${JSON.stringify(this.#addressed(reply.body, request.envelope))}\n`;
  }

  async #reply(request: Request): Promise<Reply> {
    const { msgId } = request;
    switch (request.kind) {
      case "malformed":
        return errorReply(request.failure, msgId);
      case "init":
        this.#isNetwork = true;
        return { body: { type: "init_ok", in_reply_to: msgId }, isError: false };
      case "command": {
        const events: Event[] = [];
        try {
          await perform(request.command, this.#place, (event) => events.push(event));
          return commandReply(request.command, events, msgId);
        } catch (error) {
          // A bug of ours answers this request; the next one has done nothing to deserve it.
          return errorReply(bug(error), msgId);
        }
      }
    }
  }

  #addressed(body: object, envelope: Envelope | null): object {
    const isWanted = this.#form === "envelope" || (this.#form === "auto" && this.#isNetwork);
    if (envelope === null || !isWanted) return body;
    const { src, dest } = envelope;
    return { src: dest, dest: src, body: { ...body, msg_id: ++this.#lastMsgId } };
  }
}
