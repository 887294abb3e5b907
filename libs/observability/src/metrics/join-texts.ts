const FAMILY = /^# HELP (\S+) /;

/** Several processes' Prometheus texts as one: a name may be described once only, and its numbers stand together. */
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
