// A migration file's text as it was read -> the same on every platform.

/** BOM gone and CRLF as LF, so that one file is the same on every platform. */
export function normalizeText(text: string): string {
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const body = start === 0 ? text : text.slice(start);
  return body.includes("\r\n") ? body.replaceAll("\r\n", "\n") : body;
}
