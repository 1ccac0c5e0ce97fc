// The workplace of a session: migrations are read once, and the database is opened once and kept.

import type { Result } from "./failure.ts";
import type { Catalog } from "./migration/migration.ts";
import type { DriverRequest, Workplace } from "./job.ts";
import type { DatabaseEffect, Driver, Outcome } from "./run/driver.ts";

/** A kept driver as one request has it: what is known of the file is looked at anew before it is relied on. */
class LentDriver implements Driver {
  private readonly driver: Driver;
  private hasLooked = false;

  constructor(driver: Driver) {
    this.driver = driver;
  }

  async perform(effect: DatabaseEffect): Promise<Outcome> {
    if (this.hasLooked) return this.driver.perform(effect);
    this.hasLooked = true;
    // Between two requests the file may have been replaced or deleted, and only a look finds that out.
    const looked = await this.look();
    return effect.do === "look" ? looked : this.driver.perform(effect);
  }

  private async look(): Promise<Outcome> {
    const outcome = await this.driver.perform({ do: "look" });
    if (outcome.is !== "failed" || outcome.failure.code === "database.locked") return outcome;
    // A file that was empty for a while and is restored in place stays unreadable to a connection that saw it empty.
    this.driver.close();
    return this.driver.perform({ do: "look" });
  }

  close(): void {
    return;
  }
}

interface Kept {
  readonly driver: Driver;
  readonly mode: DriverRequest["mode"];
  readonly readWaitMs: number;
}

/** A workplace that reads a directory of migrations once, and keeps the database open from request to request. */
export class KeptWorkplace implements Workplace {
  readonly path: string;
  readonly lockTimeoutMs: number;
  readonly now: () => number;
  readonly signals: Workplace["signals"];
  readonly heldSignals: Workplace["heldSignals"];
  private readonly place: Workplace;
  private lastRead: Result<Catalog> | null = null;
  private kept: Kept | null = null;

  constructor(place: Workplace) {
    this.place = place;
    const { path, lockTimeoutMs, now, signals, heldSignals } = place;
    this.path = path;
    this.lockTimeoutMs = lockTimeoutMs;
    this.now = now;
    this.signals = signals;
    this.heldSignals = heldSignals;
  }

  readonly catalog = async (): Promise<Result<Catalog>> => {
    // What could not be read may be mended by the time of the next request.
    if (this.lastRead?.ok === true) return this.lastRead;
    const read = await this.place.catalog();
    this.lastRead = read;
    return read;
  };

  readonly openDriver = async (request: DriverRequest): Promise<Driver> => {
    const { path, readWaitMs } = request;
    const isOther = request.mode === "memory" || path !== this.path;
    if (isOther) return this.place.openDriver(request);
    // One connection for those that read and those that write; only those that may create a database are apart.
    const mode = request.mode === "create" ? "create" : "write";
    if (this.kept?.mode !== mode || this.kept.readWaitMs !== readWaitMs) {
      this.close();
      const driver = await this.place.openDriver({ path, mode, readWaitMs, isKept: true });
      this.kept = { driver, mode, readWaitMs };
    }
    return new LentDriver(this.kept.driver);
  };

  /** Lets go of the database; the next request opens it anew. */
  close(): void {
    this.kept?.driver.close();
    this.kept = null;
  }
}
