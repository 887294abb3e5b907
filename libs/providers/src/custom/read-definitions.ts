import { z } from 'zod';
import { ConfigError } from '#config';
import { type CustomProvider, customProviderSchema } from './custom-provider.schema.js';

const VARIABLE = 'CUSTOM_PROVIDERS_FILE';

/** Checks the operator's list; every problem is reported at once, by entry and field. `taken`: names already in use. */
export function readDefinitions(given: unknown, taken: readonly string[]): CustomProvider[] {
  if (!Array.isArray(given)) throw new ConfigError([`${VARIABLE}: must hold a list of providers`]);
  const entries = given as unknown[];
  const results = entries.map((entry) => customProviderSchema.safeParse(entry));
  const problems = [
    ...results.flatMap(({ error }, index) =>
      (error?.issues ?? []).flatMap(sentencesOf).map((sentence) => `${entryOf(entries, index)}, ${sentence}`),
    ),
    ...results.flatMap(({ data }, index) => (data ? clash(data.name, index, { entries, taken }) : [])),
  ];
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${VARIABLE}: ${problem}`));
  return results.flatMap(({ data }) => data ?? []);
}

/** `entry 2 ("acme")`: counted as people count. */
function entryOf(entries: unknown[], index: number): string {
  const name = nameOf(entries[index]);
  return name === undefined ? `entry ${index + 1}` : `entry ${index + 1} (${JSON.stringify(name)})`;
}

const nameOf = (entry: unknown): string | undefined => z.object({ name: z.string() }).safeParse(entry).data?.name;

function sentencesOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${[...issue.path, key].join('.')}: is not a known field`);
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [`${issue.path.join('.') || 'the entry'}: ${isMissing ? 'is needed' : issue.message}`];
}

function clash(
  name: string,
  index: number,
  { entries, taken }: { entries: unknown[]; taken: readonly string[] },
): string[] {
  if (taken.includes(name)) return [`${entryOf(entries, index)}, name: is taken by a provider that is there already`];
  const first = entries.findIndex((entry) => nameOf(entry) === name);
  return first < index ? [`${entryOf(entries, index)}, name: is that of entry ${first + 1} too`] : [];
}
