import { expect, it } from '@jest/globals';
import type { ExchangerCheck } from '#accounts';
import { Metrics } from '#observability';
import { WatchExchanger } from './watch-exchanger.js';

const upOf = async (metrics: Metrics): Promise<string | undefined> =>
  /^evergrant_exchanger_up\{.*\} (\d)$/m.exec(await metrics.text())?.[1];

it.each([
  ['passes on the metrics of the exchanger', { metrics: () => Promise.resolve('its text') }, 'its text', '1'],
  ['reports that the exchanger does not answer', { metrics: () => Promise.reject(new Error('gone')) }, '', '0'],
])('the API %s', async (_what, exchanger, text, up) => {
  const metrics = new Metrics({ process: 'api', sources: ['exchanger'] });
  expect(await new WatchExchanger(metrics, exchanger as unknown as ExchangerCheck).text()).toBe(text);
  expect(await upOf(metrics)).toBe(up);
});
