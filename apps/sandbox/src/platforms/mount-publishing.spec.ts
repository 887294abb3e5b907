import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { personas, sandboxes } from '#providers/sandbox';
import { callAs, connectAt, effectsOf } from '../../../../test/support/posting-client.js';
import { TestSandbox } from '../../../../test/support/sandbox.js';

let sandbox: TestSandbox;
const call = callAs(() => sandbox);
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const name = sandboxes[0]!.name;
const POSTS = 'https://api.x.com/2/tweets';

describe.each(sandboxes.filter(({ publishing }) => publishing !== undefined))(
  'publishing at the imitation of $title',
  (definition) => {
    it('serves every endpoint, and refuses a call without a token in the words of the platform', async () => {
      for (const { url, method } of definition.publishing!.endpoints) {
        const answer = await sandbox.call(url.replaceAll(/:(?=[a-z])/g, ''), { method });
        expect([400, 401, 403, 404]).toContain(answer.status);
        expect(answer.body).not.toMatchObject({ message: expect.stringContaining('Route') });
      }
    });

    it('can fail at each of its steps', async () => {
      const steps = new Set(definition.publishing!.endpoints.map(({ step }) => step));
      for (const endpoint of [...steps]) {
        const planned = await sandbox.control('POST', '/faults', { provider: definition.name, endpoint, status: 503 });
        expect(planned.status).toBe(201);
      }
      expect(steps.has('commit')).toBe(true);
    });

    it('lets personas happen whose refusals it has words for', () => {
      const offered = personas.filter(({ key }) => !Object.hasOwn(definition.impossiblePersonas, key));
      const refusals = offered.flatMap(({ traits }) => traits.posting?.commitRefused ?? []);
      expect(definition.publishing!.ownRefusals).toEqual(expect.arrayContaining(refusals));
      expect(refusals).toContain('quota_spent');
    });
  },
);

describe('the ledger of effects', () => {
  it('counts a post whose answer is lost, by a fault or for a persona', async () => {
    const account = await connectAt(sandbox, name);
    await sandbox.control('POST', '/faults', { provider: name, endpoint: 'commit', drop: 'after' });
    await expect(call(account, 'POST', POSTS, { text: 'lost by a fault' })).rejects.toThrow();
    const lossy = await connectAt(sandbox, name, 'post-answer-lost');
    await expect(call(lossy, 'POST', POSTS, { text: 'lost for a persona' })).rejects.toThrow();
    expect((await effectsOf(sandbox, name)).map(({ text }) => text)).toEqual(['lost by a fault', 'lost for a persona']);
  });

  it('counts no post that was cut before its effect, and the second call for it', async () => {
    const account = await connectAt(sandbox, name, 'post-answer-lost-before');
    await expect(call(account, 'POST', POSTS, { text: 'cut' })).rejects.toThrow();
    expect(await effectsOf(sandbox, name)).toEqual([]);
    expect((await call(account, 'POST', POSTS, { text: 'cut' })).status).toBe(201);
    expect(await effectsOf(sandbox, name)).toHaveLength(1);
  });

  it('counts a post whose answer a gateway replaces, and none whose call it replaces', async () => {
    const account = await connectAt(sandbox, name);
    for (const when of ['after', 'before']) {
      await sandbox.control('POST', '/faults', { provider: name, endpoint: 'commit', status: 502, when });
      expect((await call(account, 'POST', POSTS, { text: when })).status).toBe(502);
    }
    expect((await effectsOf(sandbox, name)).map(({ text }) => text)).toEqual(['after']);
  });

  it('keeps posts over a restart, in their order, and deletes them with everything else', async () => {
    const account = await connectAt(sandbox, name);
    for (const text of ['one', 'two']) await call(account, 'POST', POSTS, { text });
    await sandbox.restart();
    await call(account, 'POST', POSTS, { text: 'three' });
    expect((await effectsOf(sandbox, name)).map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    await sandbox.control('DELETE', '');
    expect((await sandbox.control('GET', '/effects')).body).toEqual([]);
  });

  it('refuses a platform that does not exist', async () => {
    expect(await sandbox.control('GET', '/effects?provider=unknown')).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'provider' }] },
    });
  });
});
