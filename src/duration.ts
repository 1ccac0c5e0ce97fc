// How long something may take, as users write it: `30s`, `500ms`, `2m`, `1h`, or a bare number of seconds.

const durationForm = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** The longest wait that SQLite's busy_timeout, a 32-bit count of milliseconds, can express. */
const longestMs = 2 ** 31 - 1;

/** A duration in milliseconds; NaN for what is none. */
export function milliseconds(value: string | number): number {
  const [, amount = "", unit = "s"] = durationForm.exec(String(value)) ?? [];
  return amount === "" ? Number.NaN : Math.round(Number(amount) * (unitMs[unit] ?? Number.NaN));
}

/** Whether a value can be read as a duration that SQLite can wait for. */
export function isDuration(value: unknown): value is string | number {
  if (typeof value !== "string" && typeof value !== "number") return false;
  const ms = milliseconds(value);
  return ms >= 0 && ms <= longestMs;
}

/** What is said of a value that is none. */
export const durationWanted = "must be a duration such as 30s, 500ms or 2m";
