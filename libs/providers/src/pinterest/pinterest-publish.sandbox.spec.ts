import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callAs, connectAt, effectsOf, type PostingAccount } from '../../../../test/support/posting-client.js';
import { type Answer, TestSandbox } from '../../../../test/support/sandbox.js';

let sandbox: TestSandbox;
const call = callAs(() => sandbox);
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const api = (path: string): string => `https://api.pinterest.com/v5${path}`;
const image = { source_type: 'image_url', url: 'https://cdn.example/a.jpg' };
const boardOf = async (account: PostingAccount): Promise<string> =>
  (await call(account, 'GET', api('/boards?page_size=250'))).body.items[0].id as string;
const pin = async (account: PostingAccount, over: object = {}): Promise<Answer> =>
  call(account, 'POST', api('/pins'), {
    board_id: await boardOf(account),
    title: 'a title',
    description: 'a description',
    media_source: image,
    ...over,
  });

describe('posts at the imitation of Pinterest', () => {
  it('creates a Pin on a board of the account, and lists it there without a zone in its time', async () => {
    const account = await connectAt(sandbox, 'pinterest');
    const created = await pin(account, { link: 'https://shop.example' });
    expect(created).toMatchObject({ status: 201, body: { title: 'a title', link: 'https://shop.example' } });
    expect(created.body.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    const { body } = await call(account, 'GET', api(`/boards/${await boardOf(account)}/pins?page_size=25`));
    expect(body.items).toMatchObject([{ id: created.body.id, description: 'a description' }]);
    expect((await call(account, 'GET', api(`/pins/${created.body.id}`))).body.id).toBe(created.body.id);
    expect(await effectsOf(sandbox, 'pinterest')).toMatchObject([
      { text: 'a description', details: { title: 'a title' } },
    ]);
  });

  it.each([
    ['no board', { board_id: undefined }, 400],
    ['the board of another account', { board_id: '122449949991' }, 404],
    ['a title over 100', { title: 'a'.repeat(101) }, 400],
    ['a description over 800', { description: 'a'.repeat(801) }, 400],
    ['an unknown field', { colour: 'red' }, 400],
    ['one picture as several', { media_source: { source_type: 'multiple_image_urls', items: [image] } }, 400],
    ['a picture it cannot reach', { media_source: { ...image, url: 'https://unreachable.example/a.jpg' } }, 400],
    ['a video without a cover', { media_source: { source_type: 'video_id', media_id: '1' } }, 400],
  ])('refuses a post with %s', async (_what, over, status) => {
    expect((await pin(await connectAt(sandbox, 'pinterest'), over)).status).toBe(status);
    expect(await effectsOf(sandbox, 'pinterest')).toEqual([]);
  });

  it('takes a video at the storage service, with its parameters and without a token', async () => {
    const account = await connectAt(sandbox, 'pinterest');
    const { body } = await call(account, 'POST', api('/media'), { media_type: 'video' });
    const send = (over: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> => {
      const form = new FormData();
      for (const [name, value] of Object.entries({ ...(body.upload_parameters as Record<string, string>), ...over }))
        form.set(name, value);
      form.set('file', new Blob([new Uint8Array(20)]), 'video.mp4');
      return sandbox.call(body.upload_url as string, { method: 'POST', body: form, headers });
    };
    const status = async (): Promise<string> =>
      (await call(account, 'GET', api(`/media/${body.media_id}`))).body.status as string;
    expect((await send({ policy: '' })).status).toBe(403);
    expect((await send({}, { authorization: 'Bearer a' })).status).toBe(403);
    expect(await status()).toBe('registered');
    expect((await send({})).status).toBe(204);
    expect(await status()).toBe('succeeded');
    const video = { source_type: 'video_id', media_id: body.media_id, cover_image_key_frame_time: 1 };
    expect((await pin(account, { media_source: video })).status).toBe(201);
  });

  it('refuses Pins of an app with trial access', async () => {
    const answer = await pin(await connectAt(sandbox, 'pinterest', 'post-trial'));
    expect(answer).toMatchObject({ status: 403, body: { code: 29, message: expect.stringContaining('Trial access') } });
  });

  it('reports a spent quota with the time to wait', async () => {
    const answer = await pin(await connectAt(sandbox, 'pinterest', 'post-quota'));
    expect(answer).toMatchObject({ status: 429, body: { code: 8 } });
    expect(answer.headers.get('retry-after')).toBe('20');
  });
});
