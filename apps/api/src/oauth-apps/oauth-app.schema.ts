import { z } from 'zod';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { idOf, provider, time } from '../http/fields.js';

/** The customer's own app at a platform; its secret never comes back. */
export const oauthAppSchema = z
  .object({
    id: idOf('oa'),
    provider,
    name: z.string(),
    client_id: z.string(),
    redirect_uri: z.string().describe('Register exactly this at the platform.'),
    scopes: z.array(z.string()),
    allowed_return_urls: z.array(z.string()),
    completion: z.enum(['immediate', 'confirm']),
    is_default: z.boolean(),
    status: z.enum(['active', 'paused', 'misconfigured']),
    status_reason: z.string().nullable(),
    paused_until: time.nullable(),
    created_at: time,
  })
  .meta({ id: 'OAuthApp' });

export type OAuthAppView = z.output<typeof oauthAppSchema>;

export const oauthAppExample: OAuthAppView = {
  id: 'oa_01h455vb4pex5vsknk084sn02s',
  provider: EXAMPLE_PROVIDER,
  name: 'Our app',
  client_id: 'WlVqTnRzR2hCY0dWb1lXNW5l',
  redirect_uri: `https://connect.example.com/v1/oauth/${EXAMPLE_PROVIDER}/callback`,
  scopes: ['tweet.read', 'tweet.write', 'users.read', 'offline.access'],
  allowed_return_urls: ['https://app.example.com/settings'],
  completion: 'immediate',
  is_default: true,
  status: 'active',
  status_reason: null,
  paused_until: null,
  created_at: '2026-11-30T09:00:00Z',
};
