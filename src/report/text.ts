// Events -> what a person reads. What most runs never come to say is written elsewhere, and loaded when it is needed.

import type { Event } from "../event.ts";
import type { Direction } from "../migration/migration.ts";
import { nothing, onOutput, type Printed } from "./printed.ts";
import type { Rest } from "./rest.ts";
import { statusText } from "./status.ts";
import { duration, printable, type Paint } from "./style.ts";

type EventOf<Kind extends Event["kind"]> = Extract<Event, { readonly kind: Kind }>;

/** Whether there is more to a status than its table. */
function hasStories({ rows, drift }: EventOf<"status">): boolean {
  for (const { interruption } of rows) if (interruption !== null) return true;
  return drift.length > 0;
}

/** What one command prints, event by event. */
export class TextReport {
  private readonly database: string;
  private readonly direction: Direction;
  private readonly to: number | null;
  private readonly paint: Paint;
  private stepped = 0;

  /** `direction` is the one of the command's steps, `to` the version that it was to stop at, if any. */
  constructor(database: string, direction: Direction, to: number | null, paint: Paint) {
    this.to = to;
    this.database = printable(database);
    this.direction = direction;
    this.paint = paint;
  }

  /** The text that an event is worth: at once where most runs come to say it. */
  print(event: Event): Printed | Promise<Printed> {
    switch (event.kind) {
      case "waiting":
      case "running":
      case "copying":
        return nothing;
      case "stepped":
        return this.step(event);
      case "status":
        return hasStories(event)
          ? this.statusWithStories(event)
          : onOutput(statusText(event, "", this.database, this.paint));
      case "finished":
        return this.stepped > 0 ? nothing : onOutput(this.upToDate());
      case "planned":
        return event.steps.length === 0 ? onOutput(this.upToDate()) : this.rest(event);
      case "rehearsed":
        this.stepped += event.rehearsal.steps.length;
        return this.rest(event);
      case "verified":
        this.stepped += event.verdicts.length;
        return this.rest(event);
      default:
        return this.rest(event);
    }
  }

  private step({ direction, migration, durationMs }: EventOf<"stepped">): Printed {
    this.stepped++;
    const { version, name } = migration;
    const did = direction === "up" ? this.paint(32, "applied") : this.paint(33, "rolled back");
    return onOutput(`${did} ${version} ${printable(name)} (${duration(durationMs)})\n`);
  }

  private async statusWithStories(event: EventOf<"status">): Promise<Printed> {
    const { stories } = await import("./stories.ts");
    const told = stories(event.rows, event.drift);
    return onOutput(statusText(event, told, this.database, this.paint));
  }

  private async rest(event: Rest): Promise<Printed> {
    const { restText } = await import("./rest.ts");
    return restText(event, this.database);
  }

  private upToDate(): string {
    const isUp = this.direction === "up";
    const nothingToDo = isUp ? "Nothing to apply" : "Nothing to roll back";
    if (this.to === null) return `${nothingToDo}: ${this.database} is up to date\n`;
    const where = isUp ? `up to version ${this.to}` : `above version ${this.to}`;
    return `${nothingToDo} ${where}: ${this.database}\n`;
  }
}
