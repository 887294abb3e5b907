import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CreateOAuthApp, GetOAuthApp, ListOAuthApps } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { hasOneProvider, TWO_PROVIDERS, providerFilter } from '../http/fields.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import { Scopes } from '../http/auth/scopes.js';
import { createOAuthAppBody, type CreateOAuthAppBody, createOAuthAppExample } from './create-oauth-app.schema.js';
import { DescribeOAuthAppId, OAuthAppId } from './oauth-app-id.js';
import { oauthAppExample, oauthAppSchema, type OAuthAppView } from './oauth-app.schema.js';
import { oauthAppView } from './oauth-app.view.js';

const listQuery = z.strictObject(providerFilter).refine(hasOneProvider, TWO_PROVIDERS);

@ApiTags('OAuth apps')
@Controller('/v1/oauth-apps')
export class OAuthAppsController {
  constructor(
    private readonly createApp: CreateOAuthApp,
    private readonly listApps: ListOAuthApps,
    private readonly getApp: GetOAuthApp,
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
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
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
}
