import { describe, expect, it } from '@jest/globals';
import { Metrics } from '#observability';
import { MeasuredExchanges, watchExchanges } from './metrics.js';

const linesOf = async (metrics: Metrics): Promise<string[]> =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith('evergrant_') && !line.includes('_bucket'));

describe('the metrics of the exchanges', () => {
  it('is how each ended, how long it took, and how much life was left', async () => {
    const metrics = new Metrics({ process: 'p', sources: ['exchanges'] });
    const exchanges = new MeasuredExchanges(metrics);
    exchanges.inFlight(1);
    exchanges.inFlight(1);
    exchanges.inFlight(-1);
    exchanges.exchangeEnded({ provider: 'acme', kind: 'refresh', outcome: 'ok', seconds: 0.25 });
    exchanges.exchangeEnded({ provider: 'acme', kind: 'refresh', outcome: 'lost', seconds: 120 });
    exchanges.answerLost('acme');
    exchanges.lifeLeft('acme', -5);
    const lines = await linesOf(metrics);
    expect(lines).toEqual(
      expect.arrayContaining([
        'evergrant_token_exchanges_total{provider="acme",kind="refresh",outcome="ok",process="p"} 1',
        'evergrant_token_exchanges_total{provider="acme",kind="refresh",outcome="lost",process="p"} 1',
        'evergrant_token_request_duration_seconds_sum{process="p",provider="acme",kind="refresh"} 120.25',
        'evergrant_token_answers_lost_total{provider="acme",process="p"} 1',
        'evergrant_exchanges_in_flight{process="p"} 1',
      ]),
    );
    expect(await metrics.text()).toContain(
      'evergrant_token_life_left_seconds_bucket{le="0",process="p",provider="acme"} 1',
    );
  });

  it('has a zero for each platform before the first answer is lost', async () => {
    const metrics = new Metrics({ process: 'p', sources: ['exchanges'] });
    new MeasuredExchanges(metrics);
    const zeros = (await linesOf(metrics)).filter((line) => /^evergrant_token_answers_lost_total\{.*\} 0$/.test(line));
    expect(zeros.length).toBeGreaterThanOrEqual(6);
  });

  it('is the state of journal and gate at the time of the scrape', async () => {
    const metrics = new Metrics({ process: 'p', sources: ['journal'] });
    const journal = { size: 1, overwritten: 0, unsettledCount: 1, asideCount: 0, writable: () => true };
    const gate = { waiting: 1 };
    watchExchanges(metrics, { journal, gate });
    await metrics.text();
    Object.assign(journal, { size: 4_096, overwritten: 5, unsettledCount: 3, asideCount: 2, writable: () => false });
    gate.waiting = 7;
    expect(await linesOf(metrics)).toEqual(
      expect.arrayContaining([
        'evergrant_journal_size_bytes{process="p"} 4096',
        'evergrant_journal_overwritten{process="p"} 5',
        'evergrant_journal_unsettled{process="p"} 3',
        'evergrant_journal_set_aside{process="p"} 2',
        'evergrant_journal_writable{process="p"} 0',
        'evergrant_gate_waiting{process="p"} 7',
      ]),
    );
  });
});
