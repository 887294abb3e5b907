import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callAs, connectAt, effectsOf, type PostingAccount } from '../../../../test/support/posting-client.js';
import { type Answer, TestSandbox } from '../../../../test/support/sandbox.js';

const api = (path: string): string => `https://api.x.com/2${path}`;

let sandbox: TestSandbox;
const call = callAs(() => sandbox);
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const post = (account: PostingAccount, body: object): Promise<Answer> => call(account, 'POST', api('/tweets'), body);
const file = (name: string, size: number, fields: Record<string, string>): FormData => {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.set(key, value);
  form.set(name, new Blob([new Uint8Array(size)]), 'a file');
  return form;
};
const upload = ({ accessToken }: PostingAccount, path: string, body: FormData): Promise<Answer> =>
  sandbox.call(api(path), { method: 'POST', body, headers: { authorization: `Bearer ${accessToken.reveal()}` } });
const initialize = async (account: PostingAccount, bytes: number): Promise<string> =>
  (
    await call(account, 'POST', api('/media/upload/initialize'), {
      media_type: 'video/mp4',
      media_category: 'tweet_video',
      total_bytes: bytes,
    })
  ).body.data.id as string;

describe('posts at the imitation of X', () => {
  it('creates a post and shows it in the ledger and in the list, with short links', async () => {
    const account = await connectAt(sandbox, 'x');
    const created = await post(account, { text: 'Read https://shop.example/a' });
    expect(created).toMatchObject({
      status: 201,
      body: { data: { text: expect.stringMatching(/^Read https:\/\/t\.co\//) } },
    });
    expect(await effectsOf(sandbox, 'x')).toMatchObject([
      { account: account.platformAccountId, text: 'Read https://shop.example/a', id: created.body.data.id },
    ]);
    const path = `/users/${account.platformAccountId}/tweets?max_results=5&tweet.fields=created_at,entities`;
    expect((await call(account, 'GET', api(path))).body.data).toMatchObject([
      { id: created.body.data.id, entities: { urls: [{ expanded_url: 'https://shop.example/a' }] } },
    ]);
  });

  it('refuses the same text for a day, and no longer', async () => {
    const account = await connectAt(sandbox, 'x');
    await sandbox.control('POST', '/apps', {
      provider: 'x',
      client_id: 'an-app-that-posts',
      access_ttl_seconds: 200_000,
    });
    const lasting = await connectAt(sandbox, 'x');
    expect((await post(lasting, { text: 'again' })).status).toBe(201);
    expect(await post(lasting, { text: 'again' })).toMatchObject({
      status: 403,
      body: { detail: 'You are not allowed to create a Tweet with duplicate content.' },
    });
    await sandbox.control('POST', '/clock', { advance_seconds: 86_401 });
    expect((await post(lasting, { text: 'again' })).status).toBe(201);
    expect(account.platformAccountId).toBe(lasting.platformAccountId);
  });

  it.each([
    ['a text over 280', { text: 'a'.repeat(281) }, 403],
    ['an empty post', { text: '' }, 400],
    ['an unknown field', { text: 'a', colour: 'red' }, 400],
    ['media that does not exist', { text: 'a', media: { media_ids: ['1'] } }, 400],
    ['five media', { text: 'a', media: { media_ids: ['1', '2', '3', '4', '5'] } }, 403],
  ])('refuses a post with %s', async (_what, body, status) => {
    expect((await post(await connectAt(sandbox, 'x'), body)).status).toBe(status);
    expect(await effectsOf(sandbox, 'x')).toEqual([]);
  });

  it('counts an address as 23, and a character outside the first scripts as two', async () => {
    const account = await connectAt(sandbox, 'x');
    expect((await post(account, { text: `${'a'.repeat(256)} https://shop.example/${'b'.repeat(200)}` })).status).toBe(
      201,
    );
    expect((await post(account, { text: '漢'.repeat(141) })).status).toBe(403);
  });

  it('takes an image at once, with its category, and uses it within a day', async () => {
    await sandbox.control('POST', '/apps', {
      provider: 'x',
      client_id: 'an-app-that-posts',
      access_ttl_seconds: 200_000,
    });
    const account = await connectAt(sandbox, 'x');
    expect((await upload(account, '/media/upload', file('media', 10, {}))).status).toBe(400);
    const { body } = await upload(account, '/media/upload', file('media', 10, { media_category: 'tweet_image' }));
    expect((await post(account, { text: 'a', media: { media_ids: [body.data.id] } })).status).toBe(201);
    await sandbox.control('POST', '/clock', { advance_seconds: 86_401 });
    expect((await post(account, { text: 'b', media: { media_ids: [body.data.id] } })).status).toBe(400);
  });

  it('takes a video in segments, and finalizes it when all its bytes are there without a gap', async () => {
    const account = await connectAt(sandbox, 'x');
    const id = await initialize(account, 30);
    expect(
      (await upload(account, `/media/upload/${id}/append`, file('media', 10, { segment_index: '0' }))).status,
    ).toBe(200);
    expect((await call(account, 'POST', api(`/media/upload/${id}/finalize`))).status).toBe(400);
    expect(
      (await upload(account, `/media/upload/${id}/append`, file('media', 20, { segment_index: '1' }))).status,
    ).toBe(200);
    expect(
      (await upload(account, `/media/upload/${id}/append`, file('media', 20, { segment_index: '1' }))).status,
    ).toBe(200);
    const finalized = await call(account, 'POST', api(`/media/upload/${id}/finalize`));
    expect(finalized.body.data.processing_info).toMatchObject({ state: 'pending', check_after_secs: 1 });
    const state = await call(account, 'GET', api(`/media/upload?command=STATUS&media_id=${id}`));
    expect(state.body.data.processing_info.state).toBe('succeeded');
    expect((await post(account, { media: { media_ids: [id] } })).status).toBe(201);
  });

  it('takes the commands of the one-address form too', async () => {
    const account = await connectAt(sandbox, 'x');
    const fields = { command: 'INIT', media_type: 'video/mp4', media_category: 'tweet_video', total_bytes: 5 };
    const { body } = await call(account, 'POST', api('/media/upload'), fields);
    const segment = file('media', 5, { command: 'APPEND', media_id: body.data.id, segment_index: '0' });
    expect((await upload(account, '/media/upload', segment)).status).toBe(200);
    const finalized = await call(account, 'POST', api('/media/upload'), {
      command: 'FINALIZE',
      media_id: body.data.id,
    });
    expect(finalized.status).toBe(200);
  });

  it('reports that a video cannot be processed', async () => {
    const account = await connectAt(sandbox, 'x', 'post-processing-failed');
    const id = await initialize(account, 5);
    await upload(account, `/media/upload/${id}/append`, file('media', 5, { segment_index: '0' }));
    await call(account, 'POST', api(`/media/upload/${id}/finalize`));
    const { body } = await call(account, 'GET', api(`/media/upload?command=STATUS&media_id=${id}`));
    expect(body.data.processing_info).toMatchObject({ state: 'failed', error: { name: 'InvalidMedia' } });
  });

  it('shows media of an account to that account alone', async () => {
    const [one, other] = [await connectAt(sandbox, 'x'), await connectAt(sandbox, 'x', 'paula')];
    const { body } = await upload(one, '/media/upload', file('media', 10, { media_category: 'tweet_image' }));
    expect((await post(other, { text: 'a', media: { media_ids: [body.data.id] } })).status).toBe(400);
  });

  it('lists no fewer than five posts, late for a persona whose lists are late', async () => {
    const account = await connectAt(sandbox, 'x', 'post-eventual');
    await post(account, { text: 'a' });
    const list = (most: number): Promise<Answer> =>
      call(account, 'GET', api(`/users/${account.platformAccountId}/tweets?max_results=${most}`));
    expect((await list(4)).status).toBe(400);
    expect((await list(5)).body).toEqual({ meta: { result_count: 0 } });
    await sandbox.control('POST', '/clock', { advance_seconds: 21 });
    expect((await list(5)).body.meta.result_count).toBe(1);
  });

  it('refuses posts of an app without credits, and the post after the hundredth in a quarter of an hour', async () => {
    expect((await post(await connectAt(sandbox, 'x', 'post-no-credits'), { text: 'a' })).status).toBe(402);
    const account = await connectAt(sandbox, 'x');
    for (let n = 0; n < 100; n += 1) expect((await post(account, { text: `post ${n}` })).status).toBe(201);
    expect((await post(account, { text: 'one more' })).status).toBe(429);
  });
});
