const FAMILY = /^# HELP (\S+) /;

/** Joins the Prometheus texts of several processes. The format allows one description a name, followed by all its numbers. */
export function joinTexts(texts: readonly string[]): string {
  const families = new Map<string, string[]>();
  for (const block of texts.flatMap((text) => text.split(/^(?=# HELP )/m))) {
    const name = FAMILY.exec(block)?.[1];
    if (name === undefined) continue;
    const lines = block.split('\n').filter((line) => line !== '');
    const known = families.get(name);
    if (known) known.push(...lines.filter((line) => !line.startsWith('#')));
    else families.set(name, lines);
  }
  return [...families.values()].map((lines) => `${lines.join('\n')}\n`).join('\n');
}
