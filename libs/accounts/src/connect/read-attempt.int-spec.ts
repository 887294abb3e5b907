import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { Flow } from '../../../../test/support/flow.js';
import { ReadAttempt } from './read-attempt.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());
afterEach(() => {
  jest.restoreAllMocks();
});

const POLLERS = 40;

const poll = (state: string, createdBy = 'a key'): Promise<string> =>
  flow
    .get(ReadAttempt)
    .execute({ tenant: flow.tenant, createdBy, state })
    .then(
      (attempt) => `${attempt.status} ${attempt.state}`,
      (error: unknown) => String((error as { code?: string }).code),
    );

it('polls that arrive together share a statement, and each reads its own attempt', async () => {
  const [one, two] = [await flow.start('x'), await flow.start('x', { createdBy: 'another key' })];
  await flow.callback(await flow.decide(two.authorizeUrl));
  const query = jest.spyOn(flow.pool, 'query');
  const polls = Array.from({ length: POLLERS }, () => [
    poll(one.state),
    poll(two.state, 'another key'),
    poll(two.state),
  ]);
  const answers = await Promise.all(polls.flat());
  const expected = [`pending ${one.state}`, `completed ${two.state}`, 'attempt.not_found'];
  expect(answers).toEqual(Array.from({ length: POLLERS }, () => expected).flat());
  expect(query.mock.calls.filter(([sql]) => sql.includes('connect_attempts'))).toHaveLength(1);
});

it('a poll after a change reads the change', async () => {
  const started = await flow.start('x');
  expect(await poll(started.state)).toBe(`pending ${started.state}`);
  await flow.callback(await flow.decide(started.authorizeUrl));
  expect(await poll(started.state)).toBe(`completed ${started.state}`);
});
