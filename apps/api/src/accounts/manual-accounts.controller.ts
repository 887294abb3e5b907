import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CreateAccount, type CreatedAccount } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { nameAccount } from '../http/hooks.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import { accountExample, accountSchema, accountView, type AccountView } from './account.schema.js';
import { createAccountBody, type CreateAccountBody, createAccountExample } from './manual-account.schema.js';

const manualExample: AccountView = { ...accountExample, connection_type: 'manual', oauth_app_id: null };

@ApiTags('Accounts')
@Controller('/v1/accounts')
export class ManualAccountsController {
  constructor(private readonly createAccount: CreateAccount) {}

  @Post()
  @Idempotent()
  @Scopes('accounts:write')
  @Describe({
    summary: 'Connect a profile with tokens that you have',
    operationId: 'accountsCreate',
    description:
      'The owner of the access token is checked at the platform. Where it does not answer, the account is stored as `degraded` and checked again.',
    body: createAccountExample,
    answers: [
      { status: 201, description: 'The account.', schema: accountSchema, example: manualExample },
      {
        status: 200,
        description: 'The profile is connected already: its account has these tokens now.',
        schema: accountSchema,
        example: manualExample,
      },
    ],
    problems: [
      'credentials.rejected',
      'provider.unavailable',
      'credentials.mismatch',
      'oauth_app.not_found',
      'project.not_found',
      'provider.live_only',
      'scopes.invalid',
      'account.leased',
      ...IDEMPOTENCY_PROBLEMS,
    ],
  })
  async create(
    @CurrentCaller() { tenant }: Caller,
    @Body({ schema: createAccountBody }) body: CreateAccountBody,
    @AnswerKeeper() keepAnswer: KeepAnswer,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AccountView> {
    const created = await this.createAccount.execute({
      tenant,
      provider: body.provider,
      platformAccountId: body.platform_account_id,
      handle: body.handle,
      credentials: body.credentials,
      projectId: body.project_id,
      oauthAppId: body.oauth_app_id,
      metadata: body.metadata,
      verify: body.verify,
      alongside: (tx, stored) => keepAnswer(tx, accountView(stored.account), statusOf(stored)),
    });
    nameAccount(reply.request, created.account.id);
    reply.status(statusOf(created));
    return accountView(created.account);
  }
}

const statusOf = ({ isNew }: CreatedAccount): number => (isNew ? 201 : 200);
