import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Flow } from '../../../../test/support/flow.js';
import { grantOf } from '../../../../test/support/flow-rows.js';
import { readUnclaimed } from '../store/unclaimed-grants.js';
import { claimAndOpen } from './refresh.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

describe('a grant that came to another app while its refresh waited', () => {
  it('is opened with the app that it has now: one app is never answered for with the secret of another', async () => {
    const { id } = await grantOf(flow, await flow.connect('x', 'happy'));
    const ahead = await readUnclaimed(flow.pool, id, true);
    const stale = { ...ahead!, appId: randomUUID() };
    const { claim, app, clientSecret } = await claimAndOpen(flow.context(), stale, { holder: 'us', forced: true });
    expect(app?.id).toBe(ahead?.appId);
    expect(claim?.grant.oauthAppId).toBe(ahead?.appId);
    expect(clientSecret).not.toBeNull();
  });
});
