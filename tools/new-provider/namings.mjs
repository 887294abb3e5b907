/** A citation is no naming: one company documents several platforms, under the name of one. */
const DOCUMENTS = /\bdevelopers\.\w+\.com\S*/g;

/** Production sources that may write every platform's name; see namings.d.mts. */
export const REGISTRIES = ['libs/providers/src/registry.ts', 'libs/providers/src/sandbox.ts'];

/** The words of a source that name a platform; see namings.d.mts. */
export function findNamings({ text, identifiers, literals }, name) {
  if (name.length > 2)
    return new RegExp(`\\w*${name}\\w*`, 'i').exec(text.replaceAll(DOCUMENTS, ''))?.slice(0, 1) ?? [];
  const literal = new RegExp(`^${name}$|(^|[/.])${name}\\.com\\b|/${name}(/|$)|\\$\\{?${name}\\.`, 'i');
  // Not the X of HTTP's own headers: xFrameOptions.
  const word = new RegExp(
    `^(${name}|${name.toUpperCase()})(?!Frame|Content|Forwarded|Request|Powered|Xss)(?=[A-Z_][A-Za-z]{2})`,
  );
  return [
    ...identifiers().filter((found) => word.test(found)),
    ...literals()
      .filter((found) => literal.test(found))
      .map((found) => `'${found}'`),
  ];
}
