/** The texts and numbers below a path, as texts; `*` is each entry of a list. */
export function valuesAt(json: unknown, path: string): string[] {
  const found = path
    .split('.')
    .reduce<unknown[]>((values, key) => values.flatMap((value) => below(value, key)), [json]);
  return found.flatMap((value) => (typeof value === 'string' || typeof value === 'number' ? [String(value)] : []));
}

function below(value: unknown, key: string): unknown[] {
  if (key === '*') return Array.isArray(value) ? (value as unknown[]) : [];
  const record = Object(value) as Record<string, unknown>;
  return Object.hasOwn(record, key) ? [record[key]] : [];
}
