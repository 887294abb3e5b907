/** A source as far as it may name a platform. */
export interface NamingSource {
  text: string;
  identifiers(): string[];
  /** The texts of string and template literals. */
  literals(): string[];
}

/** Production sources that may write every platform's name. */
export const REGISTRIES: readonly string[];

/**
 * The words of a source that name a platform. A long name counts wherever it stands; a name of a letter or two as a text by
 * itself, a host, a path or a word's beginning.
 */
export function findNamings(source: NamingSource, name: string): string[];
