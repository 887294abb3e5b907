import { Body, Controller, Delete, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { FillPool, PoolAccounts, type PoolStepName, ReleaseLease, RemovePoolAccount } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { ForOperators } from '../http/auth/scopes.js';
import { isoTime } from '../http/fields.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import {
  DescribePoolAccountId,
  DescribePoolStep,
  endedLeaseExample,
  endedLeaseSchema,
  endedLeaseView,
  type EndedLeaseView,
  endLeaseBody,
  type EndLeaseBody,
  endLeaseExample,
  filledPoolSchema,
  type FilledPoolView,
  fillPoolBody,
  type FillPoolBody,
  fillPoolExample,
  mintsState,
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
  stepBody,
  type StepBody,
  stepExample,
} from './operator.schema.js';

@ApiTags('Operator')
@Controller('/v1/operator/pool')
export class PoolController {
  constructor(
    private readonly pool: PoolAccounts,
    private readonly fillPool: FillPool,
    private readonly removePoolAccount: RemovePoolAccount,
    private readonly releaseLease: ReleaseLease,
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

  @Post('/:id/end-lease')
  @DescribePoolAccountId()
  @HttpCode(200)
  @ForOperators()
  @Describe({
    summary: 'End the lease of an account',
    description:
      'The account of the project is disconnected with the reason `ended_by_operator`, and its queued posts are canceled. The account returns to the pool as after a release; nothing is revoked at the platform.',
    body: endLeaseExample,
    answers: {
      status: 200,
      description: 'The account of the pool.',
      schema: endedLeaseSchema,
      example: endedLeaseExample,
    },
    problems: ['path.malformed', 'pool_account.not_found', 'pool_account.not_leased'],
  })
  async endLease(
    @CurrentCaller() { tenant: { environment } }: Caller,
    @PoolAccountId() poolAccountId: string,
    @Body({ schema: endLeaseBody }) { reason: note }: EndLeaseBody,
  ): Promise<EndedLeaseView> {
    return endedLeaseView(await this.releaseLease.executeForOperator({ environment, poolAccountId, note }));
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
