import { describe, expect, it } from '@jest/globals';
import { connectRetryPeriod, explainConnectFailure, STARTS_WITHIN } from './connect-retry.js';

const withCode = (code: string, message = 'a sentence'): Error => Object.assign(new Error(message), { code });

describe('the retry period of a database that cannot be opened', () => {
  it.each(['28P01', '28000', '3D000', '42501'])('is over at once where the server refuses with %s', (code) => {
    expect(connectRetryPeriod(withCode(code))).toBe(0);
    expect(explainConnectFailure(withCode(code))).toContain('DATABASE_URL');
  });

  it.each([
    'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
    'The server does not support SSL connections',
  ])('is over at once where the driver reports without a code: %s', (message) => {
    expect(connectRetryPeriod(new Error(message))).toBe(0);
  });

  it.each(['ENOTFOUND', 'EAI_AGAIN'])('lasts some seconds where the host is not known (%s)', (code) => {
    expect(connectRetryPeriod(withCode(code))).toBeLessThanOrEqual(5_000);
    expect(connectRetryPeriod(withCode(code))).toBeGreaterThan(0);
    expect(explainConnectFailure(withCode(code))).toContain('host');
  });

  it.each(['ECONNREFUSED', 'ETIMEDOUT', '57P03', ''])(
    'lasts half a minute where the server may be starting (%s)',
    (code) => {
      expect(connectRetryPeriod(withCode(code))).toBe(STARTS_WITHIN);
    },
  );

  it('is that of the cause where an error wraps another, and of an address where several were tried', () => {
    expect(connectRetryPeriod(new Error('not opened', { cause: withCode('28P01') }))).toBe(0);
    expect(connectRetryPeriod(new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')]))).toBe(
      STARTS_WITHIN,
    );
  });
});
