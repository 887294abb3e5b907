import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Flow } from '../../../../test/support/flow.js';
import { tokenSetWaits } from './waiting-token-sets.js';

let flow: Flow;
let oauthAppId: string;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(async () => {
  await flow.begin();
  await flow.fault({ endpoint: 'identity', times: 10, status: 503 });
  await flow.callback(await flow.decide((await flow.start('x')).authorizeUrl));
  oauthAppId = (
    await flow.one<{ id: string }>(`select oauth_app_id as id from connect_attempts where workspace_id = $1`, [
      flow.tenant.workspaceId,
    ])
  ).id;
});

const waits = (platformUserId: string | null, firstStrikeAt?: Date): Promise<boolean> =>
  tokenSetWaits(flow.pool, { oauthAppId, platformUserId, firstStrikeAt });

describe('a token set that waits for its person', () => {
  it('delays the decision on any grant of the app for an hour, and no longer, whether or not a sweep ends it', async () => {
    expect([await waits('1'), await waits(null)]).toEqual([true, true]);
    await flow.pass(3_601);
    expect([await waits('1'), await waits(null)]).toEqual([false, false]);
  });

  it('delays no decision on a grant that was refused long before it, so that a chain of such attempts has an end', async () => {
    expect([await waits('1', new Date()), await waits('1', new Date(Date.now() - 660_000))]).toEqual([true, false]);
    await flow.pool.query(`update connect_attempts set platform_user_id = '1' where oauth_app_id = $1`, [oauthAppId]);
    expect([await waits('1', new Date(Date.now() - 660_000)), await waits('2')]).toEqual([true, false]);
  });
});
