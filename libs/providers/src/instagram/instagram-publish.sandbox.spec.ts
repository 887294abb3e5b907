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

const graph = (path: string): string => `https://graph.instagram.com/v25.0${path}`;
const at = (account: PostingAccount, path: string, json: object): Promise<Answer> =>
  call(account, 'POST', graph(`/${account.platformAccountId}${path}`), json);
const statusOf = async (account: PostingAccount, id: string): Promise<Answer['body']> =>
  (await call(account, 'GET', graph(`/${id}?fields=status_code,status`))).body;
const container = async (account: PostingAccount, body: object): Promise<string> =>
  (await at(account, '/media', body)).body.id as string;
const publish = (account: PostingAccount, id: string): Promise<Answer> =>
  at(account, '/media_publish', { creation_id: id });
const image = { image_url: 'https://cdn.example/a.jpg', caption: 'a picture' };

describe('posts at the imitation of Instagram', () => {
  it('publishes a container when it is finished, once', async () => {
    const account = await connectAt(sandbox, 'instagram');
    const id = await container(account, image);
    expect((await publish(account, id)).body.error).toMatchObject({ code: 9007, error_subcode: 2_207_027 });
    expect(await statusOf(account, id)).toMatchObject({ status_code: 'FINISHED' });
    const { body } = await publish(account, id);
    expect(await statusOf(account, id)).toMatchObject({ status_code: 'PUBLISHED' });
    expect((await publish(account, id)).body.error).toMatchObject({ code: 24, error_subcode: 2_207_006 });
    expect(await effectsOf(sandbox, 'instagram')).toMatchObject([{ id: body.id, text: 'a picture' }]);
    const media = await call(account, 'GET', graph(`/${body.id}?fields=permalink,timestamp`));
    expect(media.body).toMatchObject({ permalink: `https://www.instagram.com/p/${body.id}/` });
    const list = await call(account, 'GET', graph(`/${account.platformAccountId}/media`));
    expect(list.body.data).toMatchObject([{ id: body.id, caption: 'a picture' }]);
  });

  it('publishes a carousel of finished children', async () => {
    const account = await connectAt(sandbox, 'instagram');
    const child = { image_url: image.image_url, is_carousel_item: true };
    const children = [await container(account, child), await container(account, child)];
    const carousel = { media_type: 'CAROUSEL', children: children.join(','), caption: 'two' };
    expect((await at(account, '/media', carousel)).body.error.error_subcode).toBe(2_207_027);
    for (const id of children) await statusOf(account, id);
    const id = await container(account, carousel);
    await statusOf(account, id);
    expect((await publish(account, id)).status).toBe(200);
    expect(await effectsOf(sandbox, 'instagram')).toMatchObject([
      { text: 'two', media: [image.image_url, image.image_url] },
    ]);
  });

  it.each([
    ['a PNG', { image_url: 'https://cdn.example/a.png' }, 2_207_005],
    ['an address that cannot be fetched', { image_url: 'https://unreachable.example/a.jpg' }, 2_207_052],
    ['a caption over 2,200', { ...image, caption: 'a'.repeat(2_201) }, 2_207_010],
    ['an unknown kind of media', { media_type: 'STORY' }, 2_207_023],
    ['a carousel of one', { media_type: 'CAROUSEL', children: '1' }, 2_207_028],
  ])('refuses a post with %s', async (_what, body, subcode) => {
    const answer = await at(await connectAt(sandbox, 'instagram'), '/media', body);
    expect(answer).toMatchObject({ status: 400, body: { error: { error_subcode: subcode } } });
  });

  it.each([
    ['a host that answers no Range requests', 'happy', 'https://no-range.example/a.mp4', '2207077'],
    ['media that cannot be processed', 'post-processing-failed', 'https://cdn.example/a.mp4', '2207026'],
  ])('reports %s while it processes the media', async (_what, persona, url, code) => {
    const account = await connectAt(sandbox, 'instagram', persona);
    const id = await container(account, { media_type: 'REELS', video_url: url });
    expect(await statusOf(account, id)).toMatchObject({ status_code: 'IN_PROGRESS' });
    expect(await statusOf(account, id)).toMatchObject({ status_code: 'ERROR', status: expect.stringContaining(code) });
  });

  it('reports containers as in progress for longer for a slow persona', async () => {
    const account = await connectAt(sandbox, 'instagram', 'post-slow-processing');
    const id = await container(account, image);
    const seen = [];
    for (let n = 0; n < 4; n += 1) seen.push((await statusOf(account, id)).status_code);
    expect(seen).toEqual(['IN_PROGRESS', 'IN_PROGRESS', 'IN_PROGRESS', 'FINISHED']);
  });

  it('has published in spite of a refusal, for a restricted persona', async () => {
    const account = await connectAt(sandbox, 'instagram', 'post-restricted-live');
    const id = await container(account, image);
    await statusOf(account, id);
    expect((await publish(account, id)).body.error).toMatchObject({ code: 4, error_subcode: 2_207_051 });
    expect(await statusOf(account, id)).toMatchObject({ status_code: 'PUBLISHED' });
    expect(await effectsOf(sandbox, 'instagram')).toHaveLength(1);
  });

  it('lets containers expire after a day', async () => {
    const knobs = { provider: 'instagram', client_id: 'an-app-that-posts', access_ttl_seconds: 200_000 };
    await sandbox.control('POST', '/apps', knobs);
    const account = await connectAt(sandbox, 'instagram');
    const id = await container(account, image);
    await sandbox.control('POST', '/clock', { advance_seconds: 86_401 });
    expect(await statusOf(account, id)).toMatchObject({ status_code: 'EXPIRED' });
    expect((await publish(account, id)).body.error.error_subcode).toBe(2_207_020);
  });

  it('reports the quota, and refuses posts beyond it', async () => {
    const account = await connectAt(sandbox, 'instagram');
    const limit = await call(account, 'GET', graph(`/${account.platformAccountId}/content_publishing_limit`));
    expect(limit.body.data).toEqual([{ quota_usage: 0, config: { quota_total: 100, quota_duration: 86_400 } }]);
    for (let n = 0; n <= 100; n += 1) {
      const id = await container(account, image);
      await statusOf(account, id);
      const { status, body } = await publish(account, id);
      if (n < 100) expect(status).toBe(200);
      else expect(body.error).toMatchObject({ code: 9, error_subcode: 2_207_042 });
    }
  });

  it('refuses the containers and the paths of another account', async () => {
    const [one, other] = [await connectAt(sandbox, 'instagram'), await connectAt(sandbox, 'instagram', 'paula')];
    expect((await publish(other, await container(one, image))).body.error.error_subcode).toBe(2_207_006);
    const foreign = { ...one, platformAccountId: other.platformAccountId };
    expect((await at(foreign, '/media', image)).body.error).toMatchObject({ code: 100, error_subcode: 33 });
  });
});
