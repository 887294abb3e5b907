import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CreateApiKey, ListApiKeys, RevokeApiKey } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import { PublicIdPipe, idInPath } from '../http/fields.js';
import { Scopes } from '../http/auth/scopes.js';
import {
  apiKeyExample,
  apiKeySchema,
  apiKeyView,
  type ApiKeyView,
  createApiKeyBody,
  type CreateApiKeyBody,
  createApiKeyExample,
  newApiKeyExample,
  newApiKeySchema,
  newApiKeyView,
  type NewApiKeyView,
} from './api-key.schema.js';

@ApiTags('API keys')
@Controller('/v1/api-keys')
export class ApiKeysController {
  constructor(
    private readonly createKey: CreateApiKey,
    private readonly listKeys: ListApiKeys,
    private readonly revokeKey: RevokeApiKey,
  ) {}

  @Post()
  @Idempotent({ holdsSecret: true })
  @Scopes('keys:write')
  @Describe({
    summary: 'Make an API key; it is shown this once',
    body: createApiKeyExample,
    answers: { status: 201, description: 'The key.', schema: newApiKeySchema, example: newApiKeyExample },
    problems: ['credential.not_allowed', ...IDEMPOTENCY_PROBLEMS, 'idempotency.secret_shown_once'],
  })
  async create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: createApiKeyBody }) body: CreateApiKeyBody,
    @AnswerKeeper() keepAnswer: KeepAnswer,
  ): Promise<NewApiKeyView> {
    const { record, key } = await this.createKey.execute({
      caller,
      name: body.name,
      environment: body.environment,
      scopes: body.scopes,
      returnHosts: body.return_hosts,
      rateLimits: body.rate_limits,
      expiresAt: body.expires_at,
      alongside: (tx) => keepAnswer(tx, null),
    });
    return newApiKeyView(record, key);
  }

  @Get()
  @Scopes('keys:write')
  @Describe({
    summary: 'List the API keys of this environment',
    answers: {
      status: 200,
      description: 'All that are not revoked.',
      schema: z.array(apiKeySchema),
      example: [apiKeyExample],
    },
    problems: [],
  })
  async list(@CurrentCaller() { tenant }: Caller): Promise<ApiKeyView[]> {
    return (await this.listKeys.execute(tenant)).map(apiKeyView);
  }

  @Delete('/:id')
  @ApiParam({ name: 'id', schema: idInPath('key', apiKeyExample.id) })
  @HttpCode(204)
  @Scopes('keys:write')
  @Describe({
    summary: 'Revoke an API key; it ends with the next request',
    answers: { status: 204, description: 'Revoked.' },
    problems: ['api_key.not_found'],
  })
  async revoke(
    @CurrentCaller() { tenant }: Caller,
    @Param('id', new PublicIdPipe('key', 'api_key.not_found', 'API key')) id: string,
  ): Promise<void> {
    await this.revokeKey.execute(tenant, id);
  }
}
