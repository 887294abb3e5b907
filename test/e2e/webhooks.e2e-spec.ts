import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook as Verifier } from 'standardwebhooks';
import { newId, publicId } from '#persistence';
import { Backend, type Reply, until } from '../support/backend.js';
import { Receiver } from '../support/receiver.js';
import { session } from '../support/service.js';

interface Webhook {
  id: string;
  url: string;
  status: string;
  paused_reason: string | null;
  signing_secret: string;
}
interface Delivery {
  id: string;
  event_id: string;
  event_type: string;
  status: string;
  status_code: number | null;
  error: string | null;
  attempts: number;
}

const UNKNOWN = 'wh_01h455vb4pex5vsknk084sn030';
const SCOPES = ['webhooks:write', 'accounts:read', 'accounts:write', 'oauth:write', 'apps:read', 'apps:write'];
let backend: Backend;
let stranger: Backend;
let receiver: Receiver;
let paths = 0;

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session(), { scopes: SCOPES });
  stranger = await Backend.ofNewCustomer(session(), { scopes: SCOPES });
  receiver = await Receiver.open();
  await backend.app('x');
});
// A pause of one is an event for the others.
afterEach(async () => {
  const { body } = await backend.get('/v1/webhooks');
  for (const { id } of body as Webhook[]) await backend.delete(`/v1/webhooks/${id}`);
});
afterAll(() => {
  receiver.close();
});

const refused = ({ status, body }: Reply): [number, string] => [status, (body as { code: string }).code];
const fieldsOf = ({ body }: Reply): string[] =>
  ((body as { errors?: { field: string }[] }).errors ?? []).map(({ field }) => field);
const newPath = (): string => `/receive-${(paths += 1)}`;
const create = (body: object): Promise<Reply> => backend.post('/v1/webhooks', body);

/** A webhook at a path of its own. */
async function make(fields: object = {}): Promise<Webhook & { path: string }> {
  const path = newPath();
  const { status, body } = await create({ url: receiver.url(path), events: ['*'], ...fields });
  expect(status).toBe(201);
  return { ...(body as Webhook), path };
}

const deliveries = async (id: string, query = ''): Promise<Delivery[]> =>
  ((await backend.get(`/v1/webhooks/${id}/deliveries${query}`)).body as { items: Delivery[] }).items;

/** Connects and disconnects an account: two events. */
async function makeEvents(persona = 'happy'): Promise<string> {
  const { id } = await backend.connect('x', persona);
  await backend.delete(`/v1/accounts/${id}`);
  return id;
}

describe('POST /v1/webhooks', () => {
  it('answers 201 with the signing secret, and events arrive signed and in order', async () => {
    const { path, signing_secret: secret } = await make();
    const id = await makeEvents();
    const received = await receiver.until(path, 2);
    expect(received.map(({ event }) => [event.type, event.account_id, event.sequence])).toEqual([
      ['account.connected', id, 1],
      ['account.disconnected', id, 2],
    ]);
    for (const { body, headers, event } of received) expect(new Verifier(secret).verify(body, headers)).toEqual(event);
    const { items } = (await backend.get(`/v1/events?account_id=${id}`)).body as { items: object[] };
    expect(received.map(({ event }) => event)).toEqual(items);
  });

  it('sends only the events of accounts that match the filter', async () => {
    const none = await make({ account_filter: { provider: 'tiktok' } });
    const some = await make({ account_filter: { provider: 'x' } });
    await makeEvents('paula');
    await receiver.until(some.path, 2);
    expect(receiver.at(none.path)).toEqual([]);
  });

  it.each([
    ['url', { url: 'http://169.254.169.254/latest', events: ['*'] }, 'webhook.url_refused'],
    ['url', { url: 'http://10.0.0.1/', events: ['*'] }, 'webhook.url_refused'],
    ['url', { url: 'http://[::ffff:10.0.0.1]/', events: ['*'] }, 'webhook.url_refused'],
    ['url', { url: 'http://user:pass@127.0.0.1/', events: ['*'] }, 'webhook.url_refused'],
    ['url', { url: 'http://127.0.0.1/#part', events: ['*'] }, 'webhook.url_refused'],
    ['url', { url: 'ftp://127.0.0.1/', events: ['*'] }, 'webhook.url_refused'],
    ['url', { url: 'not a url', events: ['*'] }, 'webhook.url_refused'],
    ['url', { url: `http://127.0.0.1/${'a'.repeat(2_048)}`, events: ['*'] }, 'validation.failed'],
    ['url', { events: ['*'] }, 'validation.failed'],
    ['events', { url: 'http://127.0.0.1/', events: [] }, 'validation.failed'],
    ['events.0', { url: 'http://127.0.0.1/', events: ['account.exploded'] }, 'validation.failed'],
    [
      'account_filter.provider',
      { url: 'http://127.0.0.1/', events: ['*'], account_filter: { provider: 'mastodon' } },
      'validation.failed',
    ],
    [
      'account_filter.project_id',
      { url: 'http://127.0.0.1/', events: ['*'], account_filter: { project_id: publicId('prj', newId()) } },
      'project.not_found',
    ],
  ])('answers 400 with the field %s to %j', async (field, body, code) => {
    const reply = await create(body);
    expect(refused(reply)).toEqual([400, code]);
    expect(fieldsOf(reply)).toEqual([field]);
  });

  it('answers 409 webhook.limit_reached to the fifty-first of a workspace', async () => {
    const made: string[] = [];
    const before = ((await stranger.get('/v1/webhooks')).body as Webhook[]).length;
    for (let n = before; n < 50; n += 1) {
      const { status, body } = await stranger.post('/v1/webhooks', { url: receiver.url('/many'), events: ['*'] });
      expect(status).toBe(201);
      made.push((body as Webhook).id);
    }
    const one = { url: receiver.url('/many'), events: ['*'] };
    expect(refused(await stranger.post('/v1/webhooks', one))).toEqual([409, 'webhook.limit_reached']);
    for (const id of made) await stranger.delete(`/v1/webhooks/${id}`);
  });

  it('makes one webhook of two requests with the same Idempotency-Key, and shows the secret once', async () => {
    const send = (): Promise<Reply> =>
      backend.request('POST', '/v1/webhooks', {
        headers: { 'idempotency-key': 'one-webhook', 'content-type': 'application/json' },
        body: JSON.stringify({ url: receiver.url('/twice'), events: ['*'] }),
      });
    expect((await send()).status).toBe(201);
    expect(refused(await send())).toEqual([409, 'idempotency.secret_shown_once']);
    const list = (await backend.get('/v1/webhooks')).body as Webhook[];
    expect(list.filter(({ url }) => url === receiver.url('/twice'))).toHaveLength(1);
  });

  it('answers 403 to a key without webhooks:write', async () => {
    const plain = await Backend.ofNewCustomer(session());
    expect(refused(await plain.get('/v1/webhooks'))).toEqual([403, 'scope.missing']);
  });
});

describe('GET /v1/webhooks', () => {
  it('answers 200 with all webhooks of the environment, without secrets', async () => {
    const { id } = await make({ description: 'Our backend' });
    const { status, body } = await backend.get('/v1/webhooks');
    expect(status).toBe(200);
    expect((body as Webhook[]).find((one) => one.id === id)).toMatchObject({
      ...{ description: 'Our backend', status: 'active', events: ['*'], account_filter: null },
    });
    expect(JSON.stringify(body)).not.toContain('whsec_');
    expect((await stranger.get('/v1/webhooks')).body).toEqual([]);
  });
});

describe('GET /v1/webhooks/{id}', () => {
  it('answers 200 with the webhook, and 404 to an unknown id and to a stranger', async () => {
    const { id, url } = await make();
    expect(await backend.get(`/v1/webhooks/${id}`)).toMatchObject({ status: 200, body: { id, url } });
    expect(refused(await stranger.get(`/v1/webhooks/${id}`))).toEqual([404, 'webhook.not_found']);
    expect(refused(await backend.get(`/v1/webhooks/${UNKNOWN}`))).toEqual([404, 'webhook.not_found']);
  });
});

describe('PATCH /v1/webhooks/{id}', () => {
  it('answers 200 with the changed webhook, and sends by it', async () => {
    const { id, path } = await make();
    const changed = await backend.patch(`/v1/webhooks/${id}`, { events: ['account.disconnected'], description: null });
    expect(changed).toMatchObject({ status: 200, body: { events: ['account.disconnected'], description: null } });
    await makeEvents();
    expect((await receiver.until(path, 1)).map(({ event }) => event.type)).toEqual(['account.disconnected']);
  });

  it('sends nothing with the status disabled, and with active what is recorded from then on', async () => {
    const { id, path } = await make();
    expect((await backend.patch(`/v1/webhooks/${id}`, { status: 'disabled' })).body).toMatchObject({
      ...{ status: 'disabled', paused_reason: 'by_request' },
    });
    const unseen = await makeEvents();
    expect((await backend.patch(`/v1/webhooks/${id}`, { status: 'active' })).body).toMatchObject({ status: 'active' });
    const seen = await makeEvents('paula');
    const received = await receiver.until(path, 2);
    expect(received.map(({ event }) => event.account_id)).toEqual([seen, seen]);
    expect(unseen).not.toBe(seen);
  });

  it('answers 400 to a refused url, 404 to an unknown id, and changes nothing', async () => {
    const { id, url } = await make();
    const reply = await backend.patch(`/v1/webhooks/${id}`, { url: 'http://192.168.0.1/' });
    expect([refused(reply), fieldsOf(reply)]).toEqual([[400, 'webhook.url_refused'], ['url']]);
    expect(refused(await backend.patch(`/v1/webhooks/${id}`, { status: 'paused' }))).toEqual([
      400,
      'validation.failed',
    ]);
    expect(refused(await backend.patch(`/v1/webhooks/${UNKNOWN}`, { description: 'a' }))).toEqual([
      404,
      'webhook.not_found',
    ]);
    expect((await backend.get(`/v1/webhooks/${id}`)).body).toMatchObject({ url, status: 'active' });
  });
});

describe('DELETE /v1/webhooks/{id}', () => {
  it('answers 204, and nothing is sent to it any more; 404 afterwards', async () => {
    const [gone, stays] = [await make(), await make()];
    expect((await backend.delete(`/v1/webhooks/${gone.id}`)).status).toBe(204);
    expect(refused(await backend.delete(`/v1/webhooks/${gone.id}`))).toEqual([404, 'webhook.not_found']);
    await makeEvents();
    await receiver.until(stays.path, 2);
    expect(receiver.at(gone.path)).toEqual([]);
  });
});

describe('POST /v1/webhooks/{id}/test', () => {
  it('answers 200 with the status of the receiver, to which it sends a signed test.ping', async () => {
    const { id, path, signing_secret: secret } = await make();
    const { status, body } = await backend.post(`/v1/webhooks/${id}/test`);
    expect([status, body]).toEqual([
      200,
      { id: expect.stringMatching(/^del_/), event_type: 'test.ping', status_code: 200, error: null, attempts: 1 },
    ]);
    const [{ body: sent, headers, event }] = receiver.at(path) as [ReturnType<Receiver['at']>[0]];
    expect(new Verifier(secret).verify(sent, headers)).toMatchObject({ type: 'test.ping', account_id: null });
    expect(event.sequence).toBeNull();
  });

  it('answers 200 with the failure of the receiver, and 404 and 409 to an unknown and a disabled webhook', async () => {
    const { id, path } = await make();
    receiver.answers.set(path, (response) => response.writeHead(503).end('busy'));
    expect((await backend.post(`/v1/webhooks/${id}/test`)).body).toMatchObject({ status_code: 503, error: null });
    const closed = await make({ url: 'http://127.0.0.1:1/' });
    expect((await backend.post(`/v1/webhooks/${closed.id}/test`)).body).toMatchObject({
      ...{ status_code: null, error: 'connect' },
    });
    await backend.patch(`/v1/webhooks/${id}`, { status: 'disabled' });
    expect(refused(await backend.post(`/v1/webhooks/${id}/test`))).toEqual([409, 'webhook.disabled']);
    expect(refused(await backend.post(`/v1/webhooks/${UNKNOWN}/test`))).toEqual([404, 'webhook.not_found']);
  });
});

describe('POST /v1/webhooks/{id}/rotate-secret', () => {
  it('answers 200 with a new secret; both sign for a day', async () => {
    const { id, path, signing_secret: before } = await make();
    const { status, body } = await backend.post(`/v1/webhooks/${id}/rotate-secret`);
    expect([status, body]).toEqual([
      200,
      { id, signing_secret: expect.stringMatching(/^whsec_/), previous_secret_expires_at: expect.any(String) },
    ]);
    const { signing_secret: after, previous_secret_expires_at: end } = body as Record<string, string>;
    expect(new Date(end!).getTime() - Date.now()).toBeGreaterThan(23 * 3_600_000);
    await makeEvents();
    for (const { body: sent, headers } of await receiver.until(path, 2))
      for (const secret of [before, after]) expect(() => new Verifier(secret!).verify(sent, headers)).not.toThrow();
  });

  it('answers 404 to an unknown webhook', async () => {
    expect(refused(await backend.post(`/v1/webhooks/${UNKNOWN}/rotate-secret`))).toEqual([404, 'webhook.not_found']);
  });
});

describe('GET /v1/webhooks/{id}/deliveries', () => {
  it('answers 200 with each attempt as it ended, newest first, in pages and by status', async () => {
    const { id, path } = await make();
    receiver.answers.set(path, (response, count) => {
      if (count === 1) response.writeHead(500).end('first no');
      else response.end('then yes');
    });
    await makeEvents();
    await receiver.until(path, 3);
    const items = await until(
      () => deliveries(id),
      (all) => all.every(({ status }) => status === 'succeeded'),
    );
    expect(items).toMatchObject([
      { event_type: 'account.disconnected', status: 'succeeded', attempts: 1, status_code: 200, error: null },
      { event_type: 'account.connected', status: 'succeeded', attempts: 2, response_excerpt: 'then yes' },
    ]);
    const { body } = await backend.get(`/v1/webhooks/${id}/deliveries?limit=1`);
    const { next_cursor: next } = body as { next_cursor: string };
    expect((await deliveries(id, `?limit=1&cursor=${encodeURIComponent(next)}`)).map((one) => one.id)).toEqual([
      items[1]!.id,
    ]);
    expect(await deliveries(id, '?status=failed')).toEqual([]);
  });

  it('answers 400 to a wrong status, limit or cursor, and 404 to an unknown webhook', async () => {
    const { id } = await make();
    const list = `/v1/webhooks/${id}/deliveries`;
    for (const query of ['?status=lost', '?limit=0'])
      expect(refused(await backend.get(`${list}${query}`))).toEqual([400, 'validation.failed']);
    expect(refused(await backend.get(`${list}?cursor=AAAA`))).toEqual([400, 'cursor.invalid']);
    expect(refused(await backend.get(`/v1/webhooks/${UNKNOWN}/deliveries`))).toEqual([404, 'webhook.not_found']);
  });
});

describe('POST /v1/webhooks/{id}/deliveries/{deliveryId}/replay', () => {
  it('answers 202, and the event arrives once more with the same webhook-id', async () => {
    const { id, path } = await make();
    await makeEvents();
    await receiver.until(path, 2);
    const [, connected] = await until(
      () => deliveries(id),
      (all) => all.every(({ status }) => status === 'succeeded'),
    );
    const replay = `/v1/webhooks/${id}/deliveries/${connected!.id}/replay`;
    expect(await backend.post(replay)).toMatchObject({ status: 202, body: { queued: 1 } });
    const received = await receiver.until(path, 3);
    expect(received[2]!.headers['webhook-id']).toBe(received[0]!.headers['webhook-id']);
    expect(received[2]!.body).toBe(received[0]!.body);
  });

  it('answers 404 to an unknown delivery or webhook, 409 to a disabled webhook, and 410 to a test, whose event is not kept', async () => {
    const { id } = await make();
    const unknown = publicId('del', newId());
    expect(refused(await backend.post(`/v1/webhooks/${id}/deliveries/${unknown}/replay`))).toEqual([
      404,
      'delivery.not_found',
    ]);
    expect(refused(await backend.post(`/v1/webhooks/${UNKNOWN}/deliveries/${unknown}/replay`))).toEqual([
      404,
      'webhook.not_found',
    ]);
    const { body } = await backend.post(`/v1/webhooks/${id}/test`);
    const replay = `/v1/webhooks/${id}/deliveries/${(body as Delivery).id}/replay`;
    expect(refused(await backend.post(replay))).toEqual([410, 'event.gone']);
    await backend.patch(`/v1/webhooks/${id}`, { status: 'disabled' });
    expect(refused(await backend.post(replay))).toEqual([409, 'webhook.disabled']);
  });
});

describe('POST /v1/webhooks/{id}/replay', () => {
  it('answers 202 with the number of events since a time or an event, which arrive once more', async () => {
    const { id, path } = await make();
    await makeEvents();
    const [, second] = await receiver.until(path, 2);
    await until(
      () => deliveries(id),
      (all) => all.every(({ status }) => status === 'succeeded'),
    );
    const replay = `/v1/webhooks/${id}/replay`;
    expect(await backend.post(replay, { since: second!.event.id })).toMatchObject({ status: 202, body: { queued: 1 } });
    expect((await receiver.until(path, 3))[2]!.event).toEqual(second!.event);
    await until(
      () => deliveries(id),
      (all) => all.every(({ status }) => status === 'succeeded'),
    );
    expect((await backend.post(replay, { since: '2020-01-01T00:00:00Z' })).body).toEqual({ queued: 2 });
    await receiver.until(path, 5);
    expect((await backend.post(replay, { since: '2020-01-01T00:00:00Z', status: 'exhausted' })).body).toEqual({
      queued: 0,
    });
  });

  it('answers 400 to a wrong range, 404 to an unknown webhook, 409 to a disabled one, and 410 to an unknown event', async () => {
    const { id } = await make();
    const replay = `/v1/webhooks/${id}/replay`;
    for (const [field, body] of [
      ['since', {}],
      ['since', { since: 'yesterday' }],
      ['until', { since: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }],
      ['status', { since: '2026-01-02T00:00:00Z', status: 'failed' }],
    ] as const) {
      const reply = await backend.post(replay, body);
      expect([refused(reply), fieldsOf(reply)]).toEqual([[400, 'validation.failed'], [field]]);
    }
    const since = publicId('evt', newId());
    expect(refused(await backend.post(replay, { since }))).toEqual([410, 'event.gone']);
    expect(refused(await backend.post(`/v1/webhooks/${UNKNOWN}/replay`, { since }))).toEqual([
      404,
      'webhook.not_found',
    ]);
    await backend.patch(`/v1/webhooks/${id}`, { status: 'disabled' });
    expect(refused(await backend.post(replay, { since }))).toEqual([409, 'webhook.disabled']);
  });
});
