import { Module } from '@nestjs/common';
import { ApiKeyLookup } from './api-key-lookup.js';
import { ApiKeysController } from './api-keys.controller.js';
import { CreateApiKey } from './create-api-key.js';
import { ListApiKeys } from './list-api-keys.js';
import { RevokeApiKey } from './revoke-api-key.js';

/** API keys: made, listed, revoked, and looked up at every request. */
@Module({
  controllers: [ApiKeysController],
  providers: [ApiKeyLookup, CreateApiKey, ListApiKeys, RevokeApiKey],
  exports: [ApiKeyLookup, CreateApiKey],
})
export class ApiKeysModule {}
