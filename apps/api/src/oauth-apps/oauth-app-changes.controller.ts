import { Body, Controller, Delete, HttpCode, Patch, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { DeleteOAuthApp, UpdateOAuthApp } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { DescribeOAuthAppId, OAuthAppId } from './oauth-app-id.js';
import { oauthAppExample, oauthAppSchema, type OAuthAppView } from './oauth-app.schema.js';
import { oauthAppView } from './oauth-app.view.js';
import {
  deleteOAuthAppQuery,
  type DeleteOAuthAppQuery,
  updateOAuthAppBody,
  type UpdateOAuthAppBody,
  updateOAuthAppExample,
} from './update-oauth-app.schema.js';

@ApiTags('OAuth apps')
@Controller('/v1/oauth-apps/:id')
export class OAuthAppChangesController {
  constructor(
    private readonly updateApp: UpdateOAuthApp,
    private readonly deleteApp: DeleteOAuthApp,
  ) {}

  @Patch()
  @DescribeOAuthAppId()
  @Scopes('apps:write')
  @Describe({
    summary: 'Change an app, or rotate its secret',
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

  @Delete()
  @DescribeOAuthAppId()
  @HttpCode(204)
  @Scopes('apps:write')
  @Describe({
    summary: 'Delete an app; with force=true also one through which accounts are connected',
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
