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

const graph = (path: string): string => `https://graph.facebook.com/v25.0${path}`;
const at = (account: PostingAccount, path: string, json: object): Promise<Answer> =>
  call(account, 'POST', graph(`/${account.platformAccountId}${path}`), json);
const read = (account: PostingAccount, path: string): Promise<Answer> => call(account, 'GET', graph(path));
const photo = { url: 'https://cdn.example/a.jpg', published: false };

describe('posts at the imitation of Facebook', () => {
  it('posts a text, lists it with its app and link, and refuses it again', async () => {
    const account = await connectAt(sandbox, 'facebook');
    const { body } = await at(account, '/feed', { message: 'hello' });
    expect(body.id).toMatch(new RegExp(`^${account.platformAccountId}_\\d+$`));
    const listed = await read(
      account,
      `/${account.platformAccountId}/published_posts?fields=id,message,created_time,application,permalink_url&since=0`,
    );
    expect(listed.body.data).toMatchObject([
      { id: body.id, message: 'hello', application: { id: 'an-app-that-posts' }, permalink_url: expect.any(String) },
    ]);
    expect(await at(account, '/feed', { message: 'hello' })).toMatchObject({
      status: 400,
      body: { error: { code: 506 } },
    });
  });

  it('shows photos that were uploaded unpublished with the post that attaches them, as JSON or as a form', async () => {
    const account = await connectAt(sandbox, 'facebook');
    const ids = [(await at(account, '/photos', photo)).body.id, (await at(account, '/photos', photo)).body.id];
    expect(await effectsOf(sandbox, 'facebook')).toEqual([]);
    await at(account, '/feed', { message: 'two', attached_media: ids.map((id: string) => ({ media_fbid: id })) });
    const form = { message: 'one', 'attached_media[0]': JSON.stringify({ media_fbid: ids[0] }) };
    const token = { authorization: `Bearer ${account.accessToken.reveal()}` };
    expect((await sandbox.form(graph(`/${account.platformAccountId}/feed`), form, token)).status).toBe(200);
    expect((await effectsOf(sandbox, 'facebook')).map(({ media }) => media.length)).toEqual([2, 1]);
  });

  it('publishes a photo at once unless stated otherwise, which counts as the commit', async () => {
    const account = await connectAt(sandbox, 'facebook');
    const { body } = await at(account, '/photos', { url: photo.url, caption: 'at once' });
    expect(body.post_id).toContain(account.platformAccountId);
    const { body: calls } = await sandbox.control('GET', '/calls?endpoint=commit');
    expect(calls).toHaveLength(1);
  });

  it('takes a Reel in three calls, and publishes it once however often it is finished', async () => {
    const account = await connectAt(sandbox, 'facebook');
    const { video_id: video, upload_url: url } = (await at(account, '/video_reels', { upload_phase: 'start' })).body;
    const finish = { upload_phase: 'finish', video_id: video, video_state: 'PUBLISHED', description: 'a reel' };
    expect((await at(account, '/video_reels', finish)).status).toBe(400);
    const authorization = `OAuth ${account.accessToken.reveal()}`;
    const upload = (headers: Record<string, string>): Promise<Answer> =>
      sandbox.call(url as string, { method: 'POST', headers: { authorization, ...headers } });
    expect((await upload({ authorization: 'Bearer x', file_url: 'https://cdn.example/a.mp4' })).status).toBe(400);
    expect((await upload({ file_url: 'https://cdn.example/a.mp4' })).body).toEqual({ success: true });
    const status = async (): Promise<Answer['body']> => (await read(account, `/${video}?fields=status,published`)).body;
    expect((await status()).status.publishing_phase.publish_status).toBe('draft');
    expect((await at(account, '/video_reels', finish)).body).toMatchObject({ success: true });
    expect((await at(account, '/video_reels', finish)).body).toMatchObject({ success: true });
    expect((await status()).status.publishing_phase).toEqual({ status: 'complete', publish_status: 'published' });
    expect(await effectsOf(sandbox, 'facebook')).toMatchObject([
      { text: 'a reel', media: ['https://cdn.example/a.mp4'] },
    ]);
  });

  it('takes the bytes of a Reel at their offsets', async () => {
    const account = await connectAt(sandbox, 'facebook');
    const { upload_url: url } = (await at(account, '/video_reels', { upload_phase: 'start' })).body;
    const part = (offset: number): Promise<Answer> =>
      sandbox.call(url as string, {
        method: 'POST',
        body: new Uint8Array(5),
        headers: {
          authorization: `OAuth ${account.accessToken.reveal()}`,
          offset: String(offset),
          file_size: '10',
          'content-type': 'application/octet-stream',
        },
      });
    expect((await part(5)).status).toBe(400);
    expect((await part(0)).status).toBe(200);
    expect((await part(5)).status).toBe(200);
  });

  it('posts a video that is no Reel by its address', async () => {
    const account = await connectAt(sandbox, 'facebook');
    const url = `https://graph-video.facebook.com/v25.0/${account.platformAccountId}/videos`;
    const { body } = await call(account, 'POST', url, {
      file_url: 'https://cdn.example/a.mp4',
      description: 'a video',
    });
    expect(body.id).toMatch(/^\d+$/);
    expect((await read(account, `/${body.id}?fields=permalink_url`)).body.permalink_url).toContain(body.id);
  });

  it.each([
    ['nothing', '/feed', {}, 100],
    ['a link to the platform itself', '/feed', { link: 'https://www.facebook.com/a' }, 100],
    ['a picture in a format it does not take', '/photos', { url: 'https://cdn.example/a.heic' }, 324],
    ['a photo that does not exist', '/feed', { attached_media: [{ media_fbid: '1' }] }, 100],
  ])('refuses a post with %s', async (_what, path, body, code) => {
    const answer = await at(await connectAt(sandbox, 'facebook'), path, body);
    expect(answer.body.error.code).toBe(code);
    expect(await effectsOf(sandbox, 'facebook')).toEqual([]);
  });

  it("posts with the Page's own token and for that Page alone", async () => {
    const account = await connectAt(sandbox, 'facebook');
    const other = await connectAt(sandbox, 'facebook', 'paula');
    const foreign = { ...account, platformAccountId: other.platformAccountId };
    expect((await at(foreign, '/feed', { message: 'a' })).body.error).toMatchObject({ code: 100, error_subcode: 33 });
  });
});
