import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CreateAccount, RetireUnusedGrants } from '#accounts';
import { Secret } from '#observability';
import { CLIENT_SECRET, Flow, PUBLIC_URL } from '../../../../test/support/flow.js';
import { HeldTable } from '../../../../test/support/held-table.js';
import { OwnOAuth } from '../../../../test/support/supplied-tokens.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
  await flow.begin();
});
afterAll(() => flow.close());

it('revokes nothing where tokens without an app replace those of a consent that is stored at the same moment', async () => {
  const { clientId } = await flow.one<{ clientId: string }>(
    `select client_id as "clientId" from oauth_apps where workspace_id = $1 and provider = 'x'`,
    [flow.tenant.workspaceId],
  );
  const redirectUri = `${PUBLIC_URL}/v1/oauth/x/callback`;
  const own = new OwnOAuth(flow.sandbox.url, 'x', { clientId, clientSecret: CLIENT_SECRET, redirectUri });
  const back = await flow.decide((await flow.start('x')).authorizeUrl);
  const held = await HeldTable.hold(flow.pool, 'account_events');
  const landing = flow.callback(back);
  await held.isWaitedFor(1);
  const { access_token: token } = await own.tokens();
  const supplied = flow.get(CreateAccount).execute({
    tenant: flow.tenant,
    provider: 'x',
    platformAccountId: await own.userId(token),
    credentials: { accessToken: new Secret(token), profileFields: {} },
  });
  await held.isWaitedFor(2);
  await held.release();
  await Promise.all([landing, supplied]);
  await flow.get(RetireUnusedGrants).sweep();
  await flow.revoked();
  const grants = await flow.many(
    `select exists (select from grant_tokens where grant_id = grants.id) as holds, platform_user_id is null as manual
     from grants where workspace_id = $1 order by created_at, id`,
    [flow.tenant.workspaceId],
  );
  expect(grants).toEqual([
    { holds: false, manual: false },
    { holds: true, manual: true },
  ]);
  expect(await flow.calls('revoke')).toEqual([]);
  expect(await own.accepts(token)).toBe(true);
});
