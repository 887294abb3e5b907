import { z } from 'zod';
import { CONNECTION_TYPES } from '#persistence';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { health, idOf, provider, time } from '../http/fields.js';

/** An account as the accounts surface shows it. */
export const accountSchema = z
  .object({
    id: idOf('acc'),
    provider,
    platform_account_id: z.string(),
    handle: z.string().nullable(),
    display_name: z.string().nullable(),
    avatar_url: z.string().nullable(),
    health,
    health_reason: z.string().nullable().describe('A stable code that says why.'),
    connection_type: z.enum(CONNECTION_TYPES),
    project_id: idOf('prj'),
    oauth_app_id: idOf('oa').nullable(),
    scopes: z.array(z.string()),
    token_expires_at: time.nullable().describe('Null where the token has no end.'),
    refresh_expires_at: time.nullable(),
    reauth_due_at: time.nullable().describe('After this day only the person can help.'),
    last_refreshed_at: time.nullable(),
    next_refresh_at: time.nullable(),
    last_probed_at: time.nullable(),
    connected_at: time.describe('The first connection; it stays.'),
    metadata: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Account' });

export type AccountView = z.output<typeof accountSchema>;

export const accountExample: AccountView = {
  id: 'acc_01h455vb4pex5vsknk084sn02q',
  provider: EXAMPLE_PROVIDER,
  platform_account_id: '1460323737035677698',
  handle: 'ada',
  display_name: 'Ada Lovelace',
  avatar_url: 'https://pbs.example/ada.jpg',
  health: 'active',
  health_reason: null,
  connection_type: 'oauth',
  project_id: 'prj_01h455vb4pex5vsknk084sn02r',
  oauth_app_id: 'oa_01h455vb4pex5vsknk084sn02s',
  scopes: ['tweet.read', 'tweet.write', 'users.read', 'offline.access'],
  token_expires_at: '2026-12-01T12:00:00Z',
  refresh_expires_at: null,
  reauth_due_at: null,
  last_refreshed_at: '2026-12-01T10:00:00Z',
  next_refresh_at: '2026-12-01T11:30:00Z',
  last_probed_at: null,
  connected_at: '2026-11-30T09:12:44Z',
  metadata: { user_ref: 'user-42' },
};
