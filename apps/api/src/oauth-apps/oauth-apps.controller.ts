import { Body, Controller, Delete, Get, HttpCode, Patch, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { DeleteOAuthApp, GetOAuthApp, ListOAuthApps, UpdateOAuthApp } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import {
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
    private readonly listApps: ListOAuthApps,
    private readonly getApp: GetOAuthApp,
    private readonly updateApp: UpdateOAuthApp,
    private readonly deleteApp: DeleteOAuthApp,
  ) {}

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
