import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import {
  AccountHealth,
  DisconnectAccount,
  ListProjectAccounts,
  ProjectHealth,
  ReadAttempt,
  StartConnect,
  StartReauth,
} from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { stateInPath } from '../http/fields.js';
import { DescribeProjectId, ProjectId } from './project.schema.js';
import {
  DescribeSocialAccountId,
  listSocialAccountsQuery,
  type ListSocialAccountsQuery,
  projectHealthExample,
  projectHealthQuery,
  type ProjectHealthQuery,
  projectHealthSchema,
  projectHealthView,
  type ProjectHealthView,
  revokedAccountExample,
  revokedAccountSchema,
  revokedAccountView,
  type RevokedAccountView,
  socialAccountHealthExample,
  socialAccountHealthSchema,
  socialAccountHealthView,
  type SocialAccountHealthView,
  SocialAccountId,
  socialAccountPageExample,
  socialAccountPageSchema,
  type SocialAccountPageView,
  socialAccountView,
} from './social-account.schema.js';
import {
  oauthStatusExample,
  oauthStatusSchema,
  oauthStatusView,
  type OAuthStatusView,
  oauthUrlBody,
  type OAuthUrlBody,
  oauthUrlExample,
  oauthUrlSchema,
  oauthUrlView,
  type OAuthUrlView,
  reauthUrlBody,
  type ReauthUrlBody,
  reauthUrlExample,
  startedOAuthExample,
} from './social-connect.schema.js';

const STARTED = { status: 200, description: 'An attempt.', schema: oauthUrlSchema, example: startedOAuthExample };

/** The accounts of a project. */
@ApiTags('Social accounts')
@Controller('/v1/projects/:projectId')
export class ProjectAccountsController {
  constructor(
    private readonly startConnect: StartConnect,
    private readonly startReauth: StartReauth,
    private readonly listAccounts: ListProjectAccounts,
    private readonly projectHealth: ProjectHealth,
  ) {}

  @Post('/social/oauth-url')
  @DescribeProjectId()
  @HttpCode(200)
  @Scopes('oauth:write')
  @Describe({
    summary: 'Start to connect an account: send the browser to authorizeUrl, then poll the state',
    description: 'Every call mints a new state; an Idempotency-Key is ignored.',
    body: oauthUrlExample,
    answers: STARTED,
    problems: [
      'path.malformed',
      'project.unknown',
      'provider.live_only',
      'scopes.invalid',
      'oauth_app.missing',
      'return_url.not_allowed',
    ],
  })
  async oauthUrl(
    @CurrentCaller() { tenant, credential, returnHosts }: Caller,
    @ProjectId() projectId: string,
    @Body({ schema: oauthUrlBody }) { platform, returnUrl, scopes, usageNote }: OAuthUrlBody,
  ): Promise<OAuthUrlView> {
    const started = await this.startConnect.execute({
      ...{ tenant, createdBy: credential, provider: platform, projectId, returnUrl, returnHosts, scopes, usageNote },
    });
    return oauthUrlView(started);
  }

  @Post('/social/reauth-url')
  @DescribeProjectId()
  @HttpCode(200)
  @Scopes('oauth:write')
  @Describe({
    summary: 'Start to connect an account again: the same person, the same id',
    body: reauthUrlExample,
    answers: STARTED,
    problems: [
      'path.malformed',
      'account.not_found',
      'account.leased',
      'scopes.invalid',
      'oauth_app.missing',
      'return_url.not_allowed',
    ],
  })
  async reauthUrl(
    @CurrentCaller() { tenant, credential, returnHosts }: Caller,
    @ProjectId() projectId: string,
    @Body({ schema: reauthUrlBody }) { socialAccountId, returnUrl, scopes }: ReauthUrlBody,
  ): Promise<OAuthUrlView> {
    const started = await this.startReauth.execute({
      ...{ tenant, createdBy: credential, id: socialAccountId, projectId, returnUrl, returnHosts, scopes },
    });
    return oauthUrlView(started);
  }

  @Get('/social-accounts')
  @DescribeProjectId()
  @Scopes('accounts:read')
  @Describe({
    summary: 'List the accounts of a project, newest first',
    answers: {
      status: 200,
      description: 'A page.',
      schema: socialAccountPageSchema,
      example: socialAccountPageExample,
    },
    problems: ['path.malformed', 'project.unknown', 'validation.failed', 'cursor.invalid'],
  })
  async list(
    @CurrentCaller() { tenant }: Caller,
    @ProjectId() projectId: string,
    @Query({ schema: listSocialAccountsQuery }) query: ListSocialAccountsQuery,
  ): Promise<SocialAccountPageView> {
    const { platform, status, leased, limit, cursor } = query;
    const page = await this.listAccounts.execute({
      ...{ tenant, projectId, provider: platform, status, isLeased: leased, limit, cursor },
    });
    return { items: page.items.map(socialAccountView), nextCursor: page.nextCursor };
  }

  @Get('/social-accounts/health')
  @DescribeProjectId()
  @Scopes('accounts:read')
  @Describe({
    summary: 'Read the health of a whole project: counts, and the accounts on which a person has to act',
    answers: { status: 200, description: 'What is known.', schema: projectHealthSchema, example: projectHealthExample },
    problems: ['path.malformed', 'project.unknown', 'validation.failed', 'cursor.invalid'],
  })
  async health(
    @CurrentCaller() { tenant }: Caller,
    @ProjectId() projectId: string,
    @Query({ schema: projectHealthQuery }) { limit, cursor }: ProjectHealthQuery,
  ): Promise<ProjectHealthView> {
    return projectHealthView(await this.projectHealth.execute({ tenant, projectId, limit, cursor }));
  }
}

/** Attempts and accounts by their own ids. */
@ApiTags('Social accounts')
@Controller('/v1')
export class SocialAccountsController {
  constructor(
    private readonly readAttempt: ReadAttempt,
    private readonly accountHealth: AccountHealth,
    private readonly disconnectAccount: DisconnectAccount,
  ) {}

  @Get('/social/oauth-status/:state')
  @Scopes('oauth:write', 'accounts:read')
  @ApiParam({ name: 'state', schema: stateInPath(startedOAuthExample.state) })
  @Describe({
    summary: 'Poll how far an attempt has come; only the key that started it may',
    answers: { status: 200, description: 'The attempt.', schema: oauthStatusSchema, example: oauthStatusExample },
    problems: ['attempt.not_found'],
  })
  async oauthStatus(
    @CurrentCaller() { tenant, credential }: Caller,
    @Param('state') state: string,
  ): Promise<OAuthStatusView> {
    return oauthStatusView(await this.readAttempt.execute({ tenant, createdBy: credential, state }));
  }

  @Get('/social-accounts/:id/health')
  @DescribeSocialAccountId()
  @Scopes('accounts:read')
  @Describe({
    summary: 'Read the health of an account; no platform is called',
    answers: {
      status: 200,
      description: 'What is known.',
      schema: socialAccountHealthSchema,
      example: socialAccountHealthExample,
    },
    problems: ['path.malformed', 'account.not_found'],
  })
  async health(@CurrentCaller() { tenant }: Caller, @SocialAccountId() id: string): Promise<SocialAccountHealthView> {
    return socialAccountHealthView(await this.accountHealth.execute({ tenant, id }));
  }

  @Delete('/social-accounts/:id')
  @DescribeSocialAccountId()
  @Scopes('accounts:write')
  @Describe({
    summary:
      'Disconnect an account: its tokens are destroyed and its queued posts canceled, then it is revoked at the platform',
    answers: {
      status: 200,
      description: 'Disconnected.',
      schema: revokedAccountSchema,
      example: revokedAccountExample,
    },
    problems: ['path.malformed', 'account.not_found', 'account.leased'],
  })
  async disconnect(@CurrentCaller() { tenant }: Caller, @SocialAccountId() id: string): Promise<RevokedAccountView> {
    return revokedAccountView(id, await this.disconnectAccount.execute({ tenant, id }));
  }
}
