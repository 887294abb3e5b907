import { describe, expect, it } from '@jest/globals';
import { CodedError, createLogger, Secret } from '#observability';
import type { TokenExchange } from '#tokens';
import type { AttemptRow } from '#persistence';
import { CarryOutAttempt } from './carry-out-attempt.js';
import type { FailAttempt } from './fail-attempt.js';
import type { FinishAttempt } from './finish-attempt.js';

const logger = createLogger({ app: 'test', level: 'silent' });
const never = { execute: () => Promise.reject(new Error('nobody is to fail or finish it')) };

/** What the browser hears when the exchange of the code breaks off like this. */
const ending = (broken: Error): Promise<object> => {
  const exchange = { exchangeCode: () => Promise.reject(broken) } as unknown as TokenExchange;
  const carryOut = new CarryOutAttempt(
    never as unknown as FailAttempt,
    never as unknown as FinishAttempt,
    exchange,
    logger,
    () => Promise.resolve(),
  );
  return carryOut.execute({ id: 'an attempt', provider: 'x' } as AttemptRow, {
    state: 's',
    code: new Secret('c'),
    refusal: undefined,
  });
};

describe('an attempt whose code was taken and not answered', () => {
  it('may still end well: it is left for the sweep, and who comes back is told to read it', async () => {
    expect(await ending(new CodedError('exchanger.unavailable', 'it broke off'))).toEqual({
      oauth_error: 'provider_unavailable',
    });
  });

  it('is our mistake where anything else went wrong', async () => {
    expect(await ending(new Error('a bug'))).toEqual({ oauth_error: 'server_error' });
  });
});
