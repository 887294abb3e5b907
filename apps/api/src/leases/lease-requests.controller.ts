import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AssignLeases, LeaseRequests } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { ForOperators } from '../http/auth/scopes.js';
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
  leaseRequestsQuery,
  type LeaseRequestsQuery,
  operatorRequestPageExample,
  operatorRequestPageSchema,
  type OperatorRequestPageView,
  rejectBody,
  type RejectBody,
  rejectExample,
} from './operator.schema.js';

const REQUEST = {
  status: 200,
  description: 'The request.',
  schema: operatorRequestSchema,
  example: operatorRequestExample,
};

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
  @Idempotent()
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
      ...IDEMPOTENCY_PROBLEMS,
    ],
  })
  async assign(
    @CurrentCaller() { tenant: { environment } }: Caller,
    @LeaseRequestId('id') requestId: string,
    @Body({ schema: assignBody }) { leasedAccountIds }: AssignBody,
    @AnswerKeeper() keepAnswer: KeepAnswer,
  ): Promise<OperatorRequestView> {
    const assigned = await this.assignLeases.execute({
      ...{ environment, requestId, poolAccountIds: leasedAccountIds },
      alongside: (tx, request) => keepAnswer(tx, operatorRequestView(request)),
    });
    return operatorRequestView(assigned);
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
