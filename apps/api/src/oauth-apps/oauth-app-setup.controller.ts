import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CheckOAuthApp, CreateOAuthApp, type OAuthAppReport } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import { RateClass } from '../http/rate-limit.js';
import {
  createdOAuthAppExample,
  createdOAuthAppSchema,
  createdOAuthAppView,
  type CreatedOAuthAppView,
  createOAuthAppBody,
  type CreateOAuthAppBody,
  createOAuthAppExample,
  DescribeOAuthAppId,
  oauthAppCheckExample,
  oauthAppCheckSchema,
  OAuthAppId,
} from './oauth-app.schema.js';

/** Routes that check an app at the platform. */
@ApiTags('OAuth apps')
@Controller('/v1/oauth-apps')
export class OAuthAppSetupController {
  constructor(
    private readonly createApp: CreateOAuthApp,
    private readonly checkApp: CheckOAuthApp,
  ) {}

  @Post()
  @Idempotent()
  @Scopes('apps:write')
  @Describe({
    summary: 'Bring your own app at a platform',
    operationId: 'oauthAppsCreate',
    body: createOAuthAppExample,
    description:
      'The client id and the secret are checked at the platform once, for at most five seconds. The app is created in any case; one that the platform refuses is misconfigured.',
    answers: {
      status: 201,
      description: 'The app, and what the check of it found.',
      schema: createdOAuthAppSchema,
      example: createdOAuthAppExample,
    },
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
  ): Promise<CreatedOAuthAppView> {
    const { id } = await this.createApp.execute({
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
      alongside: (tx, created) => keepAnswer(tx, createdOAuthAppView(created, this.checkApp.reportUnchecked(created))),
    });
    const { app, report } = await this.checkApp.execute({ tenant, id });
    return createdOAuthAppView(app, report);
  }

  @Post('/:id/check')
  @DescribeOAuthAppId()
  @HttpCode(200)
  @Scopes('apps:write')
  @RateClass('heavy')
  @Describe({
    summary: 'Check an app at its platform',
    operationId: 'oauthAppsCheck',
    description:
      'Checks the client id and the secret at the platform, where that has no side effects, and lists what you register there. A refusal marks the app misconfigured, an acceptance ends that.',
    answers: {
      status: 200,
      description: 'What was found.',
      schema: oauthAppCheckSchema,
      example: oauthAppCheckExample,
    },
    problems: ['oauth_app.not_found'],
  })
  async check(@CurrentCaller() { tenant }: Caller, @OAuthAppId() id: string): Promise<OAuthAppReport> {
    return (await this.checkApp.execute({ tenant, id })).report;
  }
}
