import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sandboxes } from '#providers/sandbox';
import { TestSandbox } from '../../../../test/support/sandbox.js';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const calling = sandboxes.filter(({ push }) => push).map(({ name }) => name);
const withoutPush = sandboxes.filter(({ push }) => !push).map(({ name }) => name);
const push_url = 'http://127.0.0.1:9/callbacks';

describe.each(calling)('where %s calls an app', (provider) => {
  it('is kept over a restart, and deleted with everything else', async () => {
    expect(await sandbox.control('POST', '/apps', { provider, client_id: 'a', push_url })).toMatchObject({
      status: 200,
      body: { push_url },
    });
    await sandbox.restart();
    expect((await sandbox.control('GET', '/apps')).body).toMatchObject([{ provider, client_id: 'a', push_url }]);
    await sandbox.control('DELETE', '');
    expect(
      (await sandbox.control('POST', '/apps', { provider, client_id: 'a', grace_seconds: 1 })).body,
    ).not.toHaveProperty('push_url');
  });

  it('stays when something else of the app is set', async () => {
    await sandbox.control('POST', '/apps', { provider, client_id: 'a', push_url });
    expect(
      (await sandbox.control('POST', '/apps', { provider, client_id: 'a', access_ttl_seconds: 9 })).body,
    ).toMatchObject({ push_url });
  });

  it.each(['ftp://127.0.0.1/', 'callbacks', ''])('must be a URL of the web, not "%s"', async (wrong) => {
    const answer = await sandbox.control('POST', '/apps', { provider, client_id: 'a', push_url: wrong });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'push_url' }] } });
  });
});

describe('a platform without pushes', () => {
  it.each(withoutPush)('takes no URL to call: %s', async (provider) => {
    const answer = await sandbox.control('POST', '/apps', { provider, client_id: 'a', push_url });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'push_url' }] } });
  });
});
