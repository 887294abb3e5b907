import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { z } from 'zod';
import {
  type AccountRecord,
  type Disconnection,
  LEASE_REQUEST_STATUSES,
  type LeaseRequestRecord,
  rawText,
  text,
} from '#accounts';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { idInProjectsPath, idOf, isoTime, provider, ProjectsIdPipe, publicId, time } from '../http/fields.js';
import {
  listSocialAccountsQuery,
  socialAccountExample,
  socialAccountSchema,
  socialAccountView,
} from '../projects/social-account.schema.js';

const REQUEST_ID = 'lreq_01h455vb4pex5vsknk084sn02x';
const LEASED_ID = 'sa_01h455vb4pex5vsknk084sn02y';

export const LeaseRequestId = (name: string): ParameterDecorator => Param(name, new ProjectsIdPipe('lreq', name));
export const DescribeLeaseRequestId = (name: string): MethodDecorator =>
  ApiParam({ name, schema: idInProjectsPath('lreq', REQUEST_ID) });
export const LeasedAccountId = (): ParameterDecorator => Param('id', new ProjectsIdPipe('sa', 'id'));
export const DescribeLeasedAccountId = (): MethodDecorator =>
  ApiParam({ name: 'id', schema: idInProjectsPath('sa', LEASED_ID) });

const status = z.enum(LEASE_REQUEST_STATUSES, { error: `must be one of ${LEASE_REQUEST_STATUSES.join(', ')}` });
const COUNT = 'must be between 1 and 50';

export const requestLeasesBody = z.strictObject({
  platform: provider,
  count: z.int('must be a whole number').min(1, COUNT).max(50, COUNT),
  niche: text(120).optional().describe('What the accounts are for.'),
  note: rawText(1_000, { shortest: 1, lines: true }).optional().describe('For the operator.'),
});
export type RequestLeasesBody = z.output<typeof requestLeasesBody>;
export const requestLeasesExample: z.input<typeof requestLeasesBody> = {
  platform: EXAMPLE_PROVIDER,
  count: 2,
  niche: 'cooking',
};

export const requestedLeasesSchema = z
  .object({ requestId: idOf('lreq'), status: z.literal('requested') })
  .meta({ id: 'RequestedLeases' });
export type RequestedLeasesView = z.output<typeof requestedLeasesSchema>;
export const requestedLeasesExample: RequestedLeasesView = { requestId: REQUEST_ID, status: 'requested' };
export const requestedLeasesView = (id: string): RequestedLeasesView => ({
  requestId: publicId('lreq', id),
  status: 'requested',
});

const requestFields = {
  requestId: idOf('lreq'),
  status,
  platform: provider,
  count: z.int(),
  niche: z.string().nullable(),
  note: z.string().nullable(),
  reason: z.string().nullable().describe('Why it was rejected, or closed while it was partial.'),
  assignedCount: z.int().describe('Accounts that were assigned, released ones included.'),
  createdAt: time,
  closedAt: time.nullable().describe('Since then it gets no more accounts; null: it may get more.'),
};

/** A request as its project sees it. */
export const leaseRequestSchema = z
  .object({ ...requestFields, leasedAccountIds: z.array(idOf('sa')).describe('Released ones included.') })
  .meta({ id: 'LeaseRequest' });
export type LeaseRequestView = z.output<typeof leaseRequestSchema>;

const exampleFields = {
  requestId: REQUEST_ID,
  status: 'partial' as const,
  platform: EXAMPLE_PROVIDER,
  count: 2,
  niche: 'cooking',
  note: null,
  reason: null,
  assignedCount: 1,
  createdAt: '2026-12-01T09:00:00Z',
  closedAt: null,
};
export const leaseRequestExample: LeaseRequestView = { ...exampleFields, leasedAccountIds: [LEASED_ID] };

const commonView = (request: LeaseRequestRecord) => ({
  requestId: publicId('lreq', request.id),
  status: request.status,
  platform: request.provider,
  count: request.count,
  niche: request.niche,
  note: request.note,
  reason: request.reason,
  assignedCount: request.accountIds.length,
  createdAt: isoTime(request.createdAt),
  closedAt: isoTime(request.closedAt),
});

export const leaseRequestView = (request: LeaseRequestRecord): LeaseRequestView => ({
  ...commonView(request),
  leasedAccountIds: request.accountIds.map((id) => publicId('sa', id)),
});

/** The same as an operator sees it: whose it is, and no id of an account of that workspace. */
export const operatorRequestSchema = z
  .object({ ...requestFields, workspace: z.string(), projectId: idOf('prj') })
  .meta({ id: 'OperatorLeaseRequest' });
export type OperatorRequestView = z.output<typeof operatorRequestSchema>;
export const operatorRequestExample: OperatorRequestView = {
  ...exampleFields,
  workspace: 'acme',
  projectId: 'prj_01h455vb4pex5vsknk084sn02v',
};
export const operatorRequestView = (request: LeaseRequestRecord): OperatorRequestView => ({
  ...commonView(request),
  workspace: request.workspace,
  projectId: publicId('prj', request.projectId),
});

/** A leased account in the list of leased accounts: `leasedAccountId` is its `socialAccountId`. */
const leasedAccountSchema = z
  .object({ leasedAccountId: idOf('sa'), ...socialAccountSchema.shape })
  .meta({ id: 'LeasedAccount' });
type LeasedAccountView = z.output<typeof leasedAccountSchema>;

export const leasedAccountView = (account: AccountRecord): LeasedAccountView => ({
  leasedAccountId: publicId('sa', account.id),
  ...socialAccountView(account),
});

export const listLeasedAccountsQuery = listSocialAccountsQuery.omit({ leased: true });
export type ListLeasedAccountsQuery = z.output<typeof listLeasedAccountsQuery>;

export const leasedAccountPageSchema = z
  .object({ items: z.array(leasedAccountSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'LeasedAccountPage' });
export type LeasedAccountPageView = z.output<typeof leasedAccountPageSchema>;
export const leasedAccountPageExample: LeasedAccountPageView = {
  items: [{ ...socialAccountExample, leasedAccountId: LEASED_ID, socialAccountId: LEASED_ID, leased: true }],
  nextCursor: null,
};

export const releasedAccountSchema = z
  .object({
    leasedAccountId: idOf('sa'),
    status: z.literal('disconnected'),
    disconnectedReason: z.literal('released_by_partner'),
    canceledScheduledPosts: z.int().describe('Posts of this account that were queued.'),
    disconnectedAt: time,
  })
  .meta({ id: 'ReleasedAccount' });
export type ReleasedAccountView = z.output<typeof releasedAccountSchema>;

export const releasedAccountExample: ReleasedAccountView = {
  leasedAccountId: LEASED_ID,
  status: 'disconnected',
  disconnectedReason: 'released_by_partner',
  canceledScheduledPosts: 0,
  disconnectedAt: '2026-12-01T12:00:00Z',
};

export const releasedAccountView = (
  id: string,
  { canceledPosts, disconnectedAt }: Disconnection,
): ReleasedAccountView => ({
  ...releasedAccountExample,
  leasedAccountId: publicId('sa', id),
  canceledScheduledPosts: canceledPosts,
  disconnectedAt: isoTime(disconnectedAt),
});
