import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CreateOAuthApp, DeleteOAuthApp, GetOAuthApp, ListOAuthApps, UpdateOAuthApp } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import { Scopes } from '../http/auth/scopes.js';
import {
  createOAuthAppBody,
  type CreateOAuthAppBody,
  createOAuthAppExample,
  deleteOAuthAppQuery,
  type DeleteOAuthAppQuery,
  DescribeOAuthAppId,
  listOAuthAppsQuery,
  type ListOAuthAppsQuery,
  oauthAppExample,
  OAuthAppId,
  oauthAppSchema,
  oauthAppView,
  type OAuthAppView,
  updateOAuthAppBody,
  type UpdateOAuthAppBody,
  updateOAuthAppExample,
} from './oauth-app.schema.js';

@ApiTags('OAuth apps')
@Controller('/v1/oauth-apps')
export class OAuthAppsController {
  constructor(
    private readonly createApp: CreateOAuthApp,
    private readonly listApps: ListOAuthApps,
    private readonly getApp: GetOAuthApp,
    private readonly updateApp: UpdateOAuthApp,
    private readonly deleteApp: DeleteOAuthApp,
  ) {}

  @Post()
  @Idempotent()
  @Scopes('apps:write')
  @Describe({
    summary: 'Bring your own app at a platform',
    body: createOAuthAppExample,
    answers: { status: 201, description: 'The app.', schema: oauthAppSchema, example: oauthAppExample },
    problems: [
      'scopes.invalid',
      'provider.live_only',
      'oauth_app.exists',
      'oauth_app.limit_reached',
      ...IDEMPOTENCY_PROBLEMS,
    ],
  })
  async create(
    @CurrentCaller() { tenant }: Caller,
    @Body({ schema: createOAuthAppBody }) body: CreateOAuthAppBody,
    @AnswerKeeper() keepAnswer: KeepAnswer,
  ): Promise<OAuthAppView> {
    const app = await this.createApp.execute({
      tenant,
      provider: body.provider,
      name: body.name,
      clientId: body.client_id,
      clientSecret: body.client_secret,
      allowedReturnUrls: body.allowed_return_urls,
      scopes: body.scopes,
      isDefault: body.is_default,
      completion: body.completion,
      redirectUriStyle: body.redirect_uri_style,
      alongside: (tx, created) => keepAnswer(tx, oauthAppView(created)),
    });
    return oauthAppView(app);
  }

  @Get()
  @Scopes('apps:read')
  @Describe({
    summary: 'List your apps',
    answers: { status: 200, description: 'All of them.', schema: z.array(oauthAppSchema), example: [oauthAppExample] },
    problems: ['validation.failed'],
  })
  async list(
    @CurrentCaller() { tenant }: Caller,
    @Query({ schema: listOAuthAppsQuery }) query: ListOAuthAppsQuery,
  ): Promise<OAuthAppView[]> {
    const apps = await this.listApps.execute({ tenant, provider: query.provider ?? query.platform });
    return apps.map(oauthAppView);
  }

  @Get('/:id')
  @DescribeOAuthAppId()
  @Scopes('apps:read')
  @Describe({
    summary: 'Read an app',
    answers: { status: 200, description: 'The app.', schema: oauthAppSchema, example: oauthAppExample },
    problems: ['oauth_app.not_found'],
  })
  async get(@CurrentCaller() { tenant }: Caller, @OAuthAppId() id: string): Promise<OAuthAppView> {
    return oauthAppView(await this.getApp.execute({ tenant, id }));
  }

  @Patch('/:id')
  @DescribeOAuthAppId()
  @Scopes('apps:write')
  @Describe({
    summary: 'Change an app, or rotate its secret',
    operationId: 'oauthAppChangesUpdate',
    body: updateOAuthAppExample,
    answers: { status: 200, description: 'The app.', schema: oauthAppSchema, example: oauthAppExample },
    problems: ['oauth_app.not_found', 'scopes.invalid'],
  })
  async update(
    @CurrentCaller() { tenant }: Caller,
    @OAuthAppId() id: string,
    @Body({ schema: updateOAuthAppBody }) body: UpdateOAuthAppBody,
  ): Promise<OAuthAppView> {
    const app = await this.updateApp.execute({
      tenant,
      id,
      name: body.name,
      clientSecret: body.client_secret,
      allowedReturnUrls: body.allowed_return_urls,
      scopes: body.scopes,
      isDefault: body.is_default,
      completion: body.completion,
    });
    return oauthAppView(app);
  }

  @Delete('/:id')
  @DescribeOAuthAppId()
  @HttpCode(204)
  @Scopes('apps:write')
  @Describe({
    summary: 'Delete an app; with force=true also one through which accounts are connected',
    operationId: 'oauthAppChangesDelete',
    description: 'Those accounts stay, and their tokens until they end; nothing can refresh them any more.',
    answers: { status: 204, description: 'Deleted.' },
    problems: ['oauth_app.not_found', 'oauth_app.in_use', 'validation.failed'],
  })
  async delete(
    @CurrentCaller() { tenant }: Caller,
    @OAuthAppId() id: string,
    @Query({ schema: deleteOAuthAppQuery }) { force }: DeleteOAuthAppQuery,
  ): Promise<void> {
    await this.deleteApp.execute({ tenant, id, force });
  }
}
