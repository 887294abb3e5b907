import { Body, Controller, Delete, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AssignLeases, FillPool, LeaseRequests, PoolAccounts, type PoolStepName, RemovePoolAccount } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { ForOperators } from '../http/auth/scopes.js';
import { isoTime } from '../http/fields.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import {
  DescribeLeaseRequestId,
  LeaseRequestId,
  operatorRequestExample,
  operatorRequestSchema,
  operatorRequestView,
  type OperatorRequestView,
} from './lease.schema.js';
import {
  assignBody,
  type AssignBody,
  assignExample,
  DescribePoolAccountId,
  DescribePoolStep,
  filledPoolSchema,
  type FilledPoolView,
  fillPoolBody,
  type FillPoolBody,
  fillPoolExample,
  leaseRequestsQuery,
  type LeaseRequestsQuery,
  mintsState,
  operatorRequestPageExample,
  operatorRequestPageSchema,
  type OperatorRequestPageView,
  poolAccountExample,
  PoolAccountId,
  poolAccountSchema,
  poolAccountView,
  type PoolAccountView,
  poolPageExample,
  poolPageSchema,
  type PoolPageView,
  poolQuery,
  type PoolQuery,
  PoolStep,
  rejectBody,
  type RejectBody,
  rejectExample,
  stepBody,
  type StepBody,
  stepExample,
} from './operator.schema.js';

const REQUEST = {
  status: 200,
  description: 'The request.',
  schema: operatorRequestSchema,
  example: operatorRequestExample,
};

@ApiTags('Operator')
@Controller('/v1/operator/pool')
export class PoolController {
  constructor(
    private readonly pool: PoolAccounts,
    private readonly fillPool: FillPool,
    private readonly removePoolAccount: RemovePoolAccount,
  ) {}

  @Post()
  @ForOperators()
  @Idempotent({ mintsState })
  @Describe({
    summary: 'Add an account to the pool, with its tokens or through a consent',
    description:
      'A profile that is in the pool already keeps its id there, and gets the tokens. A consent to several profiles adds each of them. With `connect` an `Idempotency-Key` is ignored: the answer has a fresh state.',
    body: fillPoolExample,
    answers: [
      { status: 201, description: 'Added.', schema: filledPoolSchema, example: poolAccountExample },
      {
        status: 200,
        description: 'The profile is in the pool already: it has these tokens now.',
        schema: filledPoolSchema,
        example: poolAccountExample,
      },
    ],
    problems: [
      'credentials.rejected',
      'credentials.mismatch',
      'provider.unavailable',
      'provider.live_only',
      'oauth_app.missing',
      'oauth_app.not_found',
      'scopes.invalid',
      ...IDEMPOTENCY_PROBLEMS,
    ],
  })
  async fill(
    @CurrentCaller() { tenant: operator, credential }: Caller,
    @Body({ schema: fillPoolBody }) { platform: provider, credentials, platformAccountId = '', ...body }: FillPoolBody,
    @Res({ passthrough: true }) reply: FastifyReply,
    @AnswerKeeper() keepAnswer: KeepAnswer,
  ): Promise<FilledPoolView> {
    if (!credentials) {
      const { oauthAppId } = body;
      const started = await this.fillPool.connect({ operator, createdBy: credential, provider, oauthAppId });
      const expiresAt = isoTime(started.expiresAt);
      return { ...poolAccountView(started.account), authorizeUrl: started.authorizeUrl, expiresAt };
    }
    const { handle, oauthAppId, verify } = body;
    const added = await this.fillPool.add({
      ...{ operator, provider, platformAccountId, credentials, handle, oauthAppId, verify },
      alongside: (tx, { account, isNew }) => keepAnswer(tx, poolAccountView(account), isNew ? 201 : 200),
    });
    if (!added.isNew) reply.status(200);
    return poolAccountView(added.account);
  }

  @Get()
  @ForOperators()
  @Describe({
    summary: 'List the pool of an environment, newest first',
    description: 'Each account with its health, its steps, and the request that it is leased for.',
    answers: { status: 200, description: 'A page.', schema: poolPageSchema, example: poolPageExample },
    problems: ['validation.failed', 'cursor.invalid'],
  })
  async list(
    @CurrentCaller() { tenant }: Caller,
    @Query({ schema: poolQuery }) { limit, cursor }: PoolQuery,
  ): Promise<PoolPageView> {
    const { items, nextCursor } = await this.pool.list(tenant.environment, limit, cursor);
    return { items: items.map(poolAccountView), nextCursor };
  }

  @Post('/:id/steps/:step')
  @DescribePoolAccountId()
  @DescribePoolStep()
  @HttpCode(200)
  @ForOperators()
  @Describe({
    summary: 'Report a step of the preparation as done or failed',
    description: 'The steps follow each other; a step can be reported again until the next one has begun.',
    body: stepExample,
    answers: { status: 200, description: 'The account.', schema: poolAccountSchema, example: poolAccountExample },
    problems: ['path.malformed', 'pool_account.not_found', 'pool_account.step_refused'],
  })
  async setStep(
    @CurrentCaller() { tenant }: Caller,
    @PoolAccountId() id: string,
    @PoolStep() name: PoolStepName,
    @Body({ schema: stepBody }) { state, note }: StepBody,
  ): Promise<PoolAccountView> {
    return poolAccountView(await this.pool.setStep(tenant.environment, id, { name, state, note: note ?? null }));
  }

  @Delete('/:id')
  @DescribePoolAccountId()
  @HttpCode(204)
  @ForOperators()
  @Describe({
    summary: 'Take an account out of the pool',
    description:
      'Between two leases only. The tokens are destroyed in one transaction, and revoked at the platform; an open consent of an entry that is not connected yet ends.',
    answers: { status: 204, description: 'Removed.' },
    problems: ['path.malformed', 'pool_account.not_found', 'pool_account.leased'],
  })
  async remove(@CurrentCaller() { tenant }: Caller, @PoolAccountId() id: string): Promise<void> {
    await this.removePoolAccount.execute(tenant.environment, id);
  }
}

@ApiTags('Operator')
@Controller('/v1/operator/lease-requests')
export class LeaseRequestsController {
  constructor(
    private readonly requests: LeaseRequests,
    private readonly assignLeases: AssignLeases,
  ) {}

  @Get()
  @ForOperators()
  @Describe({
    summary: 'List the requests of every workspace in an environment, newest first',
    description: 'With `open=true` only those that can get more accounts: `requested`, or `partial` and not closed.',
    answers: {
      status: 200,
      description: 'A page.',
      schema: operatorRequestPageSchema,
      example: operatorRequestPageExample,
    },
    problems: ['validation.failed', 'cursor.invalid'],
  })
  async list(
    @CurrentCaller() { tenant }: Caller,
    @Query({ schema: leaseRequestsQuery }) { status, open, limit, cursor }: LeaseRequestsQuery,
  ): Promise<OperatorRequestPageView> {
    const { environment } = tenant;
    const { items, nextCursor } = await this.requests.list({ environment, status, isOpen: open, limit, cursor });
    return { items: items.map(operatorRequestView), nextCursor };
  }

  @Post('/:id/assign')
  @DescribeLeaseRequestId('id')
  @HttpCode(200)
  @ForOperators()
  @Describe({
    summary: 'Lease accounts of the pool to the project of a request',
    description:
      'All of these or none. Each has to be `ready`, of the platform of the request, `active` and not leased. Until its count is reached the request is `partial`, and gets more by another call.',
    body: assignExample,
    answers: REQUEST,
    problems: [
      'path.malformed',
      'lease_request.not_found',
      'lease_request.closed',
      'pool_account.not_assignable',
      'account.connected_there',
    ],
  })
  async assign(
    @CurrentCaller() { tenant: { environment } }: Caller,
    @LeaseRequestId('id') requestId: string,
    @Body({ schema: assignBody }) { leasedAccountIds }: AssignBody,
  ): Promise<OperatorRequestView> {
    const input = { environment, requestId, poolAccountIds: leasedAccountIds };
    return operatorRequestView(await this.assignLeases.execute(input));
  }

  @Post('/:id/reject')
  @DescribeLeaseRequestId('id')
  @HttpCode(200)
  @ForOperators()
  @Describe({
    summary: 'Reject a request, or close it for the accounts that it still waits for',
    description: 'What was assigned stays with its project: the status remains `partial` then.',
    body: rejectExample,
    answers: REQUEST,
    problems: ['path.malformed', 'lease_request.not_found', 'lease_request.closed'],
  })
  async reject(
    @CurrentCaller() { tenant: { environment } }: Caller,
    @LeaseRequestId('id') id: string,
    @Body({ schema: rejectBody }) { reason }: RejectBody,
  ): Promise<OperatorRequestView> {
    return operatorRequestView(await this.requests.reject(environment, id, reason));
  }
}
