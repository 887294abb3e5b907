import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { transaction } from '#persistence';
import { retireGrant } from '#tokens';
import { Flow } from '../../../../test/support/flow.js';
import { waitForLocks } from '../../../../test/support/held-table.js';
import { findActiveGrant, type PersonOfClient } from './active-grant.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const PERSON_OF = `
  select grants.id as "grantId", app.environment, app.provider, app.client_id as "clientId", app.id as "oauthAppId",
    grants.platform_user_id as "platformUserId"
  from accounts join grants on grants.id = accounts.grant_id join oauth_apps app on app.id = grants.oauth_app_id
  where accounts.id = $1`;

it('a grant whose tokens are destroyed while its lock is awaited is not active', async () => {
  const account = await flow.connect('x');
  const person = await flow.one<PersonOfClient & { grantId: string }>(PERSON_OF, [account]);
  expect(await findActiveGrant(flow.pool, person)).toMatchObject({ id: person.grantId });
  const found = await transaction(flow.pool, async (tx) => {
    await tx.query("update accounts set health = 'disconnected' where id = $1", [account]);
    await retireGrant(flow.context(), tx, person.grantId);
    const search = findActiveGrant(flow.pool, person);
    await waitForLocks(flow.pool, 1);
    return { search };
  });
  expect(await found.search).toBeUndefined();
});
