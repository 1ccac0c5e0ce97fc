// A text from outside -> as much of it as a message may repeat to its sender.

/** How many UTF-16 units a message repeats of a text that somebody sent. */
const longest = 100;

/** The beginning of a text that is too long to repeat; a character is never cut in half. */
export function shorten(text: string): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest).replace(/[\ud800-\udbff]$/, "")}…`;
}
