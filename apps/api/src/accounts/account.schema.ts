import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { z } from 'zod';
import { ACCOUNT_SORTS, type AccountRecord, rawText, text } from '#accounts';
import { CONNECTION_TYPES } from '#persistence';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import {
  cursor,
  hasOneProvider,
  health,
  idField,
  idInPath,
  idOf,
  isoTime,
  limit,
  provider,
  providerFilter,
  publicId,
  PublicIdPipe,
  time,
  timeText,
  TWO_PROVIDERS,
} from '../http/fields.js';

/** An account in a response. */
export const accountSchema = z
  .object({
    id: idOf('acc'),
    provider,
    platform_account_id: z.string(),
    handle: z.string().nullable(),
    display_name: z.string().nullable(),
    avatar_url: z.string().nullable(),
    health,
    health_reason: z.string().nullable().describe('A stable code of the reason.'),
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

/** The members of an account that clients see. */
export const accountView = (account: AccountRecord): AccountView => ({
  id: publicId('acc', account.id),
  provider: account.provider,
  platform_account_id: account.platformAccountId,
  handle: account.handle,
  display_name: account.displayName,
  avatar_url: account.avatarUrl,
  health: account.health,
  health_reason: account.healthReason,
  connection_type: account.connectionType,
  project_id: publicId('prj', account.projectId),
  oauth_app_id: account.oauthAppId && publicId('oa', account.oauthAppId),
  scopes: account.scopes,
  token_expires_at: isoTime(account.tokenExpiresAt),
  refresh_expires_at: isoTime(account.refreshExpiresAt),
  reauth_due_at: isoTime(account.reauthDueAt),
  last_refreshed_at: isoTime(account.lastRefreshedAt),
  next_refresh_at: isoTime(account.nextRefreshAt),
  last_probed_at: isoTime(account.lastProbedAt),
  connected_at: isoTime(account.connectedAt),
  metadata: account.metadata,
});

/** The account id in the path as a UUID; a malformed id gets the answer of an unknown account. */
export const AccountId = (): ParameterDecorator => Param('id', new PublicIdPipe('acc', 'account.not_found', 'account'));

/** The account id in the documentation of a route. */
export const DescribeAccountId = (): MethodDecorator =>
  ApiParam({ name: 'id', schema: idInPath('acc', accountExample.id) });

/** The filters of the list of accounts, and its page. */
export const listAccountsQuery = z
  .strictObject({
    ...providerFilter,
    health: health.optional(),
    connection_type: z.enum(CONNECTION_TYPES, { error: `must be one of ${CONNECTION_TYPES.join(', ')}` }).optional(),
    project_id: idField('prj').optional(),
    q: rawText(100, { shortest: 1 })
      .optional()
      .describe('Part of the handle, the display name or a metadata value, in any case.'),
    reauth_due_before: timeText
      .optional()
      .describe('Accounts that need their person again before this time, ISO 8601 with a zone.'),
    sort: z
      .enum(ACCOUNT_SORTS, { error: `must be one of ${ACCOUNT_SORTS.join(', ')}` })
      .default('connected_at')
      .describe('connected_at: newest first. reauth_due_at: the next one first; accounts without one are left out.'),
    limit,
    cursor: cursor.optional(),
  })
  .refine(hasOneProvider, TWO_PROVIDERS);

export type ListAccountsQuery = z.output<typeof listAccountsQuery>;

export const accountPageSchema = z
  .object({
    items: z.array(accountSchema),
    next_cursor: z.string().nullable(),
    total: z.int().describe("What the filters match; on later pages it may be the first page's."),
    total_capped: z.literal(true).optional().describe('With q or reauth_due_before the count stops at 10,000.'),
  })
  .meta({ id: 'AccountPage' });

export type AccountPageView = z.output<typeof accountPageSchema>;

export const accountPageExample: AccountPageView = { items: [accountExample], next_cursor: null, total: 1 };

const MAX_METADATA_KEYS = 50;
const MAX_METADATA_VALUE_LENGTH = 500;

const metadataKey = z.string().regex(/^[\x21-\x7e]{1,64}$/, 'has a key that is not 1 to 64 visible ASCII characters');
const metadataValue = rawText(MAX_METADATA_VALUE_LENGTH, { lines: true });
const hasFewKeys = (given: object): boolean => Object.keys(given).length <= MAX_METADATA_KEYS;
const TOO_MANY_KEYS = `must have at most ${MAX_METADATA_KEYS} keys`;

/** Keys and values chosen by the customer. */
export const newMetadata = z.record(metadataKey, metadataValue).refine(hasFewKeys, TOO_MANY_KEYS);

/** The same as a change: null removes a key. */
const metadata = z
  .record(metadataKey, metadataValue.nullable())
  .refine(hasFewKeys, TOO_MANY_KEYS)
  .describe('Merged into what is there: other keys stay, null takes one away.');

export const updateAccountBody = z.strictObject({
  handle: text(255).optional().describe('Until the person connects again: then it is the value of the platform.'),
  metadata: metadata.optional(),
  project_id: idField('prj').optional(),
});

export type UpdateAccountBody = z.output<typeof updateAccountBody>;

export const updateAccountExample: z.input<typeof updateAccountBody> = { metadata: { team: 'north', old_key: null } };

/** The response to a forced refresh. */
export const refreshedAccountSchema = z
  .object({ id: idOf('acc'), health, token_expires_at: time.nullable() })
  .meta({ id: 'RefreshedAccount' });

export type RefreshedAccountView = z.output<typeof refreshedAccountSchema>;

export const refreshedAccountExample: RefreshedAccountView = {
  id: 'acc_01h455vb4pex5vsknk084sn02q',
  health: 'active',
  token_expires_at: '2026-12-01T12:00:00Z',
};

export const refreshedAccountView = (
  account: Pick<AccountRecord, 'id' | 'health' | 'tokenExpiresAt'>,
): RefreshedAccountView => ({
  id: publicId('acc', account.id),
  health: account.health,
  token_expires_at: isoTime(account.tokenExpiresAt),
});
