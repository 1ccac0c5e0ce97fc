// What an event is worth, as text for standard output and standard error.

/** Text for both; either can be empty. */
export interface Printed {
  readonly out: string;
  readonly error: string;
}

/** Nothing to be said. */
export const nothing: Printed = { out: "", error: "" };

/** Text for standard output. */
export function onOutput(text: string): Printed {
  return { out: text, error: "" };
}

/** Text for standard error. */
export function onError(text: string): Printed {
  return { out: "", error: text };
}
