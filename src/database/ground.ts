// What a run stands on: the connection, what is known of the schema there, and what is yet to be written into history.

import { SchemaFacts } from "./facts.ts";
import { Ledger } from "./ledger.ts";
import { LiveSchema } from "./live.ts";
import type { Reading } from "./reading.ts";
import { SchemaTracker } from "./tracker.ts";
import type { Connection } from "./sqlite.ts";

/** What is known of the schema, as of one reading of history and the steps since. */
export interface Known {
  readonly live: LiveSchema;
  readonly facts: SchemaFacts;
  tracker: SchemaTracker;
}

/** The ground of the runs on one database. */
export class Ground {
  readonly reading: Reading;
  /** The number of the reading that what is known goes by. */
  private asOf = -1;
  private surveyed: Known | null = null;
  private openLedger: Ledger | null = null;

  constructor(reading: Reading) {
    this.reading = reading;
  }

  /** The connection, opened where it is not. */
  get connection(): Connection {
    return this.reading.open();
  }

  /** What is to be written into our tables before the commit. */
  get ledger(): Ledger {
    return (this.openLedger ??= new Ledger(this.connection));
  }

  /** What is known of the schema, read anew where history was. */
  get known(): Known {
    if (this.asOf !== this.reading.readings) {
      this.asOf = this.reading.readings;
      this.surveyed = null;
    }
    return (this.surveyed ??= this.survey());
  }

  /** What is known of the schema already; null for nothing. */
  get present(): Known | null {
    return this.surveyed;
  }

  /** What is known of the schema holds no longer. */
  forgetSchema(): void {
    this.surveyed = null;
  }

  /** The connection was left behind. */
  leave(): void {
    this.surveyed = null;
    this.openLedger = null;
  }

  private survey(): Known {
    const { connection, ledger } = this;
    const live = new LiveSchema(connection);
    const tracker = new SchemaTracker(connection, live, ledger);
    return { live, facts: new SchemaFacts(connection, live), tracker };
  }
}
