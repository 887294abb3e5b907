import { describe, expect, it } from '@jest/globals';
import { INSTRUMENTS } from './instruments.js';
import { joinTexts } from './join-texts.js';
import { Metrics } from './metrics.js';

const linesOf = (text: string, name: string): string[] => text.split('\n').filter((line) => line.startsWith(name));

describe('the metrics of a process', () => {
  it('metrics have the process as a label, and include those of the runtime', async () => {
    const metrics = new Metrics({ process: 'exchanger', sources: ['exchanges'] });
    metrics.add('evergrant_token_exchanges_total', { provider: 'acme', kind: 'refresh', outcome: 'ok' });
    metrics.add('evergrant_token_exchanges_total', { provider: 'acme', kind: 'refresh', outcome: 'ok' });
    const text = await metrics.text();
    expect(linesOf(text, 'evergrant_token_exchanges_total')).toEqual([
      'evergrant_token_exchanges_total{provider="acme",kind="refresh",outcome="ok",process="exchanger"} 2',
    ]);
    expect(linesOf(text, 'process_resident_memory_bytes{process="exchanger"}')).toHaveLength(1);
  });

  it('metrics of other sources are absent, and recording them does nothing', async () => {
    const metrics = new Metrics({ process: 'worker', sources: ['jobs'] });
    metrics.add('evergrant_token_answers_lost_total', { provider: 'acme' });
    metrics.set('evergrant_journal_size_bytes', {}, 5);
    metrics.observe('evergrant_token_life_left_seconds', { provider: 'acme' }, 60);
    const text = await metrics.text();
    expect(text).not.toMatch(/evergrant_(token|journal)/);
    expect(text).toContain('# TYPE evergrant_jobs_total counter');
  });

  it('the callback runs before every text', async () => {
    const metrics = new Metrics({ process: 'api', sources: ['database'] });
    let waiting = 0;
    metrics.beforeText(() => {
      metrics.set('evergrant_grants_due', { provider: 'acme' }, (waiting += 1));
    });
    await metrics.text();
    expect(linesOf(await metrics.text(), 'evergrant_grants_due')).toEqual([
      'evergrant_grants_due{provider="acme",process="api"} 2',
    ]);
  });

  it('a fact that is not reported again disappears', async () => {
    const metrics = new Metrics({ process: 'api', sources: ['database'] });
    metrics.replace('database', [
      { name: 'evergrant_grants_due', labels: { provider: 'acme' }, value: 3 },
      { name: 'evergrant_grants_oldest_due_seconds', labels: {}, value: 9 },
    ]);
    metrics.replace('database', [{ name: 'evergrant_database_up', labels: {}, value: 0 }]);
    expect(linesOf(await metrics.text(), 'evergrant_')).toEqual(['evergrant_database_up{process="api"} 0']);
  });
});

describe('the texts of two processes', () => {
  it('the joined text describes each name once, and keeps every number', async () => {
    const api = await new Metrics({ process: 'api', sources: ['requests'] }).text();
    const exchanger = await new Metrics({ process: 'exchanger', sources: ['exchanges'] }).text();
    const joined = joinTexts([api, exchanger]);
    const described = [...joined.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(described).size).toBe(described.length);
    const numbers = (text: string): string[] =>
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .sort();
    expect(numbers(joined)).toEqual([...numbers(api), ...numbers(exchanger)].sort());
    expect(joined).toMatch(
      /^process_start_time_seconds\{process="api"\} .*\nprocess_start_time_seconds\{process="exchanger"\} /m,
    );
  });

  it('texts without metrics join to an empty text', () => {
    expect(joinTexts(['', 'not found'])).toBe('');
  });
});

describe('the table of instruments', () => {
  const entries = Object.entries(INSTRUMENTS);

  it.each(entries)(
    '%s has a name, labels and a help text by the rules of Prometheus',
    (name, { kind, help, labels }) => {
      expect(name).toMatch(/^(evergrant|http_server)(_[a-z]+)+$/);
      expect(name.endsWith('_total')).toBe(kind === 'counter');
      if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
      expect(help).toMatch(/^[A-Z].*\.$/);
      expect(labels.filter((label) => !/^[a-z]+(_[a-z]+)*$/.test(label))).toEqual([]);
    },
  );

  it('has no label with one value for each customer', () => {
    const few = [
      'provider',
      'kind',
      'outcome',
      'health',
      'reason',
      'status',
      'state',
      'table',
      'job',
      'http_request_method',
      'http_route',
      'http_response_status_code',
    ];
    expect(
      [...new Set(entries.flatMap(([, { labels }]) => [...labels]))].filter((label: string) => !few.includes(label)),
    ).toEqual([]);
  });
});
