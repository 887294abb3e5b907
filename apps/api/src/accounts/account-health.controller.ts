import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AccountHealth, ProbeNow } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { RateClass } from '../http/rate-limit.js';
import { Scopes } from '../http/auth/scopes.js';
import { accountHealthExample, accountHealthSchema, type AccountHealthView } from './account-health.schema.js';
import { accountHealthView } from './account-health.view.js';
import { AccountId, DescribeAccountId } from './account-id.js';

@ApiTags('Accounts')
@Controller('/v1/accounts/:id')
export class AccountHealthController {
  constructor(
    private readonly accountHealth: AccountHealth,
    private readonly probeNow: ProbeNow,
  ) {}

  @Get('/health')
  @DescribeAccountId()
  @Scopes('accounts:read')
  @Describe({
    summary: 'Read how an account is, why, and what to do; nobody is asked',
    answers: { status: 200, description: 'What is known.', schema: accountHealthSchema, example: accountHealthExample },
    problems: ['account.not_found'],
  })
  async read(@CurrentCaller() { tenant }: Caller, @AccountId() id: string): Promise<AccountHealthView> {
    return accountHealthView(await this.accountHealth.execute({ tenant, id }));
  }

  @Post('/probe')
  @DescribeAccountId()
  @HttpCode(200)
  @Scopes('accounts:write')
  @RateClass('heavy')
  @Describe({
    summary: 'Ask the platform now how an account is',
    description:
      'Where a platform bills this by the UTC day, and answered it today already, the answer is what is stored.',
    answers: {
      status: 200,
      description: 'What is known now.',
      schema: accountHealthSchema,
      example: accountHealthExample,
    },
    problems: ['account.not_found', 'provider.unavailable', 'oauth_app.paused'],
  })
  async probe(@CurrentCaller() { tenant }: Caller, @AccountId() id: string): Promise<AccountHealthView> {
    return accountHealthView(await this.probeNow.execute({ tenant, id }));
  }
}
