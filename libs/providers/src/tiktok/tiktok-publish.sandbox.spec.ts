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

const api = (path: string): string => `https://open.tiktokapis.com/v2/post/publish${path}`;
const INFO = { title: 'a video', privacy_level: 'PUBLIC_TO_EVERYONE' };
const source = (size: number, chunk = size, count = 1): object => ({
  source: 'FILE_UPLOAD',
  video_size: size,
  chunk_size: chunk,
  total_chunk_count: count,
});
const init = (account: PostingAccount, info: object, given: object): Promise<Answer> =>
  call(account, 'POST', api('/video/init/'), { post_info: info, source_info: given });
const put = (url: unknown, [first, last, size]: [number, number, number], headers = {}): Promise<Answer> =>
  sandbox.call(url as string, {
    method: 'PUT',
    body: new Uint8Array(last - first + 1),
    headers: { 'content-type': 'video/mp4', 'content-range': `bytes ${first}-${last}/${size}`, ...headers },
  });
const photos = (account: PostingAccount, info: object, images: string[]): Promise<Answer> =>
  call(account, 'POST', api('/content/init/'), {
    media_type: 'PHOTO',
    post_mode: 'DIRECT_POST',
    post_info: { privacy_level: 'PUBLIC_TO_EVERYONE', ...info },
    source_info: { source: 'PULL_FROM_URL', photo_images: images, photo_cover_index: 0 },
  });
const statusOf = async (account: PostingAccount, id: unknown): Promise<Answer['body']> =>
  (await call(account, 'POST', api('/status/fetch/'), { publish_id: id })).body.data;

describe('posts at the imitation of TikTok', () => {
  it('reports what the creator may choose', async () => {
    const { body } = await call(await connectAt(sandbox, 'tiktok'), 'POST', api('/creator_info/query/'), {});
    expect(body).toMatchObject({ data: { max_video_post_duration_sec: 600 }, error: { code: 'ok' } });
  });

  it('publishes a video with its last chunk, and not before', async () => {
    const account = await connectAt(sandbox, 'tiktok');
    const [size, chunk] = [10_000_001, 5_000_000];
    const { publish_id: id, upload_url: url } = (await init(account, INFO, source(size, chunk, 2))).body.data;
    expect((await put(url, [chunk, size - 1, size])).status).toBe(416);
    expect((await put(url, [0, chunk - 1, size])).status).toBe(206);
    expect(await statusOf(account, id)).toEqual({ status: 'PROCESSING_UPLOAD', uploaded_bytes: chunk });
    expect(await effectsOf(sandbox, 'tiktok')).toEqual([]);
    expect((await put(url, [chunk, size - 1, size])).status).toBe(201);
    expect(await effectsOf(sandbox, 'tiktok')).toMatchObject([{ account: account.platformAccountId, text: 'a video' }]);
    const raw = await statusOf(account, id);
    expect(raw).toMatchObject({ status: 'PUBLISH_COMPLETE', publicaly_available_post_id: [expect.any(Number)] });
  });

  it('takes no bearer token at the upload address, and no chunk after the last', async () => {
    const account = await connectAt(sandbox, 'tiktok');
    const { upload_url: url } = (await init(account, INFO, source(10))).body.data;
    expect((await put(url, [0, 9, 10], { authorization: 'Bearer a' })).status).toBe(400);
    expect((await put(url, [0, 9, 10])).status).toBe(201);
    expect((await put(url, [0, 9, 10])).status).toBe(416);
  });

  it('lets the upload address expire after an hour', async () => {
    const { upload_url: url } = (await init(await connectAt(sandbox, 'tiktok'), INFO, source(10))).body.data;
    await sandbox.control('POST', '/clock', { advance_seconds: 3_601 });
    expect((await put(url, [0, 9, 10])).status).toBe(403);
  });

  it.each([
    ['no privacy level', { title: 'a' }, source(10), 'invalid_params'],
    ['a title over 2,200', { ...INFO, title: 'a'.repeat(2_201) }, source(10), 'invalid_params'],
    ['chunks below 5 MB', INFO, source(6_000_000, 3_000_000, 2), 'invalid_params'],
    ['a count that does not follow from the sizes', INFO, source(12_000_000, 5_000_000, 3), 'invalid_params'],
    [
      'an address to pull the video from',
      INFO,
      { source: 'PULL_FROM_URL', video_url: 'https://a.example' },
      'invalid_params',
    ],
  ])('refuses a post with %s', async (_what, info, given, code) => {
    const answer = await init(await connectAt(sandbox, 'tiktok'), info, given);
    expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
  });

  it('pulls photos at once from a verified domain', async () => {
    const account = await connectAt(sandbox, 'tiktok');
    const unverified = await photos(account, {}, ['https://unverified.example/a.jpg']);
    expect(unverified).toMatchObject({ status: 403, body: { error: { code: 'url_ownership_unverified' } } });
    const { publish_id: id } = (await photos(account, { title: 't', description: 'd' }, ['https://a.example/a.jpg']))
      .body.data;
    expect(await effectsOf(sandbox, 'tiktok')).toMatchObject([{ text: 't\nd', media: ['https://a.example/a.jpg'] }]);
    expect(await statusOf(account, id)).toMatchObject({ status: 'PUBLISH_COMPLETE' });
  });

  it('names no public id of a private post', async () => {
    const account = await connectAt(sandbox, 'tiktok');
    const { publish_id: id, upload_url: url } = (
      await init(account, { ...INFO, privacy_level: 'SELF_ONLY' }, source(10))
    ).body.data;
    await put(url, [0, 9, 10]);
    expect(await statusOf(account, id)).toEqual({ status: 'PUBLISH_COMPLETE' });
  });

  it('lets an app that is not audited post for private accounts alone', async () => {
    const account = await connectAt(sandbox, 'tiktok', 'post-unaudited');
    expect((await init(account, INFO, source(10))).body.error.code).toBe(
      'unaudited_client_can_only_post_to_private_accounts',
    );
    const { upload_url: url } = (await init(account, { ...INFO, privacy_level: 'SELF_ONLY' }, source(10))).body.data;
    expect((await put(url, [0, 9, 10])).status).toBe(201);
  });

  it('reports why a post failed, and shows none', async () => {
    const account = await connectAt(sandbox, 'tiktok', 'post-processing-failed');
    const { publish_id: id, upload_url: url } = (await init(account, INFO, source(10))).body.data;
    await put(url, [0, 9, 10]);
    expect(await statusOf(account, id)).toEqual({ status: 'FAILED', fail_reason: 'file_format_check_failed' });
    expect(await effectsOf(sandbox, 'tiktok')).toEqual([]);
  });

  it('refuses the seventh beginning of a minute, and the sixteenth post of a day', async () => {
    const account = await connectAt(sandbox, 'tiktok');
    for (let n = 0; n < 6; n += 1) expect((await init(account, INFO, source(10))).status).toBe(200);
    expect(await init(account, INFO, source(10))).toMatchObject({ status: 429 });
    expect((await init(await connectAt(sandbox, 'tiktok', 'post-quota'), INFO, source(10))).body.error.code).toBe(
      'spam_risk_too_many_posts',
    );
  });
});
