import { Body, Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { LeaseRequests, ListProjectAccounts, ReleaseLease } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import { DescribeProjectId, ProjectId } from '../projects/project.schema.js';
import {
  DescribeLeasedAccountId,
  DescribeLeaseRequestId,
  LeasedAccountId,
  leasedAccountPageExample,
  leasedAccountPageSchema,
  type LeasedAccountPageView,
  leasedAccountView,
  leaseRequestExample,
  LeaseRequestId,
  leaseRequestSchema,
  leaseRequestView,
  type LeaseRequestView,
  listLeasedAccountsQuery,
  type ListLeasedAccountsQuery,
  releasedAccountExample,
  releasedAccountSchema,
  releasedAccountView,
  type ReleasedAccountView,
  requestedLeasesExample,
  requestedLeasesSchema,
  requestedLeasesView,
  type RequestedLeasesView,
  requestLeasesBody,
  type RequestLeasesBody,
  requestLeasesExample,
} from './lease.schema.js';

/** Accounts of the operator's pool in a project. */
@ApiTags('Leased accounts')
@Controller('/v1/projects/:projectId/leased-accounts')
export class ProjectLeasesController {
  constructor(
    private readonly requests: LeaseRequests,
    private readonly listAccounts: ListProjectAccounts,
  ) {}

  @Post('/request')
  @DescribeProjectId()
  @HttpCode(202)
  @Idempotent()
  @Scopes('leases:write')
  @Describe({
    summary: 'Request accounts of the pool; an operator assigns them',
    body: requestLeasesExample,
    answers: { status: 202, description: 'Stored.', schema: requestedLeasesSchema, example: requestedLeasesExample },
    problems: ['path.malformed', 'project.unknown', 'provider.live_only', ...IDEMPOTENCY_PROBLEMS],
  })
  async request(
    @CurrentCaller() { tenant }: Caller,
    @ProjectId() projectId: string,
    @Body({ schema: requestLeasesBody }) { platform, count, niche, note }: RequestLeasesBody,
    @AnswerKeeper() keepAnswer: KeepAnswer,
  ): Promise<RequestedLeasesView> {
    const id = await this.requests.create({
      ...{ tenant, projectId, provider: platform, count, niche, note },
      alongside: (tx, stored) => keepAnswer(tx, requestedLeasesView(stored)),
    });
    return requestedLeasesView(id);
  }

  @Get('/requests/:requestId')
  @DescribeProjectId()
  @DescribeLeaseRequestId('requestId')
  @Scopes('leases:write', 'accounts:read')
  @Describe({
    summary: 'Read how far a request has come',
    answers: { status: 200, description: 'The request.', schema: leaseRequestSchema, example: leaseRequestExample },
    problems: ['path.malformed', 'lease_request.not_found'],
  })
  async getRequest(
    @CurrentCaller() { tenant }: Caller,
    @ProjectId() projectId: string,
    @LeaseRequestId('requestId') id: string,
  ): Promise<LeaseRequestView> {
    return leaseRequestView(await this.requests.get({ tenant, projectId, id }));
  }

  @Get()
  @DescribeProjectId()
  @Scopes('leases:write', 'accounts:read')
  @Describe({
    summary: 'List the leased accounts of a project, newest first',
    answers: {
      status: 200,
      description: 'A page.',
      schema: leasedAccountPageSchema,
      example: leasedAccountPageExample,
    },
    problems: ['path.malformed', 'project.unknown', 'validation.failed', 'cursor.invalid'],
  })
  async list(
    @CurrentCaller() { tenant }: Caller,
    @ProjectId() projectId: string,
    @Query({ schema: listLeasedAccountsQuery }) { platform, status, limit, cursor }: ListLeasedAccountsQuery,
  ): Promise<LeasedAccountPageView> {
    const page = await this.listAccounts.execute({
      ...{ tenant, projectId, provider: platform, status, isLeased: true, limit, cursor },
    });
    return { items: page.items.map(leasedAccountView), nextCursor: page.nextCursor };
  }
}

@ApiTags('Leased accounts')
@Controller('/v1/leased-accounts')
export class LeasedAccountsController {
  constructor(private readonly releaseLease: ReleaseLease) {}

  @Delete('/:id')
  @DescribeLeasedAccountId()
  @Scopes('leases:write')
  @Describe({
    summary: 'Release a leased account: its queued posts are canceled, and nothing is revoked at the platform',
    answers: {
      status: 200,
      description: 'Released.',
      schema: releasedAccountSchema,
      example: releasedAccountExample,
    },
    problems: ['path.malformed', 'account.not_found'],
  })
  async release(@CurrentCaller() { tenant }: Caller, @LeasedAccountId() id: string): Promise<ReleasedAccountView> {
    return releasedAccountView(id, await this.releaseLease.execute({ tenant, id }));
  }
}
