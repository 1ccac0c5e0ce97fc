// A statement's text -> its significant words, one after the other.

import { identifierOf, tokenAt, type Token } from "./tokens.ts";

/** Reads a statement word by word, past white space and comments. */
export class Cursor {
  private readonly text: string;
  private at = 0;
  /** The current token; null at the end. */
  token: Token | null = null;
  /** What `word` gives, once it was asked: most words are compared with several. */
  private currentWord: string | null = null;

  constructor(text: string) {
    this.text = text;
    this.next();
  }

  next(): void {
    this.token = null;
    this.currentWord = null;
    while (this.at < this.text.length && this.token === null) {
      const token = tokenAt(this.text, this.at);
      this.at = token.end;
      if (token.kind !== "space" && token.kind !== "comment") this.token = token;
    }
  }

  /** The current word in upper case, if it is a bare one; else the character itself. */
  get word(): string {
    return (this.currentWord ??= this.read());
  }

  private read(): string {
    if (this.token === null || this.token.kind === "quoted") return "";
    return this.text.slice(this.token.start, this.token.end).toUpperCase();
  }

  /** Whether the current word, or character, is this one (in upper case). */
  is(word: string): boolean {
    return this.word === word;
  }

  /** Whether a name stands here, before a dot, that is this one (in lower case) in whatever quotes. */
  isSchema(name: string): boolean {
    if (this.token === null || identifierOf(this.text, this.token).toLowerCase() !== name)
      return false;
    for (let at = this.at; at < this.text.length;) {
      const token = tokenAt(this.text, at);
      if (token.kind !== "space" && token.kind !== "comment") return this.text[at] === ".";
      at = token.end;
    }
    return false;
  }

  /** Steps over the words where they stand next, in this order. */
  skip(...words: string[]): void {
    for (const word of words) {
      if (this.is(word)) this.next();
    }
  }

  /** Steps over the words where they stand next, all of them; a part of them may be a name. */
  skipAll(...words: string[]): void {
    const { token } = this;
    const at = this.at;
    for (const word of words) {
      if (!this.is(word)) {
        this.token = token;
        this.currentWord = null;
        this.at = at;
        return;
      }
      this.next();
    }
  }

  /** Reads a name with or without its schema; what precedes the last dot is dropped. */
  name(): string {
    let name = this.token === null ? "" : identifierOf(this.text, this.token);
    this.next();
    while (this.is(".")) {
      this.next();
      name = this.token === null ? "" : identifierOf(this.text, this.token);
      this.next();
    }
    return name;
  }

  /** Steps over what stands in parentheses here, if anything does. */
  skipGroup(): void {
    if (!this.is("(")) return;
    let depth = 0;
    do {
      if (this.is("(")) depth++;
      if (this.is(")")) depth--;
      this.next();
    } while (depth > 0 && this.token !== null);
  }

  /** Moves on to the first of the words outside parentheses; to the end if there is none. */
  seek(words: ReadonlySet<string>): void {
    for (let depth = 0; this.token !== null; this.next()) {
      const { word } = this;
      if (word === "(") depth++;
      else if (word === ")") depth--;
      else if (depth === 0 && words.has(word)) return;
    }
  }
}
