import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  AccountHealth,
  DisconnectAccount,
  GetAccount,
  ListAccountEvents,
  ListAccounts,
  ProbeNow,
  RefreshAccount,
  UpdateAccount,
} from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { RateClass } from '../http/rate-limit.js';
import { Scopes } from '../http/auth/scopes.js';
import {
  accountEventPageExample,
  accountEventPageSchema,
  type AccountEventPageView,
  accountEventView,
  listEventsQuery,
  type ListEventsQuery,
} from './account-event.schema.js';
import {
  accountHealthExample,
  accountHealthSchema,
  accountHealthView,
  type AccountHealthView,
} from './account-health.schema.js';
import {
  accountExample,
  AccountId,
  accountPageExample,
  accountPageSchema,
  type AccountPageView,
  accountSchema,
  accountView,
  type AccountView,
  DescribeAccountId,
  listAccountsQuery,
  type ListAccountsQuery,
  refreshedAccountExample,
  refreshedAccountSchema,
  refreshedAccountView,
  type RefreshedAccountView,
  updateAccountBody,
  type UpdateAccountBody,
  updateAccountExample,
} from './account.schema.js';

@ApiTags('Accounts')
@Controller('/v1/accounts')
export class AccountsController {
  constructor(
    private readonly listAccounts: ListAccounts,
    private readonly getAccount: GetAccount,
    private readonly updateAccount: UpdateAccount,
    private readonly disconnectAccount: DisconnectAccount,
    private readonly refreshAccount: RefreshAccount,
    private readonly listEvents: ListAccountEvents,
    private readonly accountHealth: AccountHealth,
    private readonly probeNow: ProbeNow,
  ) {}

  @Get()
  @Scopes('accounts:read')
  @Describe({
    summary: 'List accounts, newest first or by the next reauthorization',
    answers: { status: 200, description: 'A page.', schema: accountPageSchema, example: accountPageExample },
    problems: ['validation.failed', 'cursor.invalid'],
  })
  async list(
    @CurrentCaller() { tenant }: Caller,
    @Query({ schema: listAccountsQuery }) query: ListAccountsQuery,
  ): Promise<AccountPageView> {
    const { health, q, sort, limit, cursor } = query;
    const filters = {
      provider: query.provider ?? query.platform,
      health,
      connectionType: query.connection_type,
      projectId: query.project_id,
      q,
      reauthDueBefore: query.reauth_due_before,
    };
    const page = await this.listAccounts.execute({ tenant, filters, sort, limit, cursor });
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

  @Patch('/:id')
  @DescribeAccountId()
  @Scopes('accounts:write')
  @Describe({
    summary: 'Change the handle, the metadata or the project of an account',
    operationId: 'accountSettingsUpdate',
    body: updateAccountExample,
    answers: { status: 200, description: 'The account.', schema: accountSchema, example: accountExample },
    problems: ['account.not_found', 'account.connected_there', 'account.leased', 'project.not_found'],
  })
  async update(
    @CurrentCaller() { tenant }: Caller,
    @AccountId() id: string,
    @Body({ schema: updateAccountBody }) { handle, metadata, project_id }: UpdateAccountBody,
  ): Promise<AccountView> {
    return accountView(await this.updateAccount.execute({ tenant, id, handle, metadata, projectId: project_id }));
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
      'account.seal_broken',
    ],
  })
  async refresh(@CurrentCaller() { tenant }: Caller, @AccountId() id: string): Promise<RefreshedAccountView> {
    return refreshedAccountView(await this.refreshAccount.execute({ tenant, id }));
  }

  @Get('/:id/events')
  @DescribeAccountId()
  @Scopes('accounts:read')
  @Describe({
    summary: 'List the events of an account, newest first',
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

  @Get('/:id/health')
  @DescribeAccountId()
  @Scopes('accounts:read')
  @Describe({
    summary: 'Read the health of an account, its reason and a recommendation; no platform is called',
    operationId: 'accountHealthRead',
    answers: { status: 200, description: 'What is known.', schema: accountHealthSchema, example: accountHealthExample },
    problems: ['account.not_found'],
  })
  async health(@CurrentCaller() { tenant }: Caller, @AccountId() id: string): Promise<AccountHealthView> {
    return accountHealthView(await this.accountHealth.execute({ tenant, id }));
  }

  @Post('/:id/probe')
  @DescribeAccountId()
  @HttpCode(200)
  @Scopes('accounts:write')
  @RateClass('heavy')
  @Describe({
    summary: 'Check the account at the platform now',
    operationId: 'accountHealthProbe',
    description:
      'Where a platform bills this by the UTC day, and answered it today already, the answer is what is stored.',
    answers: {
      status: 200,
      description: 'What is known now.',
      schema: accountHealthSchema,
      example: accountHealthExample,
    },
    problems: ['account.not_found', 'provider.unavailable', 'oauth_app.paused', 'account.seal_broken'],
  })
  async probe(@CurrentCaller() { tenant }: Caller, @AccountId() id: string): Promise<AccountHealthView> {
    return accountHealthView(await this.probeNow.execute({ tenant, id }));
  }
}
