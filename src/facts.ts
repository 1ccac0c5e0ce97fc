// What this executable is called, and where it carries its own program; a build puts the facts in place of this file.

/** The facts that tell one executable of ours from another, besides its migrations. */
export interface Facts {
  /** The name by which its users call it. */
  readonly program: string;
  /** Where in the executable its program is kept as texts, to make another from; null where it runs from source. */
  readonly texts: string | null;
}

export const facts: Facts = { program: "rung", texts: null };
