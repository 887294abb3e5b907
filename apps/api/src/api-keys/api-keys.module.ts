import { Module } from '@nestjs/common';
import { API_KEY_PREFIX, CreateApiKey } from '#accounts';
import type { ApiConfig } from '#config';
import { API_CONFIG } from '../api-config.js';
import { ApiKeysController } from './api-keys.controller.js';

@Module({
  controllers: [ApiKeysController],
  providers: [
    { provide: API_KEY_PREFIX, inject: [API_CONFIG], useFactory: ({ callers }: ApiConfig) => callers.apiKeyPrefix },
    CreateApiKey,
  ],
})
export class ApiKeysModule {}
