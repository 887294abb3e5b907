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

const rest = (path: string): string => `https://api.linkedin.com/rest${path}`;
const VERSION = { 'linkedin-version': '202607', 'x-restli-protocol-version': '2.0.0' };
const at = (account: PostingAccount, method: string, url: string, json?: object, headers = {}): Promise<Answer> =>
  call(account, method, url, json, { ...VERSION, ...headers });
const urn = ({ platformAccountId }: PostingAccount): string => `urn:li:person:${platformAccountId}`;
const bodyOf = (account: PostingAccount, commentary: string, over: object = {}): object => ({
  author: urn(account),
  commentary,
  visibility: 'PUBLIC',
  distribution: { feedDistribution: 'MAIN_FEED', targetEntities: [], thirdPartyDistributionChannels: [] },
  lifecycleState: 'PUBLISHED',
  isReshareDisabledByAuthor: false,
  ...over,
});
const post = (account: PostingAccount, commentary: string, over: object = {}): Promise<Answer> =>
  at(account, 'POST', rest('/posts'), bodyOf(account, commentary, over));
const put = (url: unknown, size: number, headers: Record<string, string> = {}): Promise<Answer> =>
  sandbox.call(url as string, {
    method: 'PUT',
    body: new Uint8Array(size),
    headers: { 'content-type': 'application/octet-stream', ...headers },
  });

describe('posts at the imitation of LinkedIn', () => {
  it('answers 201 without a body, and names the post in a header', async () => {
    const account = await connectAt(sandbox, 'linkedin');
    const created = await post(account, 'hello');
    expect(created).toMatchObject({ status: 201, body: '' });
    expect(created.headers.get('x-restli-id')).toMatch(/^urn:li:share:\d+$/);
    expect(await effectsOf(sandbox, 'linkedin')).toMatchObject([{ account: account.platformAccountId, text: 'hello' }]);
  });

  it.each([
    ['at the first reserved character', 'before (after', 'before '],
    ['nowhere, where it is escaped', 'before \\(after\\) \\_ \\\\', 'before (after) _ \\'],
    ['nowhere at a hashtag', 'a #tag b', 'a #tag b'],
    ['at a number sign that is no hashtag', 'a # b', 'a '],
  ])('cuts the text silently %s', async (_where, commentary, shown) => {
    expect((await post(await connectAt(sandbox, 'linkedin'), commentary)).status).toBe(201);
    expect(await effectsOf(sandbox, 'linkedin')).toMatchObject([{ text: shown }]);
  });

  it('refuses the same text again, and names the post that has it', async () => {
    const account = await connectAt(sandbox, 'linkedin');
    const first = (await post(account, 'again')).headers.get('x-restli-id');
    const second = await post(account, 'again');
    expect(second).toMatchObject({
      status: 422,
      body: { errorDetails: { inputErrors: [{ code: 'DUPLICATE_POST' }] } },
    });
    expect(second.body.message).toContain(`Content is a duplicate of ${first}`);
  });

  it('names a post that does not exist, for a persona with a ghost', async () => {
    const answer = await post(await connectAt(sandbox, 'linkedin', 'post-ghost'), 'a');
    expect(answer.body.message).toMatch(/duplicate of urn:li:share:\d+/);
    expect(await effectsOf(sandbox, 'linkedin')).toEqual([]);
  });

  it.each(['202510', '209901', 'latest', '202613'])('answers version %s with 426', async (version) => {
    const account = await connectAt(sandbox, 'linkedin');
    const answer = await at(account, 'POST', rest('/posts'), bodyOf(account, 'a'), { 'linkedin-version': version });
    expect(answer.status).toBe(426);
  });

  it('answers each version with 426 for a persona whose versions have ended', async () => {
    expect((await post(await connectAt(sandbox, 'linkedin', 'post-old-version'), 'a')).status).toBe(426);
  });

  it.each([
    ['a text over 3,000', 'a'.repeat(3_001), {}, 400],
    ['another author', 'a', { author: 'urn:li:person:other' }, 403],
    ['an unknown visibility', 'a', { visibility: 'ALL' }, 400],
    ['no distribution', 'a', { distribution: undefined }, 400],
    ['one picture as several', 'a', { content: { multiImage: { images: [{ id: 'urn:li:image:C1' }] } } }, 400],
    ['media that does not exist', 'a', { content: { media: { id: 'urn:li:image:C1' } } }, 404],
  ])('refuses a post with %s', async (_what, commentary, over, status) => {
    expect((await post(await connectAt(sandbox, 'linkedin'), commentary, over)).status).toBe(status);
    expect(await effectsOf(sandbox, 'linkedin')).toEqual([]);
  });

  it('takes an image by a PUT, lets no member read it, and posts it', async () => {
    const account = await connectAt(sandbox, 'linkedin');
    const { value } = (
      await at(account, 'POST', rest('/images?action=initializeUpload'), {
        initializeUploadRequest: { owner: urn(account) },
      })
    ).body;
    const content = { content: { media: { id: value.image, altText: 'a picture' } } };
    expect((await post(account, 'early', content)).status).toBe(422);
    expect((await put(value.uploadUrl, 9)).status).toBe(201);
    expect((await at(account, 'GET', rest(`/images/${encodeURIComponent(value.image as string)}`))).status).toBe(403);
    expect((await post(account, 'ready', content)).status).toBe(201);
  });

  it('takes the parts of a video without a token, and finalizes it by their ETags in order', async () => {
    const account = await connectAt(sandbox, 'linkedin');
    const bytes = 5 * 1024 * 1024;
    const { value } = (
      await at(account, 'POST', rest('/videos?action=initializeUpload'), {
        initializeUploadRequest: { owner: urn(account), fileSizeBytes: bytes },
      })
    ).body;
    const parts = value.uploadInstructions as { firstByte: number; lastByte: number; uploadUrl: string }[];
    expect(parts.map(({ firstByte, lastByte }) => [firstByte, lastByte])).toEqual([
      [0, 4_194_303],
      [4_194_304, bytes - 1],
    ]);
    const etags = [];
    for (const { firstByte, lastByte, uploadUrl } of parts) {
      const size = lastByte - firstByte + 1;
      expect((await put(uploadUrl, size, { authorization: 'Bearer a' })).status).toBe(400);
      expect((await put(uploadUrl, size - 1)).status).toBe(400);
      etags.push((await put(uploadUrl, size)).headers.get('etag')!.replaceAll('"', ''));
    }
    const finalize = (ids: string[]): Promise<Answer> =>
      at(account, 'POST', rest('/videos?action=finalizeUpload'), {
        finalizeUploadRequest: { video: value.video, uploadToken: '', uploadedPartIds: ids },
      });
    expect((await finalize([...etags].reverse())).status).toBe(400);
    expect((await finalize(etags)).status).toBe(200);
    const read = await at(account, 'GET', rest(`/videos/${encodeURIComponent(value.video as string)}`));
    expect(read.body.status).toBe('AVAILABLE');
    expect((await post(account, '', { content: { media: { id: value.video } } })).status).toBe(201);
  });

  it('lists no posts of a member', async () => {
    const account = await connectAt(sandbox, 'linkedin');
    expect((await at(account, 'GET', rest('/posts?q=author'))).status).toBe(403);
  });
});
