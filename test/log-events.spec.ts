import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { findLogCalls, isEventName, isStrayIdField, loggingSources } from './support/log-events.js';

describe('the log lines of the apps and libraries', () => {
  const calls = loggingSources().flatMap((path) =>
    findLogCalls(readFileSync(path, 'utf8')).map((call) => ({ path, ...call })),
  );

  it('every log line has a constant event name as its message', () => {
    expect(calls.length).toBeGreaterThan(50);
    expect(calls.filter(({ message }) => !isEventName(message))).toEqual([]);
  });

  it('every id has one name in all log lines, and none takes the name of the process', () => {
    expect(calls.filter(({ fields }) => fields.some(isStrayIdField))).toEqual([]);
  });
});

describe('the rule for log lines', () => {
  it.each([
    ["logger.info({ port }, 'operations.listening');", 'operations.listening'],
    ["this.#logger.warn('worker.started')", 'worker.started'],
    ["context.logger[level](line, 'request.answered')", 'request.answered'],
    ["this.options.logger.error({ err }, 'could not close');", 'could not close'],
    ['logger.info(`${name}.done`);', null],
    ['logger.info({ count }, name);', null],
  ])('finds the message in %s', (text, message) => {
    expect(findLogCalls(text)).toMatchObject([{ line: 1, message }]);
  });

  it.each([
    ["logger.info({ oauthAppId, outcome }, 'push.unsigned');", ['oauthAppId']],
    ["logger.warn({ app: id, ...tally }, 'breaker.opened');", ['app']],
    ["logger.info({ requestId: request.id, grant: id }, 'request.answered');", []],
  ])('finds the ids with a name of their own in %s', (text, stray) => {
    expect(findLogCalls(text)[0]?.fields.filter(isStrayIdField)).toEqual(stray);
  });

  it.each(['ready', 'could not close', 'Request.failed', 'request.', 'request.Failed', 'a b.c', null])(
    'rejects the message %j',
    (message) => {
      expect(isEventName(message)).toBe(false);
    },
  );

  it.each(['request.failed', 'exchange.answer_lost', 'oauth_app.breaker.opened'])(
    'accepts the message %s',
    (message) => {
      expect(isEventName(message)).toBe(true);
    },
  );
});
