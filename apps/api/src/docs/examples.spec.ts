import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { accountEventPageExample, accountEventPageSchema } from '../accounts/account-event.schema.js';
import { accountHealthExample, accountHealthSchema } from '../accounts/account-health.schema.js';
import {
  accountPageExample,
  accountPageSchema,
  refreshedAccountExample,
  refreshedAccountSchema,
  updateAccountBody,
  updateAccountExample,
} from '../accounts/account.schema.js';
import {
  apiKeyExample,
  apiKeySchema,
  createApiKeyBody,
  createApiKeyExample,
  newApiKeyExample,
  newApiKeySchema,
} from '../api-keys/api-key.schema.js';
import {
  attemptExample,
  attemptSchema,
  confirmableAttemptExample,
  confirmAttemptBody,
  confirmAttemptExample,
  selectableAttemptExample,
  selectAccountsBody,
  selectAccountsExample,
} from '../connect/attempt.schema.js';
import {
  startedConnectExample,
  startedConnectSchema,
  startReauthBody,
  startReauthExample,
} from '../connect/start-connect.schema.js';
import { notReadyExample, readyExample, readySchema } from '../health/health.schema.js';
import {
  createOAuthAppBody,
  createOAuthAppExample,
  oauthAppExample,
  oauthAppSchema,
  updateOAuthAppBody,
  updateOAuthAppExample,
} from '../oauth-apps/oauth-app.schema.js';

/** Every member must be in the schema, so that an example cannot show what is never sent. */
const strict = (schema: z.ZodType): z.ZodType => (schema instanceof z.ZodObject ? schema.strict() : schema);

describe('the examples of the documentation', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['a page of accounts', accountPageSchema, accountPageExample],
    ['a page of events', accountEventPageSchema, accountEventPageExample],
    ['a refreshed account', refreshedAccountSchema, refreshedAccountExample],
    ['the health of an account', accountHealthSchema, accountHealthExample],
    ['the body for a change of an account', updateAccountBody, updateAccountExample],
    ['an API key', apiKeySchema, apiKeyExample],
    ['a new API key', newApiKeySchema, newApiKeyExample],
    ['the body for a new API key', createApiKeyBody, createApiKeyExample],
    ['an attempt', attemptSchema, attemptExample],
    ['an attempt that waits for a selection', attemptSchema, selectableAttemptExample],
    ['the body for a selection', selectAccountsBody, selectAccountsExample],
    ['an attempt that waits for a confirmation', attemptSchema, confirmableAttemptExample],
    ['the body for a confirmation', confirmAttemptBody, confirmAttemptExample],
    ['the body for a reauth', startReauthBody, startReauthExample],
    ['a started attempt', startedConnectSchema, startedConnectExample],
    ['readiness', readySchema, readyExample],
    ['no readiness', readySchema, notReadyExample],
    ['the body for an app', createOAuthAppBody, createOAuthAppExample],
    ['the body for a change of an app', updateOAuthAppBody, updateOAuthAppExample],
    ['an app', oauthAppSchema, oauthAppExample],
  ])('match the schema of %s', (_what, schema, example) => {
    expect(strict(schema).safeParse(example)).toMatchObject({ success: true });
  });
});
