import { Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { DisconnectAccount, GetAccount, ListAccountEvents, ListAccounts, RefreshAccount } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { isoTime, publicId } from '../http/fields.js';
import { RateClass } from '../http/rate-limit.js';
import { Scopes } from '../http/auth/scopes.js';
import {
  accountEventPageExample,
  accountEventPageSchema,
  type AccountEventPageView,
  listEventsQuery,
  type ListEventsQuery,
} from './account-event.schema.js';
import { accountEventView } from './account-event.view.js';
import { AccountId, DescribeAccountId } from './account-id.js';
import { accountExample, accountSchema, type AccountView } from './account.schema.js';
import { accountView } from './account.view.js';
import {
  accountPageExample,
  accountPageSchema,
  type AccountPageView,
  listAccountsQuery,
  type ListAccountsQuery,
} from './list-accounts.schema.js';
import {
  refreshedAccountExample,
  refreshedAccountSchema,
  type RefreshedAccountView,
} from './refreshed-account.schema.js';

@ApiTags('Accounts')
@Controller('/v1/accounts')
export class AccountsController {
  constructor(
    private readonly listAccounts: ListAccounts,
    private readonly getAccount: GetAccount,
    private readonly listEvents: ListAccountEvents,
    private readonly disconnectAccount: DisconnectAccount,
    private readonly refreshAccount: RefreshAccount,
  ) {}

  @Get()
  @Scopes('accounts:read')
  @Describe({
    summary: 'List accounts, newest first',
    answers: { status: 200, description: 'A page.', schema: accountPageSchema, example: accountPageExample },
    problems: ['validation.failed', 'cursor.invalid'],
  })
  async list(
    @CurrentCaller() { tenant }: Caller,
    @Query({ schema: listAccountsQuery }) query: ListAccountsQuery,
  ): Promise<AccountPageView> {
    const { health, q, limit, cursor } = query;
    const filters = {
      provider: query.provider ?? query.platform,
      health,
      connectionType: query.connection_type,
      projectId: query.project_id,
      q,
    };
    const page = await this.listAccounts.execute({ tenant, filters, limit, cursor });
    const capped = page.totalCapped ? { total_capped: true as const } : {};
    return { items: page.items.map(accountView), next_cursor: page.nextCursor, total: page.total, ...capped };
  }

  @Get('/:id')
  @DescribeAccountId()
  @Scopes('accounts:read')
  @Describe({
    summary: 'Read an account, a disconnected one too',
    answers: { status: 200, description: 'The account.', schema: accountSchema, example: accountExample },
    problems: ['account.not_found'],
  })
  async get(@CurrentCaller() { tenant }: Caller, @AccountId() id: string): Promise<AccountView> {
    return accountView(await this.getAccount.execute({ tenant, id }));
  }

  @Delete('/:id')
  @DescribeAccountId()
  @HttpCode(204)
  @Scopes('accounts:write')
  @Describe({
    summary: 'Disconnect an account: its tokens are destroyed, then revoked at the platform',
    answers: { status: 204, description: 'Disconnected.' },
    problems: ['account.not_found', 'account.leased'],
  })
  async disconnect(@CurrentCaller() { tenant }: Caller, @AccountId() id: string): Promise<void> {
    await this.disconnectAccount.execute({ tenant, id });
  }

  @Post('/:id/refresh')
  @DescribeAccountId()
  @HttpCode(200)
  @Scopes('accounts:write')
  @RateClass('heavy')
  @Describe({
    summary: 'Refresh the tokens of an account now',
    answers: {
      status: 200,
      description: 'What is stored now.',
      schema: refreshedAccountSchema,
      example: refreshedAccountExample,
    },
    problems: [
      'account.not_found',
      'account.refresh_failed',
      'account.not_refreshable',
      'account.leased',
      'provider.unavailable',
      'oauth_app.paused',
    ],
  })
  async refresh(@CurrentCaller() { tenant }: Caller, @AccountId() id: string): Promise<RefreshedAccountView> {
    const refreshed = await this.refreshAccount.execute({ tenant, id });
    return {
      id: publicId('acc', refreshed.id),
      health: refreshed.health,
      token_expires_at: isoTime(refreshed.tokenExpiresAt),
    };
  }

  @Get('/:id/events')
  @DescribeAccountId()
  @Scopes('accounts:read')
  @Describe({
    summary: 'List what happened to an account, newest first',
    answers: { status: 200, description: 'A page.', schema: accountEventPageSchema, example: accountEventPageExample },
    problems: ['account.not_found', 'validation.failed', 'cursor.invalid'],
  })
  async events(
    @CurrentCaller() { tenant }: Caller,
    @AccountId() id: string,
    @Query({ schema: listEventsQuery }) { limit, cursor }: ListEventsQuery,
  ): Promise<AccountEventPageView> {
    const page = await this.listEvents.execute({ tenant, id, limit, cursor });
    return { items: page.items.map(accountEventView), next_cursor: page.nextCursor };
  }
}
