import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { INSTRUMENTS, Metrics } from '#observability';

interface Alert {
  alert: string;
  expr: string;
  annotations: { summary: string; runbook: string };
}

const page = readFileSync('docs/metrics.md', 'utf8');
const { groups } = parse(readFileSync('docs/alerts.yml', 'utf8')) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const instruments = Object.entries(INSTRUMENTS);
const instrumentOf = (name: string): { labels: readonly string[]; buckets?: readonly number[] } | undefined =>
  instruments.find(([known]) => known === name)?.[1];

/** The metric names in an expression, without the suffixes that Prometheus adds for a histogram. */
const namesIn = (expr: string): string[] =>
  [...expr.matchAll(/\b((?:evergrant|process|nodejs|http)_[a-z0-9_]+)/g)].map(([, name]) =>
    name!.replace(/_(bucket|count|sum)$/, ''),
  );
/** `name{label="value"}`: each metric name with its labels. */
const selectorsIn = (expr: string): [string, string[]][] =>
  [...expr.matchAll(/\b([a-z0-9_]+)\{([^}]*)\}/g)].map(([, name, labels]) => [
    name!.replace(/_(bucket|count|sum)$/, ''),
    [...labels!.matchAll(/(\w+)[=!]/g)].map(([, label]) => label!),
  ]);

describe('docs/metrics.md', () => {
  const rows = [...page.matchAll(/^\| `([a-z_]+)` \|(.*?)\| .+ \|$/gm)].map(([, name, labels]) => [
    name,
    [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label),
  ]);

  it('lists exactly the instruments, with their labels', () => {
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(instruments.map(([name, { labels }]) => [name, [...labels]])),
    );
    expect(rows).toHaveLength(instruments.length);
  });
});

describe('docs/alerts.yml', () => {
  it.each(alerts)('$alert: uses existing metrics, with labels that they have', async ({ expr }) => {
    const own = await new Metrics({ process: 'api', sources: [] }).text();
    const ofProcess = new Set([...own.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
    const known = (name: string): boolean => instrumentOf(name) !== undefined || ofProcess.has(name);
    expect(namesIn(expr).length).toBeGreaterThan(0);
    expect(namesIn(expr).filter((name) => !known(name))).toEqual([]);
    for (const [name, labels] of selectorsIn(expr)) {
      const has = ['process', 'le', ...(instrumentOf(name)?.labels ?? [])];
      expect(labels.filter((label) => !has.includes(label))).toEqual([]);
    }
  });

  it.each(alerts)(
    '$alert: has a runbook that names it and its metric, and a line in the index',
    ({ alert, expr, annotations }) => {
      expect(existsSync(annotations.runbook)).toBe(true);
      const runbook = readFileSync(annotations.runbook, 'utf8');
      expect(runbook).toContain(`\`${alert}\``);
      if (!namesIn(expr)[0]!.startsWith('process_') && !alert.endsWith('GivenUp'))
        expect(namesIn(expr).some((name) => runbook.includes(name))).toBe(true);
      const line = readFileSync('docs/runbooks/README.md', 'utf8')
        .split('\n')
        .find((row) => row.includes(`\`${alert}\``));
      expect(line).toContain(annotations.runbook.split('/').at(-1));
    },
  );

  it('defines each alert once, with buckets that its histogram has', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    const buckets = alerts.flatMap(({ expr }) => [...expr.matchAll(/(\w+)_bucket\{le="(\d+)"\}/g)]);
    expect(buckets.length).toBeGreaterThan(0);
    for (const [, name, le] of buckets) expect(instrumentOf(name!)?.buckets).toContain(Number(le));
  });
});
