/** A citation is no naming: one company documents several platforms, under the name of one. */
const DOCUMENTS = /\bdevelopers\.\w+\.com\S*/g;

/** Production sources that may write every platform's name. */
export const REGISTRIES = ['libs/providers/src/registry.ts', 'libs/providers/src/sandbox.ts'];

/**
 * A source as far as it may name a platform; `literals` are the texts of string and template literals.
 * @typedef {{ text: string, identifiers(): string[], literals(): string[] }} NamingSource
 */

/**
 * The words of a source that name a platform. A long name counts wherever it stands; a name of a letter or two as a text by
 * itself, a host, a path or a word's beginning.
 * @param {NamingSource} source
 * @param {string} name
 * @returns {string[]}
 */
export function findNamings({ text, identifiers, literals }, name) {
  if (name.length > 2)
    return new RegExp(`\\w*${name}\\w*`, 'i').exec(text.replaceAll(DOCUMENTS, ''))?.slice(0, 1) ?? [];
  const literal = new RegExp(`^${name}$|(^|[/.])${name}\\.com\\b|/${name}(/|$)|\\$\\{?${name}\\.`, 'i');
  // Not the X of HTTP's own headers (xFrameOptions), and not the first letter of another word (XML).
  const word = new RegExp(
    `^(${name}|${name.toUpperCase()})(?!Frame|Content|Forwarded|Request|Powered|Xss)(?=_[A-Za-z]{2}|[A-Z][a-z]{2})`,
  );
  return [
    ...identifiers().filter((found) => word.test(found)),
    ...literals()
      .filter((found) => literal.test(found))
      .map((found) => `'${found}'`),
  ];
}
