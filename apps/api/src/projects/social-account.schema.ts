import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { z } from 'zod';
import {
  ACCOUNT_STATUSES,
  type AccountHealthRecord,
  type AccountRecord,
  type AccountToActOn,
  type Disconnection,
  PROBE_STATES,
  type ProjectHealthRecord,
  RECOMMENDATIONS,
  statusOf,
  TOKEN_STATES,
} from '#accounts';
import { provisioningView } from '../accounts/account-health.schema.js';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { idInProjectsPath, idOf, isoTime, provider, ProjectsIdPipe, publicId, time } from '../http/fields.js';
import { pageQuery } from './project.schema.js';

const status = z.enum(ACCOUNT_STATUSES, { error: `must be one of ${ACCOUNT_STATUSES.join(', ')}` });
const SOCIAL_ACCOUNT_ID = 'sa_01h455vb4pex5vsknk084sn02q';

/** The account of a route, as the UUID behind its id. */
export const SocialAccountId = (): ParameterDecorator => Param('id', new ProjectsIdPipe('sa', 'id'));
export const DescribeSocialAccountId = (): MethodDecorator =>
  ApiParam({ name: 'id', schema: idInProjectsPath('sa', SOCIAL_ACCOUNT_ID) });

/** An account in a list. */
export const socialAccountSchema = z
  .object({
    socialAccountId: idOf('sa').describe('The same account as `acc_…` on the accounts surface, with the same suffix.'),
    platform: provider,
    handle: z.string().nullable(),
    avatarUrl: z.string().nullable(),
    status,
    leased: z.boolean(),
    connectedAt: time,
    tokenExpiresAt: time.nullable().describe('Null where the token has no end.'),
    disconnectedAt: time.optional().describe('With status disconnected.'),
    disconnectedReason: z.string().optional().describe('With status disconnected.'),
  })
  .meta({ id: 'SocialAccount' });
export type SocialAccountView = z.output<typeof socialAccountSchema>;

export const socialAccountExample: SocialAccountView = {
  socialAccountId: SOCIAL_ACCOUNT_ID,
  platform: EXAMPLE_PROVIDER,
  handle: 'ada',
  avatarUrl: 'https://pbs.example/ada.jpg',
  status: 'connected',
  leased: false,
  connectedAt: '2026-12-01T09:00:00Z',
  tokenExpiresAt: '2026-12-01T12:00:00Z',
};

/** Both surfaces disconnect in the same way; this one has a word of its own for it. */
const reasonOf = (reason: string | null): string =>
  reason === null || reason === 'revoked_by_client' ? 'revoked_by_partner' : reason;

export const socialAccountView = (account: AccountRecord): SocialAccountView => ({
  socialAccountId: publicId('sa', account.id),
  platform: account.provider,
  handle: account.handle,
  avatarUrl: account.avatarUrl,
  status: statusOf(account.health),
  leased: account.connectionType === 'leased',
  connectedAt: isoTime(account.connectedAt),
  tokenExpiresAt: isoTime(account.tokenExpiresAt),
  ...(account.disconnectedAt && {
    disconnectedAt: isoTime(account.disconnectedAt),
    disconnectedReason: reasonOf(account.disconnectedReason),
  }),
});

export const trueOrFalse = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((given) => given === 'true');

export const listSocialAccountsQuery = z.strictObject({
  platform: provider.optional(),
  status: status.optional().describe('By default all but disconnected.'),
  leased: trueOrFalse.optional(),
  ...pageQuery,
});
export type ListSocialAccountsQuery = z.output<typeof listSocialAccountsQuery>;

export const socialAccountPageSchema = z
  .object({ items: z.array(socialAccountSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'SocialAccountPage' });
export type SocialAccountPageView = z.output<typeof socialAccountPageSchema>;
export const socialAccountPageExample: SocialAccountPageView = { items: [socialAccountExample], nextCursor: null };

const provisioning = z.object({
  state: z.enum(['pending', 'provisioning', 'ready', 'failed', 'released']),
  steps: z.array(z.object({ name: z.string(), state: z.string(), at: time })),
});

/** The health of one account. */
export const socialAccountHealthSchema = z
  .object({
    socialAccountId: idOf('sa'),
    status,
    token: z.object({
      state: z.enum(TOKEN_STATES),
      expiresAt: time.nullable(),
      refreshExpiresAt: time.nullable(),
      lastRefreshedAt: time.nullable(),
      nextRefreshAt: time.nullable(),
      lastError: z.string().nullable().describe("The platform's own code of the last refusal since the last ok."),
    }),
    provisioning,
    probe: z.object({ state: z.enum(PROBE_STATES), at: time.nullable(), nextAt: time.nullable() }),
    recommendation: z.enum(RECOMMENDATIONS),
  })
  .meta({ id: 'SocialAccountHealth' });
export type SocialAccountHealthView = z.output<typeof socialAccountHealthSchema>;

export const socialAccountHealthExample: SocialAccountHealthView = {
  socialAccountId: SOCIAL_ACCOUNT_ID,
  status: 'connected',
  token: {
    state: 'valid',
    expiresAt: '2026-12-01T12:00:00Z',
    refreshExpiresAt: null,
    lastRefreshedAt: '2026-12-01T10:00:00Z',
    nextRefreshAt: '2026-12-01T11:36:20Z',
    lastError: null,
  },
  provisioning: { state: 'ready', steps: [] },
  probe: { state: 'ok', at: '2026-12-01T09:12:44Z', nextAt: '2026-12-02T10:01:02Z' },
  recommendation: 'none',
};

export const socialAccountHealthView = (record: AccountHealthRecord): SocialAccountHealthView => ({
  socialAccountId: publicId('sa', record.id),
  status: statusOf(record.health),
  token: {
    state: record.token.state,
    expiresAt: isoTime(record.token.expiresAt),
    refreshExpiresAt: isoTime(record.token.refreshExpiresAt),
    lastRefreshedAt: isoTime(record.token.lastRefreshedAt),
    nextRefreshAt: isoTime(record.token.nextRefreshAt),
    lastError: record.token.lastError,
  },
  provisioning: provisioningView(record.provisioning),
  probe: { state: record.probe.state, at: isoTime(record.probe.at), nextAt: isoTime(record.probe.nextAt) },
  recommendation: record.recommendation,
});

/** The answer to a disconnect. */
export const revokedAccountSchema = z
  .object({
    socialAccountId: idOf('sa'),
    status: z.literal('disconnected'),
    disconnectedReason: z.literal('revoked_by_partner'),
    canceledScheduledPosts: z
      .int()
      .describe("Posts of this account that were queued; one account's part of a job is one."),
    disconnectedAt: time,
  })
  .meta({ id: 'RevokedSocialAccount' });
export type RevokedAccountView = z.output<typeof revokedAccountSchema>;

export const revokedAccountExample: RevokedAccountView = {
  socialAccountId: SOCIAL_ACCOUNT_ID,
  status: 'disconnected',
  disconnectedReason: 'revoked_by_partner',
  canceledScheduledPosts: 0,
  disconnectedAt: '2026-12-01T12:00:00Z',
};

export const revokedAccountView = (
  id: string,
  { canceledPosts, disconnectedAt }: Disconnection,
): RevokedAccountView => ({
  socialAccountId: publicId('sa', id),
  status: 'disconnected',
  disconnectedReason: 'revoked_by_partner',
  canceledScheduledPosts: canceledPosts,
  disconnectedAt: isoTime(disconnectedAt),
});

export const projectHealthQuery = z.strictObject(pageQuery);
export type ProjectHealthQuery = z.output<typeof projectHealthQuery>;

/** The health of a whole project. */
export const projectHealthSchema = z
  .object({
    counts: z.object({ connected: z.int(), reauth_required: z.int(), disconnected: z.int() }),
    byReason: z.record(z.string(), z.int()).describe('Connected accounts by the reason of their health.'),
    needsAction: z
      .array(
        z.object({
          socialAccountId: idOf('sa'),
          platform: provider,
          handle: z.string().nullable(),
          status,
          reason: z.string().nullable(),
          recommendation: z.enum(RECOMMENDATIONS),
          since: time,
        }),
      )
      .describe('Accounts on which a person has to act; those that have waited longest first.'),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'ProjectHealth' });
export type ProjectHealthView = z.output<typeof projectHealthSchema>;

export const projectHealthExample: ProjectHealthView = {
  counts: { connected: 41, reauth_required: 1, disconnected: 3 },
  byReason: { grant_revoked: 1 },
  needsAction: [
    {
      socialAccountId: SOCIAL_ACCOUNT_ID,
      platform: EXAMPLE_PROVIDER,
      handle: 'ada',
      status: 'reauth_required',
      reason: 'grant_revoked',
      recommendation: 'reconnect',
      since: '2026-12-01T08:00:00Z',
    },
  ],
  nextCursor: null,
};

export const projectHealthView = (record: ProjectHealthRecord): ProjectHealthView => ({
  counts: record.counts,
  byReason: record.byReason,
  needsAction: record.needsAction.map(toActOnView),
  nextCursor: record.nextCursor,
});

const toActOnView = (account: AccountToActOn): ProjectHealthView['needsAction'][number] => ({
  socialAccountId: publicId('sa', account.id),
  platform: account.provider,
  handle: account.handle,
  status: statusOf(account.health),
  reason: account.healthReason,
  recommendation: account.recommendation,
  since: isoTime(account.since),
});
