import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type Logger, Secret } from '#observability';
import { FakeExchange } from '../../../../test/support/fake-exchange.js';
import type { CodeOutcome, RefreshOutcome, Reply } from '#tokens';
import { type Connection, ExchangeClient, SharedConnection, type SocketCall } from '#tokens/testing';
import { callsTo } from './calls.js';
import { ExchangeServer } from './exchange-server.js';

const ID = '0191c2e4-7b1a-7c3d-8e5f-0123456789ab';
const CANARY = 'a-token-that-no-log-may-show';
let fake: FakeExchange;
let logged: string;
let logger: Logger;
beforeEach(() => {
  fake = new FakeExchange();
  logged = '';
  const note = (...line: unknown[]): void => {
    logged += inspect(line, { depth: 9, showHidden: true });
  };
  logger = { info: note, warn: note, error: note } as unknown as Logger;
});

/** Records what is sent over it, and sends the replies of a test, the last one repeatedly. */
class Recorder implements Connection {
  readonly sent: { name: string; input: unknown }[] = [];
  readonly #replies: Omit<Reply, 'id'>[];

  constructor(...replies: Omit<Reply, 'id'>[]) {
    this.#replies = replies;
  }

  call({ name, input }: SocketCall): Promise<Reply> {
    this.sent.push({ name, input: JSON.parse(input.reveal()) as unknown });
    return Promise.resolve({ id: 1, ...(this.#replies.length > 1 ? this.#replies.shift() : this.#replies[0]) });
  }

  inspect(): Promise<unknown> {
    return Promise.reject(new Error('not requested'));
  }
}

/**
 * The format of the wire: what a process of the previous release sends and understands while this one is rolled out. The
 * exception is `revoke`, which carried the tokens in version 0.1.
 */
const RELEASED = {
  refresh: { grantId: ID, forced: true, patience: 500 },
  'exchange-code': { attemptId: ID, code: 'code' },
  revoke: { revocationId: ID },
};

describe('the format of the wire', () => {
  it('is the one that was released: the client sends exactly those fields, whatever else its values carry', async () => {
    const connection = new Recorder(
      { outcome: { kind: 'refreshed' } },
      { outcome: { kind: 'exchanged' } },
      { outcome: { revoked: true } },
    );
    const client = new ExchangeClient(connection, logger);
    const row = { id: ID, scopes: ['a'], sealed: Buffer.from('bytes'), claimEpoch: 7n };
    await client.refresh(ID, { forced: true, maxWait: 500, ...{ row } });
    await client.exchangeCode(ID, new Secret('code'));
    expect(await client.revoke(ID)).toBe(true);
    expect(Object.fromEntries(connection.sent.map(({ name, input }) => [name, input]))).toEqual(RELEASED);
  });

  it.each(Object.entries(RELEASED))(
    'is understood as it was released, and with a field that a later release adds: %s',
    async (name, input) => {
      for (const message of [input, { ...input, later: 1 }])
        expect(await callsTo(fake).get(name)!(message)).toBeDefined();
      const given = [
        ...fake.refreshes,
        ...fake.codes.map(({ code, ...rest }) => ({ ...rest, code: code.reveal() })),
        ...fake.revocations,
      ];
      const expected = {
        refresh: { grantId: ID, options: { forced: true, maxWait: 500 } },
        'exchange-code': input,
        revoke: ID,
      }[name];
      expect(given).toEqual([expected, expected]);
    },
  );

  it('has one encoding for outcomes too: nothing but their fields goes back', async () => {
    fake.answers.refresh = { kind: 'refreshed', accessToken: CANARY } as unknown as RefreshOutcome;
    expect(await callsTo(fake).get('refresh')!(RELEASED.refresh)).toEqual({ kind: 'refreshed' });
  });
});

describe('a value that the wire does not carry', () => {
  it('fails at the sender, before anything is sent, without the value in the error', async () => {
    const connection = new Recorder({ outcome: { kind: 'exchanged' } });
    const client = new ExchangeClient(connection, logger);
    const failed = await client.exchangeCode('no id', new Secret(CANARY)).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Error);
    expect(await client.revoke('no id')).toBe(false);
    expect(connection.sent).toEqual([]);
    expect(logged).toContain('revocation.left_to_exchanger');
    expect(inspect(failed, { depth: 9 }) + logged).not.toContain(CANARY);
  });
});

describe('an outcome that only a later release has', () => {
  it('leaves the check of an app unknown, as an exchanger of the release before does, which does not have the call', async () => {
    const client = new ExchangeClient(new Recorder({ error: 'invalid' }), logger);
    expect(await client.checkApp(ID)).toEqual({ status: 'unknown', code: 'exchanger_unavailable', retry: true });
  });

  it('is no outcome of a refresh: it is requested again later', async () => {
    const client = new ExchangeClient(new Recorder({ outcome: { kind: 'postponed' } }), logger);
    expect(await client.refresh(ID)).toEqual({ kind: 'unavailable', retryAfter: 15 });
  });

  it('ends no attempt: it is left to the sweep', async () => {
    const client = new ExchangeClient(new Recorder({ outcome: { kind: 'postponed' } }), logger);
    await expect(client.exchangeCode(ID, new Secret('code'))).rejects.toThrow();
  });
});

describe('a revocation', () => {
  it.each(['draining', 'full', 'failed', 'invalid'] as const)(
    'is left to the exchanger, with one event, when it replies %s',
    async (error) => {
      const connection = new Recorder({ error });
      expect(await new ExchangeClient(connection, logger).revoke(ID)).toBe(false);
      expect(connection.sent).toHaveLength(1);
      expect(logged.match(/revocation\.left_to_exchanger/g)).toHaveLength(1);
    },
  );
});

describe('each outcome over the real socket', () => {
  let home: string;
  let server: ExchangeServer;
  let client: ExchangeClient;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'wire-'));
    const path = join(home, 'run', 'exchanger.sock');
    server = new ExchangeServer({
      exchange: fake,
      logger,
      inFlight: 9,
      journal: () => ({ journalWritable: true, journalLasts: true }),
    });
    await server.listen(path);
    client = new ExchangeClient(new SharedConnection(path), logger);
  });
  afterEach(async () => {
    await server.drain();
    await rm(home, { recursive: true });
  });

  it.each<RefreshOutcome>([
    ...(['refreshed', 'fresh', 'nothing_to_do', 'not_refreshable', 'refused'] as const).map((kind) => ({ kind })),
    ...(['unavailable', 'app_paused'] as const).map((kind) => ({ kind, retryAfter: 7.5 })),
  ])('the outcome of a refresh arrives unchanged: %j', async (outcome) => {
    fake.answers.refresh = outcome;
    expect(await client.refresh(randomUUID())).toEqual(outcome);
  });

  it.each<CodeOutcome>([
    ...(['exchanged', 'lost', 'unreachable'] as const).map((kind) => ({ kind })),
    ...(['temporary', 'app', 'permanent', 'owner', 'permission'] as const).map((kind) => ({
      kind: 'refused' as const,
      failure: { class: kind, reason: 'a_reason', code: 'a code', ...(kind === 'temporary' && { retryAfter: 30 }) },
    })),
  ])('the outcome of a code arrives unchanged: %j', async (outcome) => {
    fake.answers.code = outcome;
    expect(await client.exchangeCode(randomUUID(), new Secret('code'))).toEqual(outcome);
  });

  it.each([true, false])('the outcome of a revocation arrives unchanged: %s', async (revoked) => {
    fake.answers.revoke = revoked;
    expect(await client.revoke(ID)).toBe(revoked);
    expect(fake.revocations).toEqual([ID]);
  });
});
